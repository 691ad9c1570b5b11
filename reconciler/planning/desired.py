"""What the catalog asks of one resource, down to the document and the digest; or why that cannot be said yet.

Only real values are used: outputs in effect, never invented ones (design, section 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.catalog.bundle import Part, content_id
from reconciler.catalog.entities import CodeSource, Component, Environment, Instance, Pipeline, Provisioning, Service
from reconciler.catalog.means import account_of, environment_means
from reconciler.catalog.registration import DIRECTLY_DEFINED
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.identity import (
    Target,
    component_folder,
    desired_digest,
    environment_folder,
    instance_folder,
    pipeline_folder,
)
from reconciler.model.keys import Key, Kind, component_key, environment_key, instance_key
from reconciler.model.trees import Tree
from reconciler.model.versions import Version, made_from
from reconciler.planning.choice import Choice, attachment_on_record, choose, complete, unmet
from reconciler.planning.reasons import Reason
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Record
from reconciler.rendering.document import (
    Attachment,
    CodeRepository,
    ComponentFacts,
    EnvironmentFacts,
    InstanceFacts,
    attached_to,
    component_document,
    environment_document,
    inputs_of,
    instance_document,
    pipeline_document,
)
from reconciler.rendering.folder import RenderingError, given_to_engine

# What others provision has no place of its own.
NOWHERE = Target("", "", "")


@dataclass(frozen=True)
class Desired:
    """One resource as it should be. `template` and `version` are empty and None for a component; `part` is None for an
    environment that others provision. `given` is all that the engine is given; `notes` are for the reader of the plan.
    """

    key: Key
    template: str
    version: Version | None
    bundle: Tree = field(repr=False)
    part: Part | None
    document: Mapping[str, Json] = field(repr=False)
    target: Target
    given: Json = field(default=None, repr=False)
    environment: str = ""
    reads: tuple[Key, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The desired digest."""
        return desired_digest(content_id(self.bundle), self.given, self.target)

    @property
    def made_from(self) -> str:
        """The template and its version, for people."""
        return made_from(self.template, self.version)


def desired_of(world: World, key: Key) -> Desired | Blocked | None:
    """What the catalog asks of a key; None when it does not ask for it at all."""
    found = _desired_of(world, key)
    if not isinstance(found, Desired):
        return found
    try:
        return replace(found, given=_given(world, found))
    except RenderingError as error:
        return Blocked(Reason.RENDERING_FAILED, error.message, error.hint)


def _desired_of(world: World, key: Key) -> Desired | Blocked | None:
    if key.kind is Kind.ENVIRONMENT:
        environment = world.catalog.environment(key.name)
        return _environment(world, environment) if environment is not None else None
    if key.kind is Kind.COMPONENT:
        component = world.catalog.component(key.name)
        return _component(world, component) if component is not None else None
    service = world.catalog.service(key.service or key.name)
    if service is None:
        return None
    if key.kind is Kind.PIPELINE:
        return _pipeline(world, service, service.pipeline) if service.pipeline is not None else None
    instance = next((item for item in service.instances if item.name == key.name), None)
    return _instance(world, service, instance) if instance is not None else None


def _given(world: World, desired: Desired) -> Json:
    if desired.part is None:
        return desired.document
    files = {path: desired.bundle.reader.read(blob) for path, blob in desired.part.files}
    made_from = desired.made_from if desired.version is not None else str(desired.key)
    where = f"{made_from} {desired.part.folder}".rstrip()
    return given_to_engine(desired.key, desired.document, desired.part.manifest, files, world.jinja, where)


def _environment(world: World, environment: Environment) -> Desired | Blocked:
    key = environment.key
    chosen = choose(world, key, environment.template, environment.line)
    if isinstance(chosen, Blocked):
        return chosen
    inputs = complete(world, key, chosen, environment.inputs)
    if isinstance(inputs, Blocked):
        return inputs
    document = environment_document(world.catalog.account, environment.template, environment.name, inputs)
    if chosen.part is None:
        target = NOWHERE
    else:
        means = environment_means(world.catalog, environment)
        refused = unmet(chosen.part.engine, key, means, environment.template)
        if refused is not None:
            return refused
        target = _target(world, key.kind, chosen.part.engine, means, environment_folder(environment.name))
    return _made(key, environment.template, chosen, document, target)


