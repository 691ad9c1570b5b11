"""A plan as a JSON document, `reconciler/plan/v1`; each item carries its `key`."""

from __future__ import annotations

from reconciler.model.documents import Json, digest
from reconciler.model.problems import Problem
from reconciler.planning.result import Action, Plan
from reconciler.planning.show import action_changes
from reconciler.planning.synced import SyncNews
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked, Deployment, Record
from reconciler.records.sync import SyncAttempt
from reconciler.versioning.cut import Cut

SCHEMA = "reconciler/plan/v1"


def plan_document(plan: Plan, book: RecordBook) -> dict[str, Json]:
    """The document. `digest` covers everything in it that a reviewer agrees to: neither times nor ids of this run."""
    body: dict[str, Json] = {
        "catalogCommit": plan.catalog_commit,
        "syncs": [_sync(news) for news in plan.syncs],
        "versions": [_version(cut) for cut in plan.cuts],
        "actions": [_action(plan, action, book) for action in plan.actions],
        "blocked": [blocked_document(record, blocked) for record, blocked in plan.blocked],
        "unchanged": [{"key": str(key)} for key in plan.unchanged],
        "problems": [problem_document(problem) for problem in plan.problems],
    }
    decided = [
        [(item["key"], item["status"], item["bundle"]) for item in body["versions"]],
        [(item["key"], item["action"], item["digest"]) for item in body["actions"]],
    ]
    return {"schema": SCHEMA, "digest": digest(decided), **body}


def _sync(news: SyncNews) -> Json:
    return {"key": str(news.key), "major": news.major, **attempt_document(news.attempt)}


def attempt_document(attempt: SyncAttempt) -> dict[str, Json]:
    """An attempt at syncing: how it ended, where, and at which commit."""
    target = attempt.target
    return {
        "status": attempt.status.value,
        "startedAt": attempt.started_at,
        "repository": target.repository,
        "branch": target.branch,
        "directory": target.directory,
        "sha": target.sha,
        "code": attempt.code,
        "statusMessage": attempt.message,
        "warnings": list(attempt.warnings),
    }


def _version(cut: Cut) -> Json:
    return {
        "key": cut.name,
        "status": cut.record.status,
        "bundle": cut.record.bundle,
        "code": cut.record.code,
        "message": cut.record.message,
        "breaks": [
            {"where": item.where, "rule": item.rule, "message": item.message, "example": item.example}
            for item in cut.breaks
        ],
    }


def _action(plan: Plan, action: Action, book: RecordBook) -> Json:
    deployment = action.open.deployment if action.open is not None else None
    return {
        "key": str(action.key),
        "action": action.verb.value,
        "reason": action.reason,
        "digest": deployment.digest if deployment is not None else "",
        "deployment": _deployment(deployment) if deployment is not None else None,
        "closes": action.close.deployment.branch if action.close is not None else None,
        "notes": list(action.notes),
        "files": [{"path": change.path, "diff": change.diff} for change in action_changes(plan, book, action)],
    }


def _deployment(deployment: Deployment) -> Json:
    target = deployment.target
    return {
        "id": deployment.id,
        "template": deployment.template,
        "version": str(deployment.version or ""),
        "repository": target.repository,
        "branch": deployment.branch,
        "targetBranch": target.branch,
        "folder": target.folder,
        "title": deployment.title,
    }


def blocked_document(record: Record, blocked: Blocked) -> dict[str, Json]:
    """A blocked key: why, on what, since when, and what to do."""
    return {
        "key": str(record.key),
        "reason": str(blocked.reason),
        "message": blocked.message,
        "waitingOn": list(blocked.waiting_on),
        "since": blocked.since,
        "hint": blocked.hint,
    }


def problem_document(problem: Problem) -> dict[str, Json]:
    """A problem with its place; line and column are 0 for a file as a whole."""
    return {
        "key": problem.position.path,
        "line": problem.position.line,
        "column": problem.position.column,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }
