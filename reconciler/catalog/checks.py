"""What files say about one another: references, inputs against schemas, names that would collide.

Each check looks at one environment or service, so that a pass checks what changed; `check_everything` is `validate`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from reconciler.catalog.bundle import Bundle
from reconciler.catalog.entities import Environment, Inputs, Instance, Service, TemplateFolder
from reconciler.catalog.inputschema import InputType
from reconciler.catalog.load import ENVIRONMENTS, SERVICES, SETTINGS_FILE, UNREADABLE, Catalog
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import YamlFile
from reconciler.model.identity import instance_folder
from reconciler.model.keys import Key, Kind
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.versions import VersionLine


def check_everything(catalog: Catalog, recorded: Collection[Key] = ()) -> None:
    """Every check on every file, bundles included. The problems are in `catalog.problems` afterwards.

    `recorded` are templates that have versions already. Where versions are computed, the bundle in the catalog may
    become another major than the one that somebody follows, so that what does not fit it is a warning only.
    """
    for template in catalog.templates().values():
        for major in template.majors:
            catalog.add_problems(catalog.bundle(template, major)[1])
    environments, services = catalog.environment_names(), catalog.service_names()
    check_scope(catalog, environments, services, everything=True)
    for name in environments:
        environment = catalog.environment(name)
        if environment is not None:
            made_from = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
            catalog.add_problems(_softened(_environment_fits(catalog, environment), made_from, recorded))
    for name in services:
        service = catalog.service(name)
        if service is not None:
            made_of = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
            catalog.add_problems(_softened(_service_fits(catalog, service), made_of, recorded))


def _softened(
    problems: Iterator[Problem], template: TemplateFolder | None, recorded: Collection[Key]
) -> Iterator[Problem]:
    is_computed = template is not None and None in template.majors and template.key in recorded
    for problem in problems:
        yield replace(problem, severity=Severity.WARNING) if is_computed else problem


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
            hint = did_you_mean(instance.environment, catalog.environment_names())
            yield Problem(place, "ENVIRONMENT_MISSING", message, hint)


def _place(instance: Instance, key: str) -> Position:
    return instance.inputs.file.at((*instance.inputs.where[:-1], key))


def _repeats(service: Service, instance: Instance) -> bool:
    return any(other.name == instance.name and other.index < instance.index for other in service.instances)


def _environment_fits(catalog: Catalog, environment: Environment) -> Iterator[Problem]:
    template = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
    if template is not None:
        yield from _line(template, environment.file, ("spec", "version"), environment.line)
        yield from _inputs(catalog, template, environment.line, Kind.ENVIRONMENT, environment.inputs)


def _service_fits(catalog: Catalog, service: Service) -> Iterator[Problem]:
    template = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
    if template is None:
        return
    yield from _line(template, service.file, ("spec", "version"), service.line)
    yield from _pipeline_fits(catalog, service, template)
    for instance in service.instances:
        yield from _inputs(catalog, template, instance.line, Kind.INSTANCE, instance.inputs)
        environment = catalog.environment(instance.environment)
        bundle = _bundle(catalog, template, instance.line)
        if bundle is None or environment is None:
            continue
        home = f"{environment.template}:{environment.line.major}"
        allowed = [str(item) for item in bundle.compatible]
        if home not in allowed:
            runs_in = ", ".join(allowed)
            message = f"environment {environment.name} is made from {home}, but {template.name} runs in {runs_in}"
            hint = f"choose another environment, or list {home} in the template's registration file"
            yield Problem(_place(instance, "environment"), "ENVIRONMENT_INCOMPATIBLE", message, hint)


def _pipeline_fits(catalog: Catalog, service: Service, template: TemplateFolder) -> Iterator[Problem]:
    pipeline = service.pipeline
    bundle = _bundle(catalog, template, pipeline.line if pipeline is not None else service.line)
    has_pipeline = bundle is not None and Kind.PIPELINE in bundle.parts
    if pipeline is None:
        if has_pipeline:
            message = f"template {template.name} comes with a pipeline, and the service says nothing about it"
            place = service.file.key_at(("spec",))
            yield Problem(place, "PIPELINE_MISSING", message, "add pipeline: {inputs: {...}} to spec", Severity.WARNING)
    elif bundle is not None and not has_pipeline:
        message = f"template {template.name} has no pipeline"
        where = pipeline.inputs.where
        place = pipeline.inputs.file.key_at(where[: where.index("pipeline") + 1])
        yield Problem(place, "PIPELINE_UNEXPECTED", message, "remove pipeline:")
    else:
        yield from _inputs(catalog, template, pipeline.line, Kind.PIPELINE, pipeline.inputs)


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
    return Problem(file.at(("spec", "template")), "TEMPLATE_MISSING", message, did_you_mean(name, known))


def _line(template: TemplateFolder, file: YamlFile, where: tuple[str, ...], line: VersionLine) -> Iterator[Problem]:
    majors = [major for major in template.majors if major is not None]
    if majors and line.major not in majors:
        message = f"template {template.name} has no major version {line.major} in the catalog"
        hint = f"it has {', '.join(map(str, majors))}"
        yield Problem(file.at(where), "VERSION_MISSING", message, hint, Severity.WARNING)


def _bundle(catalog: Catalog, template: TemplateFolder, line: VersionLine) -> Bundle | None:
    """The bundle in the catalog for a line of versions. A pinned minor, or a computed major, may differ from it."""
    if line.minor is not None:
        return None
    major = None if None in template.majors else line.major
    return catalog.bundle(template, major)[0] if major in template.majors else None


def _inputs(
    catalog: Catalog, template: TemplateFolder, line: VersionLine, kind: Kind, inputs: Inputs
) -> Iterator[Problem]:
    bundle = _bundle(catalog, template, line)
    input_type = bundle.input_type(kind) if bundle is not None else None
    if input_type is None:
        return
    for violation in input_type.violations(inputs.values):
        place = inputs.at(violation.path)
        yield Problem(place, violation.code, violation.message, f"see {_schema_place(template, line)}")
    yield from _unknown(input_type, inputs)


def _unknown(input_type: InputType, inputs: Inputs) -> Iterator[Problem]:
    severity = Severity.WARNING if inputs.tolerant else Severity.ERROR
    for unknown in input_type.unknown(inputs.values):
        name = ".".join(map(str, unknown.path))
        hint = f'did you mean "{unknown.suggestion}"?' if unknown.suggestion else "remove it, or add it to the schema"
        message = f'the template has no input "{name}"'
        yield Problem(inputs.key_at(unknown.path), "INPUT_UNKNOWN", message, hint, severity)


def _schema_place(template: TemplateFolder, line: VersionLine) -> str:
    major = None if None in template.majors else line.major
    return f"{template.majors[major][0]}/schema/schema.yaml"
