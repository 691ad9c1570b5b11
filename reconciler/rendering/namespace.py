"""The names that a Jinja template sees: the reference's table 7.1, made from the document of a resource."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.documents import Json
from reconciler.model.keys import Kind

_ENVIRONMENT = ("account_id", "name", "outputs")
_SERVICE = ("name", "repository_connection_arn", "repository_id", "branch_name")
_NAMES: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.ENVIRONMENT: {"environment": ("name", "inputs")},
    Kind.INSTANCE: {
        "environment": _ENVIRONMENT,
        "service": _SERVICE,
        "service_instance": ("name", "inputs", "components"),
    },
    Kind.PIPELINE: {
        "pipeline": ("inputs",),
        "service": _SERVICE,
        "service_instances": ("name", "inputs", "outputs", "environment"),
    },
    Kind.COMPONENT: {
        "component": ("name",),
        "environment": _ENVIRONMENT,
        "service": ("name",),
        "service_instance": ("name", "inputs"),
    },
}


class Hollow(dict[str, Json]):
    """An empty mapping (falsy, of length 0, printed as `{}`) that can still be read further: what
    `service_instance.components` is while nothing is attached (reference, NS-6)."""

    def __init__(self, hidden: Mapping[str, Json]) -> None:
        super().__init__()
        self.hidden = hidden

    def __missing__(self, key: str) -> Json:
        return self.hidden[key]


def namespace_of(kind: Kind, document: Mapping[str, Json]) -> dict[str, Json]:
    """The names for the template of a resource of this kind; `document` as in `rendering.document`."""
    names = {name: _only(fields, document[name]) for name, fields in _NAMES[kind].items() if name in document}
    if kind is Kind.INSTANCE:
        # An alias that the guide's own samples use (reference 7.1).
        names["service_instance"]["environment"] = names["environment"]
    return with_hollow(names)


def with_hollow(names: Mapping[str, Json]) -> dict[str, Json]:
    """The names with a `Hollow` for empty `components`, which JSON can only carry as an empty mapping."""
    instance = names.get("service_instance")
    if not isinstance(instance, Mapping) or instance.get("components") != {}:
        return dict(names)
    nothing = Hollow({"default": Hollow({"outputs": {}})})
    return {**names, "service_instance": {**instance, "components": nothing}}


def _only(fields: tuple[str, ...], value: Json) -> Json:
    if isinstance(value, list):
        return [_only(fields, item) for item in value]
    return {field: value[field] for field in fields if field in value}
