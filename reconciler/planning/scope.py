"""Which keys a pass looks at: what changed since the cursor, and what is not settled. Work grows with the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.catalog.load import (
    COMPONENTS,
    CONNECTIONS,
    ENVIRONMENTS,
    REPOSITORIES,
    SERVICES,
    SETTINGS_FILE,
    TEMPLATES,
    Catalog,
)
from reconciler.model.keys import Key, Kind, component_key, environment_key, instance_key, is_name, pipeline_key
from reconciler.model.trees import Tree, changed_paths
from reconciler.records.book import RecordBook


@dataclass(frozen=True)
class Scope:
    """Templates to look for new versions of, keys to decide about, and the environments, services and components whose
    files are checked before. What is synced from elsewhere is looked at in every pass."""

    templates: frozenset[Key]
    keys: frozenset[Key]
    environments: frozenset[str]
    services: frozenset[str]
    components: frozenset[str] = frozenset()
    everything: bool = False

    def including(self, keys: frozenset[Key]) -> Scope:
        """The scope with keys that a person named."""
        return replace(self, keys=self.keys | keys)


def scope_of(catalog: Catalog, before: Tree | None, book: RecordBook) -> Scope:
    """The scope of a pass over `catalog`, when `before` was the tree of the last one handled. None: look at everything.

    A change of the settings, of a repository or of a connection concerns everybody.
    """
    paths = tuple(changed_paths(before, catalog.tree)) if before is not None else (SETTINGS_FILE,)
    if any(path == SETTINGS_FILE or path.startswith((REPOSITORIES + "/", CONNECTIONS + "/")) for path in paths):
        return _everything(catalog, book)
    environments = frozenset(_second(paths, ENVIRONMENTS))
    services = frozenset(_second(paths, SERVICES))
    components = frozenset(_second(paths, COMPONENTS))
    changed = [path for path in paths if path.startswith(TEMPLATES + "/")]
    known = catalog.templates() if changed else {}
    templates = frozenset(
        key for key, template in known.items() if any(path.startswith(template.path + "/") for path in changed)
    )
    keys = set(book.unsettled())
    left = _left_behind(book, environments.difference(catalog.environment_names()))
    if changed:
        left |= {user for template in book.template_keys() - known.keys() for user in book.users(template)}
    checked = services | {key.owner for key in keys | left if _is_of_service(key)}
    homes = environments | {key.name for key in left if key.kind is Kind.ENVIRONMENT}
    keys |= {environment_key(name) for name in environments}
    for name in services:
        keys |= service_keys(catalog, book, name)
    keys |= {component_key(name) for name in components}
    keys |= _neighbours(catalog, book, keys | left)
    components |= {key.name for key in keys | left if key.kind is Kind.COMPONENT}
    checked |= {key.owner for key in keys if _is_of_service(key)}
    synced = book.sync_keys()
    templates |= {key for key in synced if key.kind.is_template}
    checked |= {key.owner for key in synced if not key.kind.is_template and key.owner in catalog.service_names()}
    return Scope(
        templates & catalog.templates().keys() if templates else templates,
        frozenset(keys),
        homes,
        frozenset(checked),
        components,
    )


def _neighbours(catalog: Catalog, book: RecordBook, keys: set[Key]) -> set[Key]:
    """Instances and the components attached to them read one another: who changes brings the other along."""
    found: set[Key] = set()
    for key in keys:
        if key.kind is Kind.COMPONENT:
            component = catalog.component(key.name)
            found |= {component.instance} if component is not None and component.instance is not None else set()
        if key.kind in (Kind.COMPONENT, Kind.INSTANCE):
            found |= {user for user in book.users(key) if user.kind in (Kind.COMPONENT, Kind.INSTANCE)}
    return found


def _left_behind(book: RecordBook, gone: frozenset[str]) -> set[Key]:
    """Who runs in an environment that is not in the catalog any more: its file may still name it."""
    return {user for name in gone for user in book.users(environment_key(name))}


def _is_of_service(key: Key) -> bool:
    return key.kind in (Kind.INSTANCE, Kind.PIPELINE)


def service_keys(catalog: Catalog, book: RecordBook, name: str) -> set[Key]:
    """The keys of a service, as the catalog asks for them and as they are recorded."""
    service = catalog.service(name)
    keys = {key for key in book.service_keys(name) if book.get(key).is_live or book.get(key).is_unsettled}
    if service is not None:
        keys |= {instance_key(name, instance.name) for instance in service.instances}
        keys |= {pipeline_key(name)} if service.pipeline is not None else set()
    return keys


def _everything(catalog: Catalog, book: RecordBook) -> Scope:
    environments = frozenset(catalog.environment_names())
    services = frozenset(catalog.service_names())
    keys = set(book.unsettled())
    keys |= {environment_key(name) for name in environments}
    for name in services:
        keys |= service_keys(catalog, book, name)
    components = frozenset(catalog.component_names())
    keys |= {component_key(name) for name in components} | book.live_keys()
    return Scope(frozenset(catalog.templates()), frozenset(keys), environments, services, components, everything=True)


def _second(paths: Iterable[str], top: str) -> set[str]:
    """The names of the folders directly below `top` in which something changed."""
    parts = (path.split("/") for path in paths)
    return {part[1] for part in parts if part[0] == top and len(part) > 2 and is_name(part[1])}
