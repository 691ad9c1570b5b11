"""What the catalog asks of one resource, down to the document and the digest; or why that cannot be said yet.

Only real values are used: outputs in effect, never invented ones (design, section 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.bundle import Bundle
from reconciler.catalog.entities import CodeSource, Environment, Inputs, Instance, Pipeline, Service
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.identity import Target, desired_digest, environment_folder, instance_folder, pipeline_folder
from reconciler.model.keys import Key, Kind, environment_key, instance_key
from reconciler.model.versions import VersionLine
from reconciler.planning.reasons import Reason
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Record, VersionRecord
from reconciler.rendering.document import (
    CodeRepository,
    EnvironmentFacts,
    InstanceFacts,
    environment_document,
    inputs_of,
    instance_document,
    pipeline_document,
)


@dataclass(frozen=True)
class Desired:
    """One resource as it should be. `notes` are for the reader of the plan."""

    key: Key
    template: str
    version: VersionRecord
    bundle: Bundle = field(repr=False)
    document: Mapping[str, Json] = field(repr=False)
    target: Target
    environment: str = ""
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The desired digest."""
        return desired_digest(self.version.content, self.document, self.target)


def desired_of(world: World, key: Key) -> Desired | Blocked | None:
    """What the catalog asks of a key; None when it does not ask for it at all."""
    if key.kind is Kind.ENVIRONMENT:
        environment = world.catalog.environment(key.name)
        return _environment(world, environment) if environment is not None else None
    service = world.catalog.service(key.service or key.name)
    if service is None:
        return None
    if key.kind is Kind.PIPELINE:
        return _pipeline(world, service, service.pipeline) if service.pipeline is not None else None
    instance = next((item for item in service.instances if item.name == key.name), None)
    return _instance(world, service, instance) if instance is not None else None


def _environment(world: World, environment: Environment) -> Desired | Blocked:
    found = _version(world, environment.key, environment.template, environment.line)
    if isinstance(found, Blocked):
        return found
    version, bundle, notes = found
    inputs = _complete(bundle, Kind.ENVIRONMENT, environment.inputs, version)
    if isinstance(inputs, Blocked):
        return inputs
    document = environment_document(world.catalog.account, environment.template, environment.name, inputs)
    target = _target(world, environment.repository, environment_folder(environment.name))
    return Desired(environment.key, environment.template, version, bundle, document, target, notes=notes)


def _instance(world: World, service: Service, instance: Instance) -> Desired | Blocked:
    found = _version(world, instance.key, service.template, instance.line)
    if isinstance(found, Blocked):
        return found
    version, bundle, notes = found
    inputs = _complete(bundle, Kind.INSTANCE, instance.inputs, version)
    if isinstance(inputs, Blocked):
        return inputs
    environment = world.catalog.environment(instance.environment)
    assert environment is not None, "references are checked before anything is planned"
    here = world.book.get(instance.key).placed
    if here is not None and not here.destroy and here.environment != instance.environment:
        return immutable([f"the environment from {here.environment} to {instance.environment}"], instance.key)
    home = world.book.get(environment.key)
    made_of = world.environment_major(home) or (environment.template, environment.line.major)
    refused = _compatible(version, made_of, service.template, instance)
    if refused is not None:
        return refused
    if not home.has_success or home.effective is None:
        message = f"environment/{instance.environment} has not been provisioned yet, so its outputs are not known"
        hint = f"nothing to do: it goes on by itself once environment/{instance.environment} has succeeded"
        return Blocked(Reason.WAITING_FOR_ENVIRONMENT, message, hint, (str(environment.key),))
    if home.latest is not None and home.latest.status.is_running:
        notes = (*notes, f"environment/{instance.environment} is being updated: newer outputs may follow")
    facts = EnvironmentFacts(instance.environment, home.effective.outputs)
    account = world.catalog.account
    document = instance_document(
        account, service.template, service.name, instance.name, inputs, facts, _code(service.source)
    )
    folder = instance_folder(instance.environment, service.name, instance.name)
    target = _target(world, environment.repository, folder)
    return Desired(instance.key, service.template, version, bundle, document, target, instance.environment, notes)


def _pipeline(world: World, service: Service, pipeline: Pipeline) -> Desired | Blocked:
    found = _version(world, pipeline.key, service.template, pipeline.line)
    if isinstance(found, Blocked):
        return found
    version, bundle, notes = found
    inputs = _complete(bundle, Kind.PIPELINE, pipeline.inputs, version)
    if isinstance(inputs, Blocked):
        return inputs
    facts: list[InstanceFacts] = []
    waiting: list[str] = []
    for instance in service.instances:
        ready = _instance_facts(world.book.get(instance_key(service.name, instance.name)))
        if ready is None:
            waiting.append(str(instance.key))
        else:
            facts.append(ready)
    if waiting:
        message = f"{', '.join(waiting)} {'has' if len(waiting) == 1 else 'have'} not been provisioned yet"
        hint = "nothing to do: it goes on by itself once every instance has succeeded"
        return Blocked(Reason.WAITING_FOR_INSTANCES, message, hint, tuple(waiting))
    code = _code(service.source)
    document = pipeline_document(world.catalog.account, service.template, service.name, inputs, facts, code)
    target = _target(world, world.catalog.settings.pipelines_repository, pipeline_folder(service.name))
    return Desired(pipeline.key, service.template, version, bundle, document, target, notes=notes)


