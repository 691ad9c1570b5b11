"""What files say about one another: references, inputs against schemas, names that would collide.

Each check looks at one environment or service, so that a pass checks what changed; `check_everything` is `validate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.catalog.entities import Component, Environment, Instance, Pipeline, Service, Sync, TemplateFolder
from reconciler.catalog.fits import CatalogVersions, Versions, component_fits, environment_fits, service_fits
from reconciler.catalog.load import (
    COMPONENTS,
    CONNECTIONS,
    ENVIRONMENTS,
    SERVICES,
    SETTINGS_FILE,
    TEMPLATES,
    UNREADABLE,
    Catalog,
)
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import YamlFile
from reconciler.model.identity import instance_folder
from reconciler.model.keys import Key, Kind
from reconciler.model.problems import Position, Problem, Severity


def check_everything(catalog: Catalog, versions: Versions | None = None) -> None:
    """Every check on every file, bundles included. The problems are in `catalog.problems` afterwards.

    Inputs are judged by the version that is followed: `versions`, or, without records, the bundles in the catalog.
    """
    check_files(catalog)
    check_fits(catalog, versions or CatalogVersions(catalog))


def check_files(catalog: Catalog) -> None:
    """The checks that a pass relies on, on every file, and those on bundles, which stop one registration only."""
    for template in catalog.templates().values():
        for major in template.majors:
            problems = catalog.bundle(template, major)[1]
            catalog.add_problems(map(as_warning, problems) if template.sync is not None else problems)
    environments, services = catalog.environment_names(), catalog.service_names()
    check_scope(catalog, environments, services, catalog.component_names(), everything=True)


def check_fits(catalog: Catalog, versions: Versions) -> None:
    """Whether what is asked for fits the versions that are followed. A pass blocks what does not, and goes on."""
    for name in catalog.environment_names():
        environment = catalog.environment(name)
        if environment is not None:
            catalog.add_problems(environment_fits(catalog, versions, environment))
    for name in catalog.service_names():
        service = catalog.service(name)
        if service is not None:
            found = service_fits(catalog, versions, service)
            ours = service.file.path if service.sync is not None else ""
            catalog.add_problems(
                as_warning(problem) if ours and problem.position.path != ours else problem for problem in found
            )
    for name in catalog.component_names():
        component = catalog.component(name)
        if component is not None:
            catalog.add_problems(component_fits(catalog, versions, component))


def as_warning(problem: Problem) -> Problem:
    """What is wrong elsewhere is said here, and is no error of the catalog's."""
    return replace(problem, severity=Severity.WARNING)


def check_scope(
    catalog: Catalog,
    environments: Iterable[str],
    services: Iterable[str],
    components: Iterable[str] = (),
    *,
    templates: Iterable[Key] = (),
    everything: bool = False,
) -> None:
    """The checks on what is named that a pass relies on, and on what concerns all of the catalog.

    Whether inputs fit is not among them: a pass judges them by the version that is followed, not by the bundle in the
    catalog, which may be newer, or broken.
    """
    if everything:
        for name in catalog.repository_names():
            catalog.repository(name)
        for name in catalog.connection_names():
            catalog.connection(name)
        catalog.add_problems(_settings(catalog))
        templates = catalog.templates()
    for key in templates:
        catalog.add_problems(_template(catalog, catalog.templates()[key]))
    catalog.add_problems(_twins(catalog.environment_names(), ENVIRONMENTS))
    catalog.add_problems(_twins(catalog.service_names(), SERVICES))
    catalog.add_problems(_twins(catalog.component_names(), COMPONENTS))
    for name in environments:
        environment = catalog.environment(name)
        if environment is not None:
            catalog.add_problems(_environment(catalog, environment))
    for name in services:
        service = catalog.service(name)
        if service is not None:
            catalog.add_problems(_service(catalog, service))
    taken: dict[Key, str] = {}
    for name in components:
        component = catalog.component(name)
        if component is not None:
            catalog.add_problems(_component(catalog, component, taken))


def _settings(catalog: Catalog) -> Iterator[Problem]:
    settings = catalog.settings
    for where, name in (("records", settings.records_repository), ("pipelines", settings.pipelines.repository)):
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
    file, said = environment.file, environment.provisioning
    if said.repository and catalog.repository(said.repository) is None:
        place = file.at(("spec", "provisioning", "repository"))
        yield _no_repository(catalog, place, "provisioning.repository", said.repository)
    if said.connection:
        place = file.at(("spec", "provisioning", "connection"))
        yield from _connection(catalog, place, said.connection, environment.name)
    template = catalog.templates().get(Key(Kind.ENVIRONMENT_TEMPLATE, environment.template))
    if template is None:
        yield _no_template(catalog, file, Kind.ENVIRONMENT_TEMPLATE, environment.template)


def _connection(catalog: Catalog, place: Position, name: str, environment: str) -> Iterator[Problem]:
    """XA-1: a connection is made for one environment, by its name."""
    found = catalog.connection(name)
    if found is None:
        known = catalog.connection_names()
        hint = did_you_mean(name, known) if known else f"write {CONNECTIONS}/{name}.yaml"
        message = f'provisioning.connection names "{name}", which is no connection here'
        yield Problem(place, "CONNECTION_MISSING", message, hint)
    elif found.environment != environment:
        message = f"connection {name} was made for environment {found.environment}, not for {environment}"
        yield Problem(place, "CONNECTION_MISSING", message, "name the connection that was made for this environment")


