"""Service sync: which instances a service has, and their specs, read from the application's repository (reference,
section 5). What cannot be read now stays as it was read last, and what is not listed any more is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from reconciler.catalog.checks import instance_problems, pipeline_problems
from reconciler.catalog.discovery import Note
from reconciler.catalog.entities import Instance, Pipeline, Service, Sync
from reconciler.catalog.opsfile import OpsFile, OpsInstance, read_ops
from reconciler.catalog.parse import synced_instance, synced_pipeline
from reconciler.catalog.servicesync import (
    Read,
    Taken,
    evidence_of,
    fault_of,
    kept_file,
    listed_twice,
    part_unlisted,
    read_spec,
    read_text,
    service_unlisted,
    take,
)
from reconciler.model.keys import Key, Kind, pipeline_key
from reconciler.model.problems import Problem
from reconciler.model.revisions import Revision
from reconciler.planning.reasons import Reason
from reconciler.planning.synced import UNREACHABLE
from reconciler.planning.syncing import Looking, sync_templates
from reconciler.records.record import Blocked
from reconciler.records.sync import SyncRecord

LISTED_TWICE = "listed-twice"
_NOTHING = OpsFile({})


def sync_catalog(looking: Looking, templates: Iterable[Key], services: Iterable[str]) -> None:
    """Syncs these templates and services, and all that are on record."""
    keys, names, catalog = set(templates), set(services), looking.catalog
    services_here = (service for service in map(catalog.service, names) if service is not None)
    looking.expect(chain((catalog.templates()[key].sync for key in keys), (item.sync for item in services_here)))
    sync_templates(looking, keys)
    sync_services(looking, names)


def sync_services(looking: Looking, names: Iterable[str]) -> None:
    """Puts the instances and pipelines of synced services into the catalog: of those named, and all on record."""
    recorded: dict[str, set[Key]] = {}
    for key in looking.book.sync_keys():
        if not key.kind.is_template:
            recorded.setdefault(key.owner, set()).add(key)
    for name in sorted({*recorded, *names}):
        service, keys = looking.catalog.service(name), recorded.get(name, set())
        if service is not None and (service.sync is not None or keys):
            _ServiceSync(looking, service, keys).run()
        elif name not in looking.catalog.service_names():
            for key in keys:
                looking.book.drop_sync(key)


@dataclass(frozen=True)
class _Spec:
    """A spec that is used: fresh, or the last good one."""

    item: OpsInstance
    taken: Taken
    place: Revision


class _ServiceSync:
    def __init__(self, looking: Looking, service: Service, recorded: set[Key]) -> None:
        self.looking = looking
        self.service = service
        self.recorded = recorded
        self.key = Key(Kind.SERVICE, service.name)
        self.instances = list(service.instances)
        self.specs: list[_Spec] = []
        self.handled = {self.key}

    def run(self) -> None:
        """All of one service."""
        ops: OpsFile | None = _NOTHING
        if self.service.sync is not None:
            ops = self._ops(self.service.sync)
        else:
            self.looking.book.drop_sync(self.key)
        if ops is None:
            own = {self.key, *(instance.key for instance in self.instances)}
            for key in sorted(self.recorded - own, key=str):
                self._block(key, Note("", "the ops file could not be read yet", "see `reconciler sync`"))
            return
        listed = ops.services.get(self.service.name, ())
        self._expect(listed)
        for key, problems in ops.faults.items():
            if key.service == self.service.name:
                self._unusable(key, problems)
        for item in listed:
            self.handled.add(item.key)
            if not self._listed_twice(item):
                self._instance(item)
        self._pipeline()
        self._leftovers()
        self.looking.catalog.put_service(replace(self.service, instances=tuple(self.instances)))

    def _ops(self, sync: Sync) -> OpsFile | None:
        """The ops file, else the last good one."""
        looking, place = self.looking, self.looking.place(sync)
        found = self._take(place, read_text)
        if found is None:
            return self._kept_ops()
        place, taken = found
        if isinstance(taken, Note):
            looking.record(self.key, looking.attempt(place, taken))
            return self._kept_ops()
        ops, problems = read_ops(taken.file)
        if ops is None:
            looking.record(self.key, looking.attempt(place, fault_of(problems), taken.tree.id))
            return self._kept_ops()
        said = {problem for faults in ops.faults.values() for problem in faults}
        warnings = (*taken.warnings, *(str(problem) for problem in problems if problem not in said))
        fault = None if self.service.name in ops.services else service_unlisted(ops, str(place), self.service.name)
        looking.record(self.key, looking.attempt(place, fault, taken.tree.id, warnings))
        if fault is None:
            looking.book.pin(taken.tree)
        return ops

    def _kept_ops(self) -> OpsFile | None:
        kept = self._kept(self.key, read_text)
        return read_ops(kept[1].file)[0] if kept is not None else None

    def _expect(self, listed: Iterable[OpsInstance]) -> None:
        """One look for all branches that specs are on."""
        if self.service.sync is not None:
            branches = dict.fromkeys(item.branch for item in listed)
            if branches:
                self.looking.look(self.service.sync.repository, branches)

    def _take(self, place: Revision, read: Read) -> tuple[Revision, Taken | Note] | None:
        """A file at a place, or why it cannot be had; None where nobody looks."""
        seen = self.looking.branch(place)
        if seen is None:
            return None
        if isinstance(seen, Note):
            return place, seen
        place = replace(place, sha=seen.sha)
        return place, take(seen.tree, place.directory, str(place), read)

    def _kept(self, key: Key, read: Read) -> tuple[Revision, Taken] | None:
        """The file that a key was read from last, when it was good."""
        record = self.looking.book.sync(key)
        good = record.state.latest_successful if record is not None else None
        tree = self.looking.book.bundle(good.content) if good is not None else None
        taken = kept_file(tree, str(good.target), read) if good is not None and tree is not None else None
        return (good.target, taken) if good is not None and taken is not None else None

    def _unusable(self, key: Key, problems: tuple[Problem, ...]) -> None:
        """An instance whose entry in the ops file says no place."""
        self.handled.add(key)
        assert self.service.sync is not None
        fault = fault_of(problems)
        self._record(key, self.looking.place(self.service.sync), fault)
        self._fall_back(OpsInstance(key, "", "", problems[0].position, problems[0].position), fault)

    def _listed_twice(self, item: OpsInstance) -> bool:
        """True while the catalog's own word on an instance counts: until it is gone, or a person lets Git win."""
        own = next((instance for instance in self.service.instances if instance.key == item.key), None)
        book, moment = self.looking.book, self.looking.moment
        record = book.sync(item.key)
        if own is None:
            if record is not None and any(blocker.cause == LISTED_TWICE for blocker in record.active):
                book.put_sync(_all_resolved(record, moment.now))
            return False
        contexts = {"branch": item.branch, "spec": item.spec}
        reason = f"{item.key} is listed in {own.inputs.file.path} as well"
        record = (record or SyncRecord(item.key)).blocked(
            LISTED_TWICE, reason, evidence_of(own), moment.now, lineage=moment.lineage, contexts=contexts
        )
        book.put_sync(record)
        if any(blocker.cause == LISTED_TWICE for blocker in record.active):
            self.looking.catalog.add_problems([listed_twice(own, item)])
            return True
        self.instances.remove(own)
        self.looking.synced.keys.add(item.key)  # what counts has changed, though neither may have
        return False

    def _instance(self, item: OpsInstance) -> None:
        assert self.service.sync is not None
        place = Revision(self.service.sync.repository, item.branch, item.spec)
        found = self._take(place, read_spec)
        if found is None:
            self._fall_back(item, Note("", f"{place} is not known here", "see `reconciler sync`"))
            return
        place, taken = found
        instance, fault = self._read(taken, item) if isinstance(taken, Taken) else (None, taken)
        if instance is None or not isinstance(taken, Taken) or fault is not None:
            assert fault is not None
            self._record(item.key, place, fault, taken.tree.id if isinstance(taken, Taken) else "")
            self._fall_back(item, fault)
            return
        self._record(item.key, place, None, taken.tree.id, taken.warnings)
        self.looking.book.pin(taken.tree)
        self._use(_Spec(item, taken, place), instance)

    def _read(self, taken: Taken, item: OpsInstance) -> tuple[Instance | None, Note | None]:
        """The instance in a spec file; or what is wrong with it, here or beside what else the catalog has."""
        instance, problems = synced_instance(taken.file, self.service, item.key.name)
        if instance is not None:
            problems += instance_problems(self.looking.catalog, instance, self.instances)
        wrong = any(problem.is_error for problem in problems)
        return (None, fault_of(problems)) if wrong else (instance, None)

    def _fall_back(self, item: OpsInstance, fault: Note) -> None:
        """The last good spec; without one nothing can be done."""
        kept = self._kept(item.key, read_spec)
        instance, wrong = self._read(kept[1], item) if kept is not None else (None, None)
        if kept is None or instance is None:
            self._block(item.key, wrong or fault)
        else:
            self._use(_Spec(item, kept[1], kept[0]), instance)

    def _use(self, spec: _Spec, instance: Instance) -> None:
        self.instances.append(instance)
        self.specs.append(spec)

    def _record(
        self, key: Key, place: Revision, fault: Note | None, content: str = "", warnings: tuple[str, ...] = ()
    ) -> None:
        """What a repository that does not answer means is said once, for the service."""
        if fault is not None and fault.code == UNREACHABLE:
            return
        if self.looking.record(key, self.looking.attempt(place, fault, content, warnings)):
            self.looking.synced.keys.add(key)

    def _pipeline(self) -> None:
        """The first instance whose spec has a pipeline says it, unless the service's own file does."""
        found = [spec for spec in self.specs if spec.taken.file.data.get("pipeline") is not None]
        if self.service.pipeline is not None or not found:
            return
        key, first = pipeline_key(self.service.name), found[0]
        self.handled.add(key)
        pipeline, problems = synced_pipeline(first.taken.file, self.service)
        problems += pipeline_problems(self.looking.catalog, pipeline)
        if any(problem.is_error for problem in problems):
            fault = fault_of(problems)
            self._record(key, first.place, fault, first.taken.tree.id)
            self._block(key, fault)
            return
        self._record(key, first.place, None, first.taken.tree.id, tuple(_others(first, found)))
        self._put_pipeline(pipeline)

    def _put_pipeline(self, pipeline: Pipeline | None) -> None:
        self.service = replace(self.service, pipeline=pipeline)

    def _leftovers(self) -> None:
        """What was synced once and is not any more: the catalog's own business now, or left alone."""
        looking, own = self.looking, {instance.key for instance in self.service.instances}
        if self.service.pipeline is not None:
            own.add(pipeline_key(self.service.name))
        for key in sorted(self.recorded - self.handled, key=str):
            record, known = looking.book.sync(key), looking.book.get(key)
            if key in own or record is None or not known.is_live:
                looking.book.drop_sync(key)
                continue
            fault = part_unlisted(str(key))
            latest = record.state.latest
            target = replace(latest.target, sha="") if latest is not None else Revision("", "")
            self._record(key, target, fault)
            self._block(key, fault)
            looking.synced.kept.add(key)

    def _block(self, key: Key, fault: Note) -> None:
        if key not in self.looking.synced.blocked:
            message = f"[{fault.code}] {fault.message}" if fault.code else fault.message
            hint = fault.hint or "correct it in the repository that it is synced from"
            self.looking.synced.blocked[key] = Blocked(Reason.SYNC_FAILED, message, hint)
        known = self.looking.book.get(key)
        if known.blocked is None:
            self.looking.synced.keys.add(key)


def _others(first: _Spec, found: Iterable[_Spec]) -> Iterator[str]:
    for spec in found:
        if spec.taken.file.data["pipeline"] != first.taken.file.data["pipeline"]:
            yield f"[SYNC_AMBIGUOUS] {first.place} says what the pipeline is; {spec.place} says something else"


def _all_resolved(record: SyncRecord, now: str) -> SyncRecord:
    for blocker in record.active:
        if blocker.cause == LISTED_TWICE:
            record = record.resolved(blocker.id, "the catalog does not list it any more", now)
    return record.rearmed(LISTED_TWICE)
