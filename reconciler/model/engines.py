"""The engines that a bundle may be written for."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What provisions the infrastructure of a folder; its manifest decides (reference, MAN-4)."""

    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    CODEBUILD = "codebuild"

    @property
    def words(self) -> str:
        """How people call it."""
        return {"terraform": "Terraform", "cloudformation": "CloudFormation", "codebuild": "CodeBuild"}[self.value]
