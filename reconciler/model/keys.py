"""Keys: what every resource is called, everywhere (design, section 2).

A key is the resource part of the ARN that the resource had in Proton: `environment/dev`,
`service/shop/service-instance/shop-dev`, `service/shop/pipeline`, `environment-template/vpc-env`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import InputError

# ResourceName of Proton's API model (reference 1.1), 1 to 100 characters. `\Z`, since `$` lets a newline through.
NAME_PATTERN = r"^[0-9A-Za-z]+[0-9A-Za-z_\-]*$"
MAX_NAME = 100
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_\-]*\Z")


class Kind(StrEnum):
    """What a key names."""

    ENVIRONMENT_TEMPLATE = "environment-template"
    SERVICE_TEMPLATE = "service-template"
    ENVIRONMENT = "environment"
    COMPONENT = "component"
    SERVICE = "service"
    INSTANCE = "service-instance"
    PIPELINE = "pipeline"

    @property
    def is_template(self) -> bool:
        """True for the two kinds that have versions instead of deployments."""
        return self in (Kind.ENVIRONMENT_TEMPLATE, Kind.SERVICE_TEMPLATE)

    @property
    def template_kind(self) -> Kind:
        """The kind of template that an environment, a service instance or a pipeline is made from. A component is made
        from none."""
        assert self is not Kind.COMPONENT
        return Kind.ENVIRONMENT_TEMPLATE if self is Kind.ENVIRONMENT else Kind.SERVICE_TEMPLATE

    @property
    def words(self) -> str:
        """The kind in plain words, for messages."""
        return {"pipeline": "service pipeline"}.get(self.value, self.value.replace("-", " "))


# The order of a pass; deletions go the other way (design, section 5).
DEPLOYMENT_ORDER = (Kind.ENVIRONMENT, Kind.COMPONENT, Kind.INSTANCE, Kind.PIPELINE)


def is_name(text: str) -> bool:
    """True for a name that Proton would have accepted."""
    return len(text) <= MAX_NAME and _NAME.match(text) is not None


@dataclass(frozen=True)
class Key:
    """A resource. `name` is the instance's own name for a service instance, the service's name for a pipeline."""

    kind: Kind
    name: str
    service: str = ""

    def __str__(self) -> str:
        if self.kind is Kind.INSTANCE:
            return f"service/{self.service}/service-instance/{self.name}"
        if self.kind is Kind.PIPELINE:
            return f"service/{self.name}/pipeline"
        return f"{self.kind.value}/{self.name}"

    @property
    def sort_key(self) -> tuple[int, str]:
        """Orders keys as a pass handles them, then by text."""
        return (list(Kind).index(self.kind), str(self))

    @property
    def owner(self) -> str:
        """The name of the top-level resource: the service of an instance or pipeline, else the name itself."""
        return self.service or self.name


def environment_key(name: str) -> Key:
    """The key of an environment."""
    return Key(Kind.ENVIRONMENT, name)


def instance_key(service: str, name: str) -> Key:
    """The key of a service instance."""
    return Key(Kind.INSTANCE, name, service)


def pipeline_key(service: str) -> Key:
    """The key of a service's pipeline."""
    return Key(Kind.PIPELINE, service)


def component_key(name: str) -> Key:
    """The key of a component."""
    return Key(Kind.COMPONENT, name)


def parse_key(text: str) -> Key:
    """The key a person or a file wrote. Raises `InputError` with the forms that exist."""
    key = find_key(text)
    if key is None:
        raise InputError(
            f'"{text}" is not a key',
            hint="keys look like environment/dev, component/bucket, service/shop/service-instance/shop-dev, "
            "service/shop/pipeline, environment-template/vpc-env or service-template/web",
        )
    return key


def find_key(text: str) -> Key | None:
    """The key that a text is, or None. `service-instance` is looked for first: services called `pipeline` exist."""
    parts = text.split("/")
    if not all(is_name(part) for part in parts):
        return None
    match parts:
        case ["service", service, "service-instance", name]:
            return instance_key(service, name)
        case ["service", service, "pipeline"]:
            return pipeline_key(service)
        case ["environment" | "component" | "service" | "environment-template" | "service-template" as kind, name]:
            return Key(Kind(kind), name)
        case _:
            return None