def _instance_facts(record: Record) -> InstanceFacts | None:
    """What a pipeline reads of an instance as it is in effect; None before its first success."""
    done = record.effective
    if done is None or not record.has_success:
        return None
    environment = done.document["environment"]
    facts = EnvironmentFacts(environment["name"], environment["outputs"])
    return InstanceFacts(record.key.name, inputs_of(Kind.INSTANCE, done.document), done.outputs, facts)


def _version(
    world: World, key: Key, template: str, line: VersionLine
) -> tuple[VersionRecord, Bundle, tuple[str, ...]] | Blocked:
    """The version that a line leads to, its bundle, and what a reader should know about the choice."""
    kind = key.kind.template_kind
    record = world.book.template(Key(kind, template))
    chosen = record.recommended(line) if line.minor is None else record.newest(line)
    if chosen is not None and not chosen.is_published:
        message = f"{kind}/{template}:{chosen.version} is a draft"
        hint = f'add "{chosen.version}" to spec.published in the template.yaml of {template}'
        return Blocked(Reason.VERSION_UNAVAILABLE, message, hint, (f"{kind}/{template}:{chosen.version}",))
    failed = [item for item in record.versions if item.is_failed and line.allows(item.version)]
    last_failure = failed[-1] if failed else None
    if chosen is None:
        message = f"{kind}/{template} has no version {line} that could be used"
        hint = "publish one, or correct `version:`"
        if last_failure is not None:
            message += f": {last_failure.version} failed to register"
            hint = f"correct the bundle; see `reconciler versions {kind}/{template}`"
        return Blocked(Reason.VERSION_UNAVAILABLE, message, hint, (f"{kind}/{template}:{line}",))
    notes: tuple[str, ...] = ()
    if last_failure is not None and last_failure.version > chosen.version:
        notes = (f"stays on {chosen.version}: {last_failure.version} failed to register ({last_failure.code})",)
    bundle = world.pinned(chosen.bundle, kind)
    if bundle is None or key.kind not in bundle.parts:
        message = f"{kind}/{template}:{chosen.version} has nothing to provision a {key.kind.words} with"
        hint = "use a version that has, or remove this resource from the catalog"
        return Blocked(Reason.VERSION_UNAVAILABLE, message, hint, (f"{kind}/{template}:{chosen.version}",))
    return chosen, bundle, notes


def _complete(bundle: Bundle, kind: Kind, inputs: Inputs, version: VersionRecord) -> dict[str, Json] | Blocked:
    """The inputs with defaults filled in, judged by the version's own schema: the one in the catalog may be newer."""
    input_type = bundle.input_type(kind)
    assert input_type is not None
    wrong = [f"{inputs.at(item.path)}: {item.message}" for item in input_type.violations(inputs.values)]
    if not inputs.tolerant:
        unknown = input_type.unknown(inputs.values)
        wrong += [f"{inputs.key_at(item.path)}: there is no input {'.'.join(map(str, item.path))}" for item in unknown]
    if wrong:
        what = "; ".join(wrong)
        hint = "correct the inputs, or use a version whose schema takes them"
        return Blocked(Reason.INVALID_INPUTS, f"version {version.version} does not take these inputs: {what}", hint)
    try:
        return input_type.complete(inputs.values)
    except InputError as error:  # nested defaults can explode
        return Blocked(Reason.INVALID_INPUTS, f"{inputs.at(())}: {error.message}", error.hint)


def immutable(changes: list[str], key: Key) -> Blocked:
    """What exists stays where it is and what it is made from: anything else would leave infrastructure behind."""
    message = f"{' and '.join(changes)} cannot be changed on a {key.kind.words} that exists"
    hint = "change it back; to move, add it under a new name and remove this one"
    return Blocked(Reason.IMMUTABLE, message, hint)


def _compatible(version: VersionRecord, made_of: tuple[str, int], template: str, instance: Instance) -> Blocked | None:
    template_and_major = f"{made_of[0]}:{made_of[1]}"
    if template_and_major in version.compatible:
        return None
    message = (
        f"service-template/{template}:{version.version} may run in {', '.join(version.compatible)}, "
        f"but environment/{instance.environment} is made from {template_and_major}"
    )
    hint = f"choose another environment or version, or list {template_and_major} in the template's registration file"
    return Blocked(Reason.INCOMPATIBLE_ENVIRONMENT, message, hint, (str(environment_key(instance.environment)),))


def _target(world: World, repository: str, folder: str) -> Target:
    found = world.catalog.repository(repository)
    assert found is not None, "references are checked before anything is planned"
    return Target(repository, found.branch, folder)


def _code(source: CodeSource) -> CodeRepository:
    return CodeRepository(source.connection, source.name, source.branch)
