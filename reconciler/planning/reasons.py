"""Why nothing happens for a resource: stable codes, so that people and programs can rely on them."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason of a blocked key."""

    AWAITING_MERGE = "awaiting-merge"
    AWAITING_REPORT = "awaiting-report"
    WAITING_FOR_ENVIRONMENT = "waiting-for-environment"
    WAITING_FOR_COMPONENT = "waiting-for-component"
    WAITING_FOR_INSTANCES = "waiting-for-instances"
    RUNNING = "running"
    CANCELLED = "cancelled"
    FAILED = "failed"
    VERSION_UNAVAILABLE = "version-unavailable"
    INCOMPATIBLE_ENVIRONMENT = "incompatible-environment"
    INVALID_INPUTS = "invalid-inputs"
    RENDERING_FAILED = "rendering-failed"
    PROVISIONING_MISMATCH = "provisioning-mismatch"
    NO_PROVISIONER = "provisioner-not-available"
    COMPONENTS_NOT_SUPPORTED = "components-not-supported"
    INSTANCE_TAKEN = "instance-taken"
    FOREIGN_FOLDER = "foreign-folder"
    EDITED_FOLDER = "edited-folder"
    IN_USE = "in-use"
    NEEDS_CONSENT = "deletion-needs-consent"
    TOO_MANY_DELETIONS = "too-many-deletions"
    BUDGET = "budget"
    UNREACHABLE = "repository-unreachable"
    NO_FORGE = "forge-not-available"
    IMMUTABLE = "immutable-change"
    NO_BRANCH = "branch-missing"
    SYNC_FAILED = "sync-failed"


# What is asked for cannot be: whoever asked has to mend it.
BAD_REASONS = (
    Reason.INVALID_INPUTS,
    Reason.RENDERING_FAILED,
    Reason.PROVISIONING_MISMATCH,
    Reason.COMPONENTS_NOT_SUPPORTED,
    Reason.INSTANCE_TAKEN,
    Reason.INCOMPATIBLE_ENVIRONMENT,
    Reason.IMMUTABLE,
    Reason.NO_FORGE,
    Reason.NO_BRANCH,
)

# A key in one of these states is waiting for something that is already under way, or for a person's merge.
IN_FLIGHT = (Reason.AWAITING_MERGE, Reason.AWAITING_REPORT, Reason.RUNNING)
