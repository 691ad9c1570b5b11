"""Title and body of a pull request, for the person who reviews it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.reports import DELETED_ID


@dataclass(frozen=True)
class Subject:
    """What a pull request is about. `replaces` is the URL of the one that was closed for it, or empty."""

    key: str
    arn: str
    deployment_id: str
    made_from: str
    folder: str
    catalog_commit: str
    requested_by: str
    what: str
    replaces: str
    destroy: bool
    timeout_days: int


def title(key: str, made_from: str, what: str) -> str:
    """One line that names the resource, what happens to it, and the template version."""
    return f"{key}: {what} ({made_from})"


def what_changes(subject: str) -> str:
    """The part of a title that says what happens."""
    return subject.partition(": ")[2].rpartition(" (")[0]


def body(subject: Subject) -> str:
    """The body: what happens and why, how to answer, and the data that programs look for, in a comment."""
    if subject.destroy:
        merge = (
            f"**Merging this destroys `{subject.key}`.** No file is removed, since Terraform needs the configuration "
            "in order to destroy; the folder's metadata says that the resource is deleted."
        )
    else:
        merge = (
            f"Merging this proposes the content of `{subject.folder}/` to your automation, which provisions it "
            "and reports back."
        )
    report_id = f"'{DELETED_ID}'" if subject.destroy else subject.deployment_id
    author = f", asked for by {subject.requested_by}" if subject.requested_by else ""
    replaces = f" This replaces {subject.replaces}, which is closed." if subject.replaces else ""
    return f"""**What changes:** {subject.what}.{replaces}

| | |
|---|---|
| Resource | `{subject.arn}` |
| Template | {subject.made_from} |
| Folder | `{subject.folder}/` |
| Deployment | `{subject.deployment_id}` |
| Catalog commit | `{subject.catalog_commit}`{author} |

{merge}

- **To agree**, merge. The deployment is in progress until its automation reports: `reconciler provision` does so by
  itself; other automation runs this, or the same with `FAILED`, in this repository:
  `reconciler notify --resource-arn {subject.arn} --deployment-id {report_id} --status SUCCEEDED`
- **To refuse**, close. The deployment is cancelled, and stays so until the catalog asks for something else.
- Do not push to this branch: the next change opens a pull request of its own.
- Neither merged nor closed within {subject.timeout_days} days, it is closed and the deployment marked as failed.

<!-- reconciler
key: {subject.key}
deployment: {subject.deployment_id}
-->
"""
