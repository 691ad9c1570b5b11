"""What else stands between new infrastructure files and their use: whether their engine can read them at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.catalog.bundle import Bundle, Part
from reconciler.catalog.load import Catalog
from reconciler.catalog.manifest import MANIFEST, Manifest
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.problems import Position, Problem
from reconciler.model.trees import TreeReader
from reconciler.planning.world import Inspect
from reconciler.rendering.jinja import check_template


def inspect_bundle(inspect: Inspect, path: str, bundle: Bundle) -> tuple[Problem, ...]:
    """The problems of all infrastructure files of a bundle at a path of the catalog."""
    return inspect_parts(inspect, path, bundle.tree.reader, bundle.parts.values())


def component_problems(catalog: Catalog, name: str, inspect: Inspect) -> tuple[Problem, ...]:
    """The problems of the file beside a component's own. Nobody reviews it as a template version, so that what its
    engine cannot read is an error of the catalog."""
    component = catalog.component(name)
    part = catalog.component_part(component)[0] if component is not None else None
    if component is None or part is None:
        return ()
    return inspect_parts(inspect, component.path, component.bundle.reader, (part,))


def inspect_parts(inspect: Inspect, path: str, reader: TreeReader, parts: Iterable[Part]) -> tuple[Problem, ...]:
    """The problems of infrastructure folders below a path. Terraform is asked once for all of them."""
    terraform: dict[str, bytes] = {}
    problems: list[Problem] = []
    for part in parts:
        folder = f"{path}/{part.folder}" if part.folder else path
        if part.engine is Engine.CODEBUILD:
            problems += _commands(f"{folder}/{MANIFEST}", part.manifest)
            continue
        files = {f"{folder}/{name}": reader.read(blob) for name, blob in part.files}
        if part.engine is Engine.TERRAFORM:
            terraform |= files
        else:
            problems += [problem for name, data in files.items() for problem in _template(name, data)]
    return (*problems, *(inspect(terraform) if terraform else ()))


def _template(path: str, data: bytes) -> Iterator[Problem]:
    try:
        fault = check_template(data.decode())
    except UnicodeDecodeError:
        yield Problem(Position(path), "TEMPLATE_SYNTAX", "the template is not UTF-8", "save it as UTF-8")
        return
    if fault is not None:
        place = Position(path, fault.line, 1) if fault.line else Position(path)
        yield Problem(place, "TEMPLATE_SYNTAX", fault.message, fault.hint or "correct it: Jinja cannot read it")


def _commands(path: str, manifest: Manifest) -> Iterator[Problem]:
    settings = manifest.codebuild
    assert settings is not None
    for place, source in _texts({"provision": list(settings.provision), "deprovision": list(settings.deprovision)}):
        yield from _text(path, place, source)
    for place, source in _texts({"project_properties": dict(settings.project_properties)}):
        yield from _text(path, place, source)


def _text(path: str, place: str, source: str) -> Iterator[Problem]:
    fault = check_template(source) if "{{" in source or "{%" in source else None
    if fault is not None:
        yield Problem(Position(path), "TEMPLATE_SYNTAX", f"{place}: {fault.message}", fault.hint or "correct it")


def _texts(value: Json, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{place}[{index}]")
