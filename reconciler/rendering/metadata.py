"""`.proton/deployment-metadata.json`: the file that existing automation triggers on and reads.

What is merged is what this file says on the target branch (design, section 4).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.model.identity import Account, key_of_arn
from reconciler.model.keys import Key, Kind, environment_key
from reconciler.model.reports import DELETED_ID
from reconciler.rendering.jsonstyle import proton_json

METADATA_FILE = ".proton/deployment-metadata.json"
MAX_METADATA_BYTES = 64 * 1024


@dataclass(frozen=True)
class Metadata:
    """What a folder says of itself. `deployment_id` is the literal `<proton-resource-deleted>` in a deletion."""

    key: Key
    arn: str
    deployment_id: str
    deleted: bool = False


def metadata_text(
    account: Account,
    key: Key,
    deployment: str,
    *,
    template: str,
    version: str,
    environment: str,
    attached_to: Key | None = None,
    deleted: bool,
) -> str:
    """The file for one deployment. `version` is `major.minor`; `environment` is named for service instances and
    components, which have no template; `attached_to` is the instance of an attached component."""
    what = {"deploymentId": DELETED_ID if deleted else deployment, "isResourceDeleted": deleted}
    if key.kind is Kind.COMPONENT:
        return proton_json({**what, "componentMetadata": _component(account, key, environment, attached_to)})
    major, minor = version.split(".")
    resource = {
        "arn": account.arn(key),
        "templateArn": account.arn(Key(key.kind.template_kind, template)),
        "templateMajorVersion": major,
        "templateMinorVersion": minor,
    }
    if key.kind is Kind.INSTANCE:
        resource["environmentArn"] = account.arn(environment_key(environment))
    return proton_json({**what, "resourceMetadata": resource})


def _component(account: Account, key: Key, environment: str, attached_to: Key | None) -> dict[str, str]:
    found = {"arn": account.arn(key), "environmentArn": account.arn(environment_key(environment))}
    if attached_to is not None:
        found["serviceArn"] = account.arn(Key(Kind.SERVICE, attached_to.service))
        found["serviceInstanceArn"] = account.arn(attached_to)
    return {**found, "componentType": "default"}


def read_metadata(data: bytes) -> Metadata | None:
    """What a metadata file says, ours or Proton's own (the earliest lack `isResourceDeleted`); None if it says nothing
    that can be understood."""
    try:
        document = json.loads(data)
        resource = document.get("resourceMetadata") or document.get("componentMetadata")
        arn, deployment = resource["arn"], document["deploymentId"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    key = key_of_arn(arn) if isinstance(arn, str) else None
    if key is None or not isinstance(deployment, str) or not (deployment.isascii() and deployment.isprintable()):
        return None
    return Metadata(key, arn, deployment, document.get("isResourceDeleted") is True)
