"""The environment in which Terraform runs for one folder: region, and the role of its environment."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.automation.env_config import EnvSettings
from reconciler.automation.terraform import terraform_environment


def child_environment(
    base: Mapping[str, str], settings: EnvSettings, *, folder: str, assume_role: bool
) -> dict[str, str]:
    """The environment for Terraform's process. Temporary credentials are in it and nowhere else.

    With a web identity (GitHub's and GitLab's OIDC, pods) the AWS clients assume the role themselves. Raises
    `InputError` when the role cannot be assumed.
    """
    env = terraform_environment(base) | settings.environment()
    if not settings.role or not assume_role:
        return env
    if env.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return env | {"AWS_ROLE_ARN": settings.role}
    # Half a second of imports, which nobody without a role should pay for.
    from reconciler.provisioners.assume_role import assume  # noqa: PLC0415

    return env | assume(settings.role, region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"), purpose=folder)
