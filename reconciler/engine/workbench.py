"""What a person who writes a file needs to know: templates by name, the version that would be followed, its inputs.

Versions are those of the records, with what a pass would cut from the working folder: `validate` judges by the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from reconciler.catalog.bundle import Bundle
from reconciler.catalog.entities import Environment, Inputs, Instance, Service
from reconciler.catalog.load import SETTINGS_FILE, Catalog
from reconciler.catalog.shape import did_you_mean
from reconciler.engine.offline import look_near, near_world
from reconciler.engine.place import Place, snapshot
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind
from reconciler.model.versions import VersionLine
from reconciler.planning.plan import cut_templates
from reconciler.planning.world import Inspect, Request
from reconciler.records.book import RecordBook
from reconciler.records.record import TemplateRecord


@dataclass(frozen=True)
class Followed:
    """The version of a template that a line leads to now."""

    template: Key
    line: VersionLine
    version: str
    bundle: Bundle


@dataclass(frozen=True)
class Asked:
    """The inputs of one resource as they stand in a file, and the template and line that judge them."""

    inputs: Inputs
    template: Key
    line: VersionLine


class Workbench:
    """A catalog on this machine, for those who write its files. Reads only."""

    def __init__(self, place: Place, now: str, inspect: Inspect) -> None:
        """Looks at the working folder, or at the last commit of a bare repository. `inspect` as in `World`."""
        seen = snapshot(place, None)
        self.path = place.path
        self.catalog: Catalog = seen.catalog
        book = RecordBook(seen.records)
        look_near(place, seen, book, now)
        self._world = near_world(place, seen.catalog, book, Request(seen.commit, "", "", now), inspect)
        self._cut: set[Key] = set()

    def require_folder(self) -> None:
        """Raises `InputError` where there is no working folder to write in."""
        if not (self.path / SETTINGS_FILE).is_file():
            raise InputError(f"{self.path} has no working folder", hint="run this in a clone of the catalog")

    def record(self, template: Key) -> TemplateRecord:
        """The versions of a template. Raises `InputError` for one that the catalog does not have."""
        templates = self.catalog.templates()
        if template not in templates:
            known = [key.name for key in templates if key.kind is template.kind]
            message = f'there is no {template.kind.words} "{template.name}"'
            raise InputError(message, hint=did_you_mean(template.name, known) if known else "put its bundle there")
        if template not in self._cut:
            cut_templates(self._world, frozenset({template}))
            self._cut.add(template)
        return self._world.book.template(template)

    def followed(self, template: Key, line: VersionLine | None = None) -> Followed:
        """The version that a line leads to; without one, the newest published major. Raises `InputError`."""
        record = self.record(template)
        newest = record.recommended()
        if line is None and newest is not None:
            line = VersionLine(newest.version.major)
        if line is None:
            hint = f"`reconciler validate` tells of its bundle, `reconciler versions {template}` of its versions"
            raise InputError(f"{template} has no published version", hint=hint)
        found = record.followed(line)
        bundle = self._world.pinned(found.bundle, template.kind) if found is not None else None
        if found is None or bundle is None:
            there = ", ".join(str(item.version) for item in record.versions if not item.is_failed)
            raise InputError(f"{template} has no version {line} to follow", hint=f"it has {there or 'none yet'}")
        return Followed(template, line, str(found.version), bundle)

    def homes(self, service: Followed) -> list[str]:
        """The environments, by name, that a version of a service template may run in."""
        allowed = {str(item) for item in service.bundle.registration.compatible}
        found = (self.catalog.environment(name) for name in self.catalog.environment_names())
        return [home.name for home in found if home is not None and f"{home.template}:{home.line.major}" in allowed]

    def asked(self, key: Key) -> Asked:
        """Where the inputs of a resource stand. Raises `InputError` for one that is in no file, or in a broken one."""
        if key.kind is Kind.ENVIRONMENT:
            environment = self.environment(key.name)
            template = Key(Kind.ENVIRONMENT_TEMPLATE, environment.template)
            return Asked(environment.inputs, template, environment.line)
        if key.kind not in (Kind.INSTANCE, Kind.PIPELINE):
            raise InputError(f"{key} has no inputs of its own", hint="name an environment, instance or pipeline")
        service = self.service(key.owner)
        template = Key(Kind.SERVICE_TEMPLATE, service.template)
        if service.sync is not None:
            message = f"the spec of service {service.name} is kept in another repository"
            raise InputError(message, hint=f"change it there: {service.sync.path} of {service.sync.repository}")
        if key.kind is Kind.PIPELINE:
            if service.pipeline is None:
                raise InputError(f"service {service.name} has no pipeline", hint="add pipeline: to its file first")
            return Asked(service.pipeline.inputs, template, service.pipeline.line)
        instance = self.instance(service, key.name)
        return Asked(instance.inputs, template, instance.line)

    def environment(self, name: str) -> Environment:
        """An environment. Raises `InputError` when there is none, or when its file is broken."""
        found = self.catalog.environment(name)
        return found if found is not None else self._missing("environment", name, self.catalog.environment_names())

    def service(self, name: str) -> Service:
        """A service. Raises `InputError` when there is none, or when its file is broken."""
        found = self.catalog.service(name)
        return found if found is not None else self._missing("service", name, self.catalog.service_names())

    def instance(self, service: Service, name: str) -> Instance:
        """An instance of a service. Raises `InputError` when there is none."""
        found = {item.name: item for item in service.instances}
        if name not in found:
            message = f'service {service.name} has no instance "{name}"'
            raise InputError(message, hint=did_you_mean(name, found))
        return found[name]

    def _missing(self, kind: str, name: str, known: tuple[str, ...]) -> NoReturn:
        if name not in known:
            raise InputError(f'there is no {kind} "{name}"', hint=did_you_mean(name, known) if known else "write it")
        errors = [item for item in self.catalog.problems if item.is_error and f"/{name}/" in item.position.path]
        first = f": {errors[0]}" if errors else ""
        raise InputError(f"{kind} {name} has errors{first}", hint="`reconciler validate` lists them all")
