"""Which keys a pass looks at: what changed since the cursor, and what is not settled. Work grows with the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.catalog.load import ENVIRONMENTS, REPOSITORIES, SERVICES, SETTINGS_FILE, TEMPLATES, Catalog
from reconciler.model.keys import Key, Kind, environment_key, instance_key, is_name, pipeline_key
from reconciler.model.trees import Tree, changed_paths
from reconciler.records.book import RecordBook


@dataclass(frozen=True)
class Scope:
    """Templates to look for new versions of, keys to decide about, and the environments and services whose files are
    checked before."""

    templates: frozenset[Key]
    keys: frozenset[Key]
    environments: frozenset[str]
    services: frozenset[str]
    everything: bool = False

    def including(self, keys: frozenset[Key]) -> Scope:
        """The scope with keys that a person named."""
        return replace(self, keys=self.keys | keys)


def scope_of(catalog: Catalog, before: Tree | None, book: RecordBook) -> Scope:
    """The scope of a pass over `catalog`, when `before` was the tree of the last one handled. None: look at everything.

    A change of the settings or of a repository concerns everybody.
    """
    paths = tuple(changed_paths(before, catalog.tree)) if before is not None else (SETTINGS_FILE,)
    if any(path == SETTINGS_FILE or path.startswith(REPOSITORIES + "/") for path in paths):
        return _everything(catalog, book)
    environments = frozenset(_second(paths, ENVIRONMENTS))
    services = frozenset(_second(paths, SERVICES))
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
    return Scope(templates, frozenset(keys), homes, frozenset(checked))


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
    for template in book.template_keys():
        keys |= book.users(template)
    keys |= {environment_key(name) for name in environments}
    for name in services:
        keys |= service_keys(catalog, book, name)
    return Scope(frozenset(catalog.templates()), frozenset(keys), environments, services, everything=True)


def _second(paths: Iterable[str], top: str) -> set[str]:
    """The names of the folders directly below `top` in which something changed."""
    parts = (path.split("/") for path in paths)
    return {part[1] for part in parts if part[0] == top and len(part) > 2 and is_name(part[1])}