def _instance(world: World, service: Service, instance: Instance) -> Desired | Blocked:
    key = instance.key
    chosen = choose(world, key, service.template, instance.line)
    if isinstance(chosen, Blocked):
        return chosen
    assert chosen.part is not None
    inputs = complete(world, key, chosen, instance.inputs)
    if isinstance(inputs, Blocked):
        return inputs
    environment = world.catalog.environment(instance.environment)
    assert environment is not None, "references are checked before anything is planned"
    here = world.book.get(key).placed
    if here is not None and not here.destroy and here.environment != instance.environment:
        return immutable([f"the environment from {here.environment} to {instance.environment}"], key)
    made_of = world.environment_major(world.book.get(environment.key))
    refused = _compatible(chosen, made_of or (environment.template, environment.line.major), service.template, instance)
    means = environment_means(world.catalog, environment)
    refused = refused or unmet(chosen.part.engine, key, means, service.template, environment.name)
    if refused is not None:
        return refused
    home = _home(world, environment, chosen.notes)
    component = _attached(world, key)
    for waiting in (home, component):
        if isinstance(waiting, Blocked):
            return waiting
    assert not isinstance(home, Blocked)
    assert not isinstance(component, Blocked)
    facts, notes = home
    document = instance_document(
        world.catalog.account,
        service.template,
        service.name,
        instance.name,
        inputs,
        facts,
        _code(service.source),
        component,
    )
    folder = instance_folder(instance.environment, service.name, instance.name)
    target = _target(world, key.kind, chosen.part.engine, means, folder)
    reads = (environment.key, *((component_key(component.name),) if component is not None else ()))
    made = _made(key, service.template, chosen, document, target)
    return replace(made, environment=environment.name, reads=reads, notes=notes)


def _component(world: World, component: Component) -> Desired | Blocked:
    catalog, key = world.catalog, component.key
    part = catalog.component_part(component)[0]
    attached = _attachment(world, component) if component.attach_to is not None else None
    if isinstance(attached, Blocked):
        return attached
    name = attached[1].environment if attached is not None else component.environment
    environment = catalog.environment(name)
    assert part is not None, "files are checked before anything is planned"
    assert environment is not None, "references are checked before anything is planned"
    means = environment_means(catalog, environment)
    refused = unmet(part.engine, key, means, component.name, environment.name) or _retargeted(world, component)
    if refused is not None:
        return refused
    home = _home(world, environment, ())
    if isinstance(home, Blocked):
        return home
    facts, notes = home
    document = component_document(catalog.account, component.name, facts, attached[0] if attached is not None else None)
    target = _target(world, key.kind, part.engine, means, component_folder(environment.name, component.name))
    reads = (environment.key, *((component.instance,) if component.instance is not None else ()))
    return Desired(
        key,
        "",
        None,
        component.bundle,
        part,
        document,
        target,
        environment=environment.name,
        reads=reads,
        notes=notes,
    )


def _attachment(world: World, component: Component) -> tuple[Attachment, Instance] | Blocked:
    """What an attached component reads of its instance; or why it may not be attached (reference, CMP-3)."""
    key = component.instance
    assert key is not None
    service = world.catalog.service(key.service)
    instance = next((item for item in service.instances if item.key == key), None) if service is not None else None
    if service is None or instance is None:
        message = f"{key}, which it is attached to, cannot be read"
        return Blocked(Reason.WAITING_FOR_INSTANCES, message, "see what is said of that service", (str(key),))
    twins = sorted(str(item.key) for item in world.components_of(key) if item.name != component.name)
    if twins:
        message = f"{key} has a component already: {', '.join(twins)}"
        return Blocked(Reason.INSTANCE_TAKEN, message, "attach one of them elsewhere", tuple(twins))
    chosen = choose(world, key, service.template, instance.line)
    if isinstance(chosen, Blocked):
        return chosen
    assert chosen.version is not None
    is_new = attachment_on_record(world.book.get(component.key)) != key
    if is_new and DIRECTLY_DEFINED not in chosen.version.component_sources:  # what is attached stays so (VER-20)
        message = f"service-template/{service.template}:{chosen.version.version} takes no components"
        hint = f"ask its owners to list supported_component_sources: [{DIRECTLY_DEFINED}], or detach the component"
        return Blocked(Reason.COMPONENTS_NOT_SUPPORTED, message, hint, (str(key),))
    inputs = complete(world, key, chosen, component.inputs or instance.inputs)
    if isinstance(inputs, Blocked):
        return inputs
    return Attachment(service.name, instance.name, inputs), instance


def _retargeted(world: World, component: Component) -> Blocked | None:
    """From one instance to another there is no direct way: a component is detached first (reference, CMP-6)."""
    before = attachment_on_record(world.book.get(component.key))
    if before is None or component.instance is None or before == component.instance:
        return None
    message = f"it is attached to {before}, and would go straight to {component.instance}"
    hint = "detach it first, with environment: in place of attachTo:, and attach it again once that has succeeded"
    return Blocked(Reason.IMMUTABLE, message, hint)


