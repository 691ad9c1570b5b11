"""Where things lie on the records branch.

    lineage.json  cursor.json
    resources/environment/<shard>/<name>.json
    resources/service/<shard>/<service>/service-instance/<name>.json    .../pipeline.json
    resources/environment-template/<shard>/<name>.json                  (and service-template)
    index/unsettled/<key>                      what every pass has to look at
    index/users/<template key>/<shard>/<key>   who follows a template; with it, which resources are live
    index/users/environment/<name>/<shard>/<key>       which service instances run in an environment
    bundles/<tree id>/                         every bundle that a version was cut from, every spec file that was synced
    syncs/<as below resources>                 what came of syncing a template, a service, its instances and pipeline

A shard is two hexadecimal digits of a hash of the top-level name, so that no folder grows with the fleet and a write
costs the same at any size. Index entries are empty files: they are listed, never read.
"""

from __future__ import annotations

import hashlib

from reconciler.model.keys import Key, Kind, find_key

LINEAGE = "lineage.json"
CURSOR = "cursor.json"
UNSETTLED = "index/unsettled"
SYNCS = "syncs"
_USERS = "index/users"
_RESOURCES = "resources"


def shard(name: str) -> str:
    """Two hexadecimal digits that spread names evenly."""
    return hashlib.sha256(name.encode()).hexdigest()[:2]


def record_path(key: Key) -> str:
    """The file of a record."""
    return _path(_RESOURCES, key)


def sync_path(key: Key) -> str:
    """The file of a sync record."""
    return _path(SYNCS, key)


def _path(top: str, key: Key) -> str:
    kind, _, rest = str(key).partition("/")
    return f"{top}/{kind}/{shard(key.owner)}/{rest}.json"


def service_folder(service: str) -> str:
    """The folder that holds the records of a service's instances and pipeline."""
    return f"{_RESOURCES}/service/{shard(service)}/{service}"


def kind_folder(kind: Kind) -> str:
    """The folder of all records whose keys start with a kind."""
    return f"{_RESOURCES}/{kind.value}"


def key_of_path(path: str) -> Key | None:
    """The key of the file of a record or of a sync record, or None for any other path."""
    parts = path.split("/")
    if len(parts) < 4 or parts[0] not in (_RESOURCES, SYNCS) or not path.endswith(".json"):
        return None
    return find_key("/".join([parts[1], *parts[3:]]).removesuffix(".json"))


def bundle_path(tree: str) -> str:
    """Where a bundle is pinned."""
    return f"bundles/{tree}"


def unsettled_path(key: Key) -> str:
    """The index entry of a key that is not settled."""
    return f"{UNSETTLED}/{key}"


def users_folder(used: Key) -> str:
    """The folder that lists who uses a template or an environment."""
    return f"{_USERS}/{used}"


def user_path(used: Key, user: Key) -> str:
    """The index entry that says `user` uses `used`."""
    return f"{users_folder(used)}/{shard(user.owner)}/{user}"
