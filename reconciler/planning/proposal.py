"""A pull request as it will be opened: everything nameable is named here, so that applying decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.bundle import pinned_part
from reconciler.model.identity import account_of_arn
from reconciler.model.trees import Tree, blob_id
from reconciler.records.record import Deployment
from reconciler.rendering.folder import render_folder
from reconciler.rendering.jinja import Jinja
from reconciler.rendering.pull_request import Subject, body, what_changes
from reconciler.rendering.terraform import Rendering


@dataclass(frozen=True)
class Proposal:
    """What one deployment puts on its branch: files to write and to remove, by path inside the target folder."""

    deployment: Deployment
    files: Mapping[str, bytes] = field(repr=False)
    remove: tuple[str, ...]
    body: str = field(repr=False)


def files_of(deployment: Deployment, bundle: Tree, jinja: Jinja) -> dict[str, bytes]:
    """The files of a deployment, from its record and its pinned bundle alone; none of what others provision."""
    try:
        manifest, files = pinned_part(bundle, deployment.key.kind)
    except KeyError:
        return {}
    rendering = Rendering(
        account=account_of_arn(deployment.document["//"]),
        key=deployment.key,
        template=deployment.template,
        version=str(deployment.version or ""),
        environment=deployment.environment,
        document=deployment.document,
        files=files,
    )
    return render_folder(rendering, manifest, deployment.id, jinja, deleted=deployment.destroy)


def blob_ids(files: Mapping[str, bytes]) -> dict[str, str]:
    """The ids that Git gives the files."""
    return {path: blob_id(data) for path, data in files.items()}


def propose(
    deployment: Deployment, bundle: Tree, placed: Deployment | None, timeout_days: int, jinja: Jinja
) -> Proposal:
    """The proposal of a deployment that is claimed. Managed files that it no longer renders are removed, but for a
    deletion: Terraform needs the configuration in order to destroy."""
    files = files_of(deployment, bundle, jinja)
    stale = () if placed is None or deployment.destroy else tuple(sorted(placed.files.keys() - files.keys()))
    subject = Subject(
        key=str(deployment.key),
        arn=deployment.document["//"],
        deployment_id=deployment.id,
        made_from=deployment.made_from,
        folder=deployment.target.folder,
        catalog_commit=deployment.catalog_commit,
        requested_by=deployment.requested_by,
        what=what_changes(deployment.title),
        replaces=deployment.replaces,
        destroy=deployment.destroy,
        timeout_days=timeout_days,
    )
    return Proposal(deployment, files, stale, body(subject))
