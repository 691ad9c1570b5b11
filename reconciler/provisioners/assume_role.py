"""Temporary credentials of another role, from STS."""

from __future__ import annotations

import re

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from reconciler.errors import InputError

_GLOBAL = "us-east-1"
_CONFIG = Config(connect_timeout=10, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})


def assume(role: str, *, region: str | None, purpose: str) -> dict[str, str]:
    """The credentials of `role` as environment variables; none when the caller already is that role.

    `purpose` names the session in CloudTrail. Raises `InputError` that names the role and AWS's reason.
    """
    try:
        # A session of its own: boto3's shared one is not made for threads, and keeps the first credentials it saw.
        client = boto3.Session().client("sts", region_name=region or _GLOBAL, config=_CONFIG)
        if _is_role(str(client.get_caller_identity()["Arn"]), role):
            return {}
        session = re.sub(r"[^\w+=,.@-]", "-", f"reconciler-{purpose}", flags=re.ASCII)[:64]
        found = client.assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise _refused(role, f"{detail.get('Code', 'error')}: {detail.get('Message', '')}") from error
    except BotoCoreError as error:
        raise _refused(role, str(error)) from error
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }


def _is_role(caller: str, role: str) -> bool:
    """True when the caller's ARN (`arn:aws:sts::1:assumed-role/Name/session`) is a session of the role's
    (`arn:aws:iam::1:role/path/Name`)."""
    caller_parts, role_parts = caller.split(":", 5), role.split(":", 5)
    if len(caller_parts) != 6 or len(role_parts) != 6 or caller_parts[4] != role_parts[4]:
        return False
    kind, _, rest = caller_parts[5].partition("/")
    return kind == "assumed-role" and rest.split("/")[0] == role_parts[5].split("/")[-1]


def _refused(role: str, reason: str) -> InputError:
    return InputError(
        f"the role {role} cannot be assumed: {reason.strip()}",
        hint="let the caller assume it, correct it in env_config.json, or give --no-assume-role to use the "
        "caller's own credentials",
    )
