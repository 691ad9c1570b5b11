"""Whether what is asked for fits the version that is followed: the line, the inputs, the environment, the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from reconciler.catalog.bundle import SCHEMA_FILE, Bundle
from reconciler.catalog.current import keep_current
from reconciler.catalog.entities import (
    Component,
    Environment,
    Inputs,
    Instance,
    Provisioning,
    Service,
    TemplateFolder,
)
from reconciler.catalog.inputschema import InputType
from reconciler.catalog.load import Catalog
from reconciler.catalog.means import environment_means, lacking, mismatch
from reconciler.catalog.registration import DIRECTLY_DEFINED
from reconciler.catalog.violations import dotted
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.keys import Key, Kind
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.versions import Version, VersionLine


class Versions(Protocol):
    """Which version a line leads to. Keys are those of templates that the catalog has."""

    def bundle(self, template: Key, line: VersionLine) -> Bundle | None:
        """The bundle that a follower of the line is made from; None when there is none, or none that can be read."""

    def instead(self, template: Key, line: VersionLine) -> tuple[str, ...] | None:
        """The versions there are, when none of them lies on the line, whatever its status; None when one does."""

    def current(self, key: Key) -> Mapping[str, Json] | None:
        """The inputs that are recorded for a resource, empty when it is new; None when nothing can be known."""

    def attachment(self, component: Key) -> Key | None:
        """The service instance that a component is attached to already; None when nothing is known of it."""


class CatalogVersions:
    """What the catalog itself would give if nothing were recorded: 1.0, or vN.0."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def bundle(self, template: Key, line: VersionLine) -> Bundle | None:
        """See `Versions`."""
        folder = self._catalog.templates()[template]
        for major in folder.majors:
            if line.allows(Version(major or 1, 0)):
                return self._catalog.bundle(folder, major)[0]
        return None

    def instead(self, template: Key, line: VersionLine) -> tuple[str, ...] | None:
        """See `Versions`."""
        folder = self._catalog.templates()[template]
        if folder.sync is not None:
            return None  # versions that nothing here knows of may be recorded
        there = [Version(major or 1, 0) for major in folder.majors]
        return None if any(map(line.allows, there)) else tuple(map(str, there))

    def current(self, key: Key) -> Mapping[str, Json] | None:
        """See `Versions`."""
        return None

    def attachment(self, component: Key) -> Key | None:
        """See `Versions`."""
        return None


def environment_fits(catalog: Catalog, versions: Versions, environment: Environment) -> Iterator[Problem]:
    """What is wrong with an environment."""
    template = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
    if template is not None:
        place = environment.file.at(("spec", "version"))
        yield from _line(versions, template, place, environment.line)
        yield from _inputs(versions, template, environment.line, environment.key, environment.inputs)
        bundle = versions.bundle(template.key, environment.line)
        if bundle is not None and Kind.ENVIRONMENT in bundle.parts:
            place = environment.file.key_at(("spec", "provisioning"))
            means = environment_means(catalog, environment)
            yield from _means(bundle.parts[Kind.ENVIRONMENT].engine, Kind.ENVIRONMENT, means, template.name, place)


def service_fits(catalog: Catalog, versions: Versions, service: Service) -> Iterator[Problem]:
    """What is wrong with the instances and the pipeline of a service."""
    template = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
    if template is None:
        return
    yield from _line(versions, template, service.file.at(("spec", "version")), service.line)
    yield from _pipeline_fits(catalog, versions, service, template)
    for instance in service.instances:
        if instance.line != service.line:
            yield from _line(versions, template, instance.at("version"), instance.line)
        yield from _inputs(versions, template, instance.line, instance.key, instance.inputs)
        yield from _home_fits(catalog, versions, template, instance)


def _home_fits(catalog: Catalog, versions: Versions, template: TemplateFolder, instance: Instance) -> Iterator[Problem]:
    environment = catalog.environment(instance.environment)
    bundle = versions.bundle(template.key, instance.line)
    if bundle is None or environment is None:
        return
    made_from = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
    if made_from is None or versions.instead(made_from.key, environment.line) is not None:
        return  # that is said of the environment, and nothing can be told before it is mended
    home = f"{environment.template}:{environment.line.major}"
    place = instance.at("environment")
    if not _is_unmet(catalog, versions, environment, made_from):
        engine, means = bundle.parts[Kind.INSTANCE].engine, environment_means(catalog, environment)
        yield from _means(engine, Kind.INSTANCE, means, template.name, place, environment.name)
    allowed = [str(item) for item in bundle.registration.compatible]
    if home not in allowed:
        runs_in = ", ".join(allowed)
        message = f"environment {environment.name} is made from {home}, but {template.name} runs in {runs_in}"
        hint = f"choose another environment, or list {home} in the template's registration file"
        yield Problem(place, "ENVIRONMENT_INCOMPATIBLE", message, hint)


def _means(
    engine: Engine, kind: Kind, means: Provisioning, template: str, place: Position, environment: str = ""
) -> Iterator[Problem]:
    missing = lacking(engine, kind, means)
    if missing:
        message, hint = mismatch(engine, missing, means, template, environment)
        yield Problem(place, "PROVISIONING_MISMATCH", message, hint)