def _attached(world: World, key: Key) -> ComponentFacts | Blocked | None:
    """What an instance reads of its component; a reason to wait until that has succeeded once."""
    found = world.components_of(key)
    if not found:
        return None
    component = min(found, key=lambda item: item.name)
    record = world.book.get(component.key)
    if not record.has_success or record.effective is None or attached_to(record.effective.document) != key:
        message = f"{component.key} is attached to it and has not been provisioned yet, so its outputs are not known"
        hint = f"nothing to do: it goes on by itself once {component.key} has succeeded"
        return Blocked(Reason.WAITING_FOR_COMPONENT, message, hint, (str(component.key),))
    return ComponentFacts(component.name, record.effective.outputs)


def _home(
    world: World, environment: Environment, notes: tuple[str, ...]
) -> tuple[EnvironmentFacts, tuple[str, ...]] | Blocked:
    """What may be read of an environment, with the notes so far; a reason to wait until it has succeeded once."""
    record = world.book.get(environment.key)
    if not record.has_success or record.effective is None:
        message = f"{environment.key} has not been provisioned yet, so its outputs are not known"
        hint = f"nothing to do: it goes on by itself once {environment.key} has succeeded"
        return Blocked(Reason.WAITING_FOR_ENVIRONMENT, message, hint, (str(environment.key),))
    if record.latest is not None and record.latest.status.is_running:
        notes = (*notes, f"{environment.key} is being updated: newer outputs may follow")
    account = account_of(world.catalog, environment)
    return EnvironmentFacts(environment.name, account, record.effective.outputs), notes


def _pipeline(world: World, service: Service, pipeline: Pipeline) -> Desired | Blocked:
    chosen = choose(world, pipeline.key, service.template, pipeline.line)
    if isinstance(chosen, Blocked):
        return chosen
    assert chosen.part is not None
    inputs = complete(world, pipeline.key, chosen, pipeline.inputs)
    if isinstance(inputs, Blocked):
        return inputs
    means = world.catalog.settings.pipelines
    refused = unmet(chosen.part.engine, pipeline.key, means, service.template)
    if refused is not None:
        return refused
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
    target = _target(world, pipeline.key.kind, chosen.part.engine, means, pipeline_folder(service.name))
    return _made(pipeline.key, service.template, chosen, document, target)


def _made(key: Key, template: str, chosen: Choice, document: Mapping[str, Json], target: Target) -> Desired:
    version = chosen.version.version
    return Desired(key, template, version, chosen.bundle.tree, chosen.part, document, target, notes=chosen.notes)


def _instance_facts(record: Record) -> InstanceFacts | None:
    """What a pipeline reads of an instance as it is in effect; None before its first success."""
    done = record.effective
    if done is None or not record.has_success:
        return None
    environment = done.document["environment"]
    facts = EnvironmentFacts(environment["name"], environment["account_id"], environment["outputs"])
    return InstanceFacts(record.key.name, inputs_of(Kind.INSTANCE, done.document), done.outputs, facts)


def immutable(changes: list[str], key: Key) -> Blocked:
    """What exists stays where it is and what it is made from: anything else would leave infrastructure behind."""
    message = f"{' and '.join(changes)} cannot be changed on an existing {key.kind.words}"
    hint = "change it back; to move, add it under a new name and remove this one"
    return Blocked(Reason.IMMUTABLE, message, hint)


def _compatible(chosen: Choice, made_of: tuple[str, int], template: str, instance: Instance) -> Blocked | None:
    template_and_major = f"{made_of[0]}:{made_of[1]}"
    if template_and_major in chosen.version.compatible:
        return None
    message = (
        f"service-template/{template}:{chosen.version.version} may run in {', '.join(chosen.version.compatible)}, "
        f"but environment/{instance.environment} is made from {template_and_major}"
    )
    hint = f"choose another environment or version, or list {template_and_major} in the template's registration file"
    return Blocked(Reason.INCOMPATIBLE_ENVIRONMENT, message, hint, (str(environment_key(instance.environment)),))


def _target(world: World, kind: Kind, engine: Engine, means: Provisioning, folder: str) -> Target:
    if engine is not Engine.TERRAFORM:
        return Target("", "", folder)
    found = world.catalog.repository(means.repository)
    assert found is not None, "references are checked before anything is planned"
    if found.environments_folder and kind is not Kind.PIPELINE:
        folder = f"{found.environments_folder}/{folder}"  # the guide's other layout (reference, LAY-1)
    return Target(means.repository, found.branch, folder)


def _code(source: CodeSource) -> CodeRepository:
    return CodeRepository(source.connection, source.name, source.branch)
