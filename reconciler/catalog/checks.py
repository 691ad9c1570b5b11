"""What files say about one another: references, inputs against schemas, names that would collide.

Each check looks at one environment or service, so that a pass checks what changed; `check_everything` is `validate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from reconciler.catalog.bundle import SCHEMA_FILE, Bundle
from reconciler.catalog.entities import Environment, Inputs, Instance, Service, TemplateFolder
from reconciler.catalog.inputschema import InputType
from reconciler.catalog.load import ENVIRONMENTS, SERVICES, SETTINGS_FILE, TEMPLATES, UNREADABLE, Catalog
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import YamlFile
from reconciler.model.identity import instance_folder
from reconciler.model.keys import Key, Kind
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.versions import Version, VersionLine


class Versions(Protocol):
    """Which version a line leads to. Keys are those of templates that the catalog has."""

    def bundle(self, template: Key, line: VersionLine) -> Bundle | None:
        """The bundle that a follower of the line is made from; None when there is none, or none that can be read."""

    def instead(self, template: Key, line: VersionLine) -> tuple[str, ...] | None:
        """The versions there are, when none of them lies on the line, whatever its status; None when one does."""


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
        there = [Version(major or 1, 0) for major in self._catalog.templates()[template].majors]
        return None if any(map(line.allows, there)) else tuple(map(str, there))


def check_everything(catalog: Catalog, versions: Versions | None = None) -> None:
    """Every check on every file, bundles included. The problems are in `catalog.problems` afterwards.

    Inputs are judged by the version that is followed: `versions`, or, without records, the bundles in the catalog.
    """
    versions = versions or CatalogVersions(catalog)
    for template in catalog.templates().values():
        for major in template.majors:
            catalog.add_problems(catalog.bundle(template, major)[1])
    environments, services = catalog.environment_names(), catalog.service_names()
    check_scope(catalog, environments, services, everything=True)
    for name in environments:
        environment = catalog.environment(name)
        if environment is not None:
            catalog.add_problems(_environment_fits(catalog, versions, environment))
    for name in services:
        service = catalog.service(name)
        if service is not None:
            catalog.add_problems(_service_fits(catalog, versions, service))


def check_scope(
    catalog: Catalog, environments: Iterable[str], services: Iterable[str], *, everything: bool = False
) -> None:
    """The checks on the named environments and services that a pass relies on, and on what concerns all of the catalog.

    Whether inputs fit is not among them: a pass judges them by the version that is followed, not by the bundle in the
    catalog, which may be newer, or broken.
    """
    if everything:
        for name in catalog.repository_names():
            catalog.repository(name)
        catalog.add_problems(_settings(catalog))
    catalog.add_problems(_twins(catalog.environment_names(), ENVIRONMENTS))
    catalog.add_problems(_twins(catalog.service_names(), SERVICES))
    for name in environments:
        environment = catalog.environment(name)
        if environment is not None:
            catalog.add_problems(_environment(catalog, environment))
    for name in services:
        service = catalog.service(name)
        if service is not None:
            catalog.add_problems(_service(catalog, service))
            catalog.add_problems(_folders(catalog, service))


def _settings(catalog: Catalog) -> Iterator[Problem]:
    settings = catalog.settings
    for where, name in (("records", settings.records_repository), ("pipelines", settings.pipelines_repository)):
        if name and catalog.repository(name) is None:
            yield _no_repository(catalog, Position(SETTINGS_FILE), f"spec.{where}.repository", name)


def _no_repository(catalog: Catalog, place: Position, key: str, name: str) -> Problem:
    known = catalog.repository_names()
    hint = did_you_mean(name, known) if known else f"write repositories/{name}.yaml"
    return Problem(place, "REPOSITORY_MISSING", f'{key} names "{name}", which is no repository here', hint)


def _twins(names: tuple[str, ...], top: str) -> Iterator[Problem]:
    """Names that differ in case only share a folder on some disks, and a branch on some hosts."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(name.casefold(), name)
        if twin != name:
            message = f'"{name}" and "{twin}" differ in upper and lower case only'
            yield Problem(Position(f"{top}/{name}"), "NAME_TAKEN", message, "rename one of them")


def _environment(catalog: Catalog, environment: Environment) -> Iterator[Problem]:
    file = environment.file
    if catalog.repository(environment.repository) is None:
        place = file.at(("spec", "provisioning", "repository"))
        yield _no_repository(catalog, place, "provisioning.repository", environment.repository)
    template = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
    if template is None:
        yield _no_template(catalog, file, Kind.ENVIRONMENT_TEMPLATE, environment.template)