def _is_unmet(catalog: Catalog, versions: Versions, environment: Environment, template: TemplateFolder) -> bool:
    """True when an environment cannot be provisioned itself: that is said of it, and of nothing that runs in it."""
    bundle = versions.bundle(template.key, environment.line)
    part = bundle.parts.get(Kind.ENVIRONMENT) if bundle is not None else None
    means = environment_means(catalog, environment)
    return part is not None and bool(lacking(part.engine, Kind.ENVIRONMENT, means))


def component_fits(catalog: Catalog, versions: Versions, component: Component) -> Iterator[Problem]:
    """What is wrong with a component: who it is attached to must take components, and be provisioned alike."""
    part = catalog.component_part(component)[0]
    home = component.environment
    place = component.file.at(("spec", "environment"))
    if component.attach_to is not None:
        place = component.file.at(("spec", "attachTo"))
        service = catalog.service(component.attach_to[0])
        instances = service.instances if service is not None else ()
        instance = next((item for item in instances if item.key == component.instance), None)
        if service is None or instance is None:
            return
        home = instance.environment
        template = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
        bundle = versions.bundle(template.key, instance.line) if template is not None else None
        is_new = versions.attachment(component.key) != component.instance
        if is_new and bundle is not None and DIRECTLY_DEFINED not in bundle.registration.component_sources:
            message = f"template {service.template} takes no components"
            hint = f"ask its owners to list supported_component_sources: [{DIRECTLY_DEFINED}] in its registration file"
            yield Problem(place, "COMPONENT_UNSUPPORTED", message, hint)
    environment = catalog.environment(home)
    if part is not None and environment is not None:
        means = environment_means(catalog, environment)
        yield from _means(part.engine, Kind.COMPONENT, means, component.name, place, environment.name)


def _pipeline_fits(
    catalog: Catalog, versions: Versions, service: Service, template: TemplateFolder
) -> Iterator[Problem]:
    pipeline = service.pipeline
    bundle = versions.bundle(template.key, pipeline.line if pipeline is not None else service.line)
    has_pipeline = bundle is not None and Kind.PIPELINE in bundle.parts
    if pipeline is None:
        if has_pipeline and service.sync is None:
            message = f"template {template.name} comes with a pipeline, and the service says nothing about it"
            place = service.file.key_at(("spec",))
            yield Problem(place, "PIPELINE_MISSING", message, "add pipeline: {inputs: {...}} to spec", Severity.WARNING)
        return
    inputs = pipeline.inputs
    if pipeline.line != service.line:
        yield from _line(versions, template, inputs.file.at((*inputs.where[:-1], "version")), pipeline.line)
    if bundle is not None and not has_pipeline:
        message = f"template {template.name} has no pipeline"
        place = inputs.file.key_at(inputs.where[: inputs.where.index("pipeline") + 1])
        severity = Severity.ERROR if inputs.values else Severity.WARNING  # real specs have an empty one
        yield Problem(place, "PIPELINE_UNEXPECTED", message, "remove pipeline:", severity)
    else:
        yield from _inputs(versions, template, pipeline.line, pipeline.key, inputs)
    if bundle is not None and has_pipeline and catalog.settings.pipelines.is_said:
        engine = bundle.parts[Kind.PIPELINE].engine
        place = inputs.file.at(inputs.where[:-1])
        yield from _means(engine, Kind.PIPELINE, catalog.settings.pipelines, template.name, place)


def _line(versions: Versions, template: TemplateFolder, place: Position, line: VersionLine) -> Iterator[Problem]:
    there = versions.instead(template.key, line)
    if there is not None:
        message = f"{template.key} has no version {line}"
        yield Problem(place, "VERSION_MISSING", message, f"it has {', '.join(there) or 'none yet'}")


def _inputs(
    versions: Versions, template: TemplateFolder, line: VersionLine, key: Key, inputs: Inputs
) -> Iterator[Problem]:
    bundle = versions.bundle(template.key, line)
    input_type = bundle.input_type(key.kind) if bundle is not None else None
    if bundle is None or input_type is None:
        return
    current = versions.current(key)
    values, missing = keep_current(inputs.values, current)
    if current is not None:
        for path in missing:
            message = f'"{dotted(path)}" keeps its current value, but there is none on record'
            yield Problem(inputs.at(path), "INPUT_NOT_RECORDED", message, "write the value itself")
    for violation in input_type.violations(values):
        place = inputs.at(violation.path)
        if violation.path not in missing:
            yield Problem(place, violation.code, violation.message, f"see {_schema_place(template, bundle)}")
    yield from _unknown(input_type, inputs)


def _unknown(input_type: InputType, inputs: Inputs) -> Iterator[Problem]:
    severity = Severity.WARNING if inputs.tolerant else Severity.ERROR
    for unknown in input_type.unknown(inputs.values):
        name = ".".join(map(str, unknown.path))
        hint = f'did you mean "{unknown.suggestion}"?' if unknown.suggestion else "remove it, or add it to the schema"
        message = f'the template has no input "{name}"'
        yield Problem(inputs.key_at(unknown.path), "INPUT_UNKNOWN", message, hint, severity)


def _schema_place(template: TemplateFolder, bundle: Bundle) -> str:
    for path, tree in template.majors.values():
        if tree.id == bundle.tree.id:
            return f"{path}/{SCHEMA_FILE}"
    return f"bundles/{bundle.tree.id}/{SCHEMA_FILE} in the records: the catalog's is not the version that is followed"
