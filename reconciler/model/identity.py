"""Every name that is derived, in one place: ARNs, folders, branches, deployment ids, digests.

All of them are functions of what was asked for, so that two reconcilers with the same view compute the same names
(design, section 4), and a repeated effect meets its own earlier result.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from reconciler.model.documents import Json, digest
from reconciler.model.keys import Key, find_key

DIGEST_FORMAT = 1
RECORDS_BRANCH = "reconciler/records"
REPORTS_BRANCH = "reconciler/reports"
_NAMESPACE = uuid.UUID("6f0d7f52-2f0e-5c0b-9a57-0a8f3f6f1d11")


@dataclass(frozen=True)
class Account:
    """The account and region that stand in ARNs. Nothing needs them to exist."""

    id: str = "000000000000"
    region: str = "us-east-1"

    def arn(self, key: Key) -> str:
        """The ARN of a resource, as Proton wrote it (reference 15.2)."""
        return f"arn:aws:proton:{self.region}:{self.id}:{key}"


def key_of_arn(arn: str) -> Key | None:
    """The key inside an ARN, or None for anything else."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "proton":
        return None
    return find_key(parts[5])


def account_of_arn(arn: str) -> Account:
    """The account and region inside the ARN of a resource."""
    parts = arn.split(":")
    return Account(parts[4], parts[3])


def environment_folder(environment: str) -> str:
    """The folder of an environment in its infrastructure repository."""
    return environment


def instance_folder(environment: str, service: str, instance: str) -> str:
    """The folder of a service instance; `a-b`+`c` and `a`+`b-c` share one, which validation refuses."""
    return f"{environment}/{service}-{instance}"


def component_folder(environment: str, component: str) -> str:
    """The folder of a component; no instance shares it, since the folder of an instance has a hyphen in its name."""
    return f"{environment}/components/{component}"


def pipeline_folder(service: str) -> str:
    """The folder of a service's pipeline in the pipeline repository."""
    return f"{service}/pipeline"


def branch_name(key: Key, deployment_id: str, *, destroy: bool = False) -> str:
    """The branch of one deployment: never reused, since the id never comes again."""
    return f"reconciler/{'destroy/' if destroy else ''}{key}/{deployment_id[:8]}"


def deployment_id(lineage: str, key: Key, number: int, desired_digest: str) -> str:
    """The id of the `number`-th deployment this key has ever had, deletions included."""
    return str(uuid.uuid5(_NAMESPACE, f"{lineage}\n{key}\n{number}\n{desired_digest}"))


@dataclass(frozen=True)
class Target:
    """Where a resource is rendered to: a Repository of the catalog by name, its branch, a folder without slashes at
    the ends. What is not provisioned through pull requests has no repository."""

    repository: str
    branch: str
    folder: str

    @property
    def is_repository(self) -> bool:
        """True for what is provisioned through pull requests."""
        return bool(self.repository)


def destruction_digest(placed: str) -> str:
    """The desired digest of the destruction of what was deployed with this digest."""
    return digest({"destroy": placed})


def desired_digest(content: str, document: Json, target: Target) -> str:
    """What decides whether anything has to happen: equal digest, nothing to do.

    `content` identifies the bundle without its registration file; `document` is all that the engine is given. The
    header's wording, the deployment id and the program's version are left out on purpose (design, section 4).
    """
    where = [target.repository, target.branch, target.folder]
    return digest({"format": DIGEST_FORMAT, "content": content, "document": document, "target": where})