def _service(catalog: Catalog, service: Service) -> Iterator[Problem]:
    template = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
    if template is None:
        yield _no_template(catalog, service.file, Kind.SERVICE_TEMPLATE, service.template)
    settings = catalog.settings
    if service.pipeline is not None and settings.name != UNREADABLE and not settings.pipelines_repository:
        hint = "name a repository under spec.pipelines.repository in reconciler.yaml"
        message = "the service has a pipeline, but no repository is set for pipelines"
        inputs = service.pipeline.inputs
        yield Problem(inputs.file.at(inputs.where[:-1]), "REPOSITORY_MISSING", message, hint)
    names: dict[str, str] = {}
    for instance in service.instances:
        place = _place(instance, "name")
        if names.setdefault(instance.name.casefold(), instance.name) != instance.name or _repeats(service, instance):
            message = f'another instance of this service is called "{instance.name}"'
            yield Problem(place, "NAME_TAKEN", message, "rename one of them")
        if instance.environment not in catalog.environment_names():
            place = _place(instance, "environment")
            message = f'there is no environment "{instance.environment}"'
            known = catalog.environment_names()
            name = instance.environment
            hint = did_you_mean(name, known) if known else f"write {ENVIRONMENTS}/{name}/environment.yaml"
            yield Problem(place, "ENVIRONMENT_MISSING", message, hint)


def _place(instance: Instance, key: str) -> Position:
    return instance.inputs.file.at((*instance.inputs.where[:-1], key))


def _repeats(service: Service, instance: Instance) -> bool:
    return any(other.name == instance.name and other.index < instance.index for other in service.instances)


def _environment_fits(catalog: Catalog, versions: Versions, environment: Environment) -> Iterator[Problem]:
    template = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
    if template is not None:
        place = environment.file.at(("spec", "version"))
        yield from _line(versions, template, place, environment.line)
        yield from _inputs(versions, template, environment.line, Kind.ENVIRONMENT, environment.inputs)


def _service_fits(catalog: Catalog, versions: Versions, service: Service) -> Iterator[Problem]:
    template = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
    if template is None:
        return
    yield from _line(versions, template, service.file.at(("spec", "version")), service.line)
    yield from _pipeline_fits(versions, service, template)
    for instance in service.instances:
        if instance.line != service.line:
            yield from _line(versions, template, _place(instance, "version"), instance.line)
        yield from _inputs(versions, template, instance.line, Kind.INSTANCE, instance.inputs)
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
    allowed = [str(item) for item in bundle.compatible]
    if home not in allowed:
        runs_in = ", ".join(allowed)
        message = f"environment {environment.name} is made from {home}, but {template.name} runs in {runs_in}"
        hint = f"choose another environment, or list {home} in the template's registration file"
        yield Problem(_place(instance, "environment"), "ENVIRONMENT_INCOMPATIBLE", message, hint)


def _pipeline_fits(versions: Versions, service: Service, template: TemplateFolder) -> Iterator[Problem]:
    pipeline = service.pipeline
    bundle = versions.bundle(template.key, pipeline.line if pipeline is not None else service.line)
    has_pipeline = bundle is not None and Kind.PIPELINE in bundle.parts
    if pipeline is None:
        if has_pipeline:
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
        yield Problem(place, "PIPELINE_UNEXPECTED", message, "remove pipeline:")
    else:
        yield from _inputs(versions, template, pipeline.line, Kind.PIPELINE, inputs)


def _folders(catalog: Catalog, service: Service) -> Iterator[Problem]:
    """`a-b`+`c` and `a`+`b-c` share a folder (reference, LAY-4). Only services named like a start of it are read."""
    names = {name.casefold(): name for name in catalog.service_names()}
    for instance in service.instances:
        folder = _folder(instance)
        parts = folder.partition("/")[2].split("-")
        starts = ("-".join(parts[:count]) for count in range(1, len(parts)))
        for name in {names[start] for start in starts if start in names} - {service.name}:
            other = catalog.service(name)
            for twin in other.instances if other is not None else ():
                if _folder(twin) == folder:
                    message = f"{instance.key} would share the folder {folder}/ with {twin.key}"
                    yield Problem(_place(instance, "name"), "FOLDER_TAKEN", message, "rename one of the two instances")


def _folder(instance: Instance) -> str:
    """The folder of an instance as a disk sees it that knows no case."""
    return instance_folder(instance.environment, instance.service, instance.name).casefold()


def _no_template(catalog: Catalog, file: YamlFile, kind: Kind, name: str) -> Problem:
    known = [key.name for key in catalog.templates() if key.kind is kind]
    message = f'there is no {kind.words} "{name}"'
    folder = f"{TEMPLATES}/{kind.value.split('-')[0]}/{name}/v1"
    hint = did_you_mean(name, known) if known else f"put its bundle into {folder}"
    return Problem(file.at(("spec", "template")), "TEMPLATE_MISSING", message, hint)


def _line(versions: Versions, template: TemplateFolder, place: Position, line: VersionLine) -> Iterator[Problem]:
    there = versions.instead(template.key, line)
    if there is not None:
        message = f"{template.key} has no version {line}"
        yield Problem(place, "VERSION_MISSING", message, f"it has {', '.join(there) or 'none yet'}")


def _inputs(
    versions: Versions, template: TemplateFolder, line: VersionLine, kind: Kind, inputs: Inputs
) -> Iterator[Problem]:
    bundle = versions.bundle(template.key, line)
    input_type = bundle.input_type(kind) if bundle is not None else None
    if bundle is None or input_type is None:
        return
    for violation in input_type.violations(inputs.values):
        place = inputs.at(violation.path)
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