def _template(catalog: Catalog, template: TemplateFolder) -> Iterator[Problem]:
    if template.sync is not None and template.file is not None:
        yield from _sync(catalog, template.file, template.sync)


def _sync(catalog: Catalog, file: YamlFile, sync: Sync) -> Iterator[Problem]:
    if catalog.repository(sync.repository) is None:
        place = file.at(("spec", "sync", "repository"))
        yield _no_repository(catalog, place, "sync.repository", sync.repository)


def _component(catalog: Catalog, component: Component, taken: dict[Key, str]) -> Iterator[Problem]:
    """What a component refers to, what lies beside it, and that no instance has two (reference, section 12)."""
    yield from catalog.component_part(component)[1]
    if component.attach_to is None:
        if component.environment and component.environment not in catalog.environment_names():
            yield _no_environment(catalog, component.file.at(("spec", "environment")), component.environment)
        return
    place = component.file.at(("spec", "attachTo"))
    service_name, instance_name = component.attach_to
    service = catalog.service(service_name)
    if service is None:
        if service_name not in catalog.service_names():
            message = f'there is no service "{service_name}"'
            yield Problem(place, "SERVICE_MISSING", message, did_you_mean(service_name, catalog.service_names()))
        return
    names = [instance.name for instance in service.instances]
    if instance_name not in names and service.sync is None:
        message = f'service {service_name} has no instance "{instance_name}"'
        yield Problem(place, "INSTANCE_MISSING", message, did_you_mean(instance_name, names))
    key = component.instance
    assert key is not None
    twin = taken.setdefault(key, component.name)
    if twin != component.name:
        message = f"{key} has a component already: {twin}"
        yield Problem(place, "INSTANCE_TAKEN", message, "attach one of them elsewhere; an instance takes at most one")


def _no_environment(catalog: Catalog, place: Position, name: str) -> Problem:
    known = catalog.environment_names()
    hint = did_you_mean(name, known) if known else f"write {ENVIRONMENTS}/{name}/environment.yaml"
    return Problem(place, "ENVIRONMENT_MISSING", f'there is no environment "{name}"', hint)


def _service(catalog: Catalog, service: Service) -> Iterator[Problem]:
    template = catalog.templates().get(Key(Kind.SERVICE_TEMPLATE, service.template))
    if template is None:
        yield _no_template(catalog, service.file, Kind.SERVICE_TEMPLATE, service.template)
    if service.sync is not None:
        yield from _sync(catalog, service.file, service.sync)
    yield from pipeline_problems(catalog, service.pipeline)
    for index, instance in enumerate(service.instances):
        yield from instance_problems(catalog, instance, service.instances[:index])


def pipeline_problems(catalog: Catalog, pipeline: Pipeline | None) -> Iterator[Problem]:
    """What stands in the way of a pipeline wherever it is asked for."""
    settings = catalog.settings
    if pipeline is not None and settings.name != UNREADABLE and not settings.pipelines.is_said:
        hint = "name a repository under spec.pipelines.repository in reconciler.yaml, or a role"
        message = "the service has a pipeline, but nothing says how pipelines are provisioned"
        yield Problem(pipeline.inputs.file.at(pipeline.inputs.where[:-1]), "REPOSITORY_MISSING", message, hint)


def instance_problems(catalog: Catalog, instance: Instance, others: Iterable[Instance]) -> Iterator[Problem]:
    """What stands in the way of an instance beside others of its service that come before it."""
    if instance.name.casefold() in {other.name.casefold() for other in others}:
        message = f'another instance of this service is called "{instance.name}"'
        yield Problem(instance.at("name"), "NAME_TAKEN", message, "rename one of them")
    if instance.environment not in catalog.environment_names():
        yield _no_environment(catalog, instance.at("environment"), instance.environment)
    yield from _shared_folder(catalog, instance)


def _shared_folder(catalog: Catalog, instance: Instance) -> Iterator[Problem]:
    """`a-b`+`c` and `a`+`b-c` share a folder (reference, LAY-4). Only services named like a start of it are read."""
    names = {name.casefold(): name for name in catalog.service_names()}
    folder = _folder(instance)
    parts = folder.partition("/")[2].split("-")
    starts = ("-".join(parts[:count]) for count in range(1, len(parts)))
    for name in {names[start] for start in starts if start in names} - {instance.service}:
        other = catalog.service(name)
        for twin in other.instances if other is not None else ():
            if _folder(twin) == folder:
                message = f"{instance.key} would share the folder {folder}/ with {twin.key}"
                yield Problem(instance.at("name"), "FOLDER_TAKEN", message, "rename one of the two instances")


def _folder(instance: Instance) -> str:
    """The folder of an instance as a disk sees it that knows no case."""
    return instance_folder(instance.environment, instance.service, instance.name).casefold()


def _no_template(catalog: Catalog, file: YamlFile, kind: Kind, name: str) -> Problem:
    known = [key.name for key in catalog.templates() if key.kind is kind]
    message = f'there is no {kind.words} "{name}"'
    folder = f"{TEMPLATES}/{kind.value.split('-')[0]}/{name}/v1"
    hint = did_you_mean(name, known) if known else f"put its bundle into {folder}"
    return Problem(file.at(("spec", "template")), "TEMPLATE_MISSING", message, hint)
