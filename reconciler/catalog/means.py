"""What an engine needs in order to provision, and whether it is there (reference, PRV-1 to PRV-4)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.catalog.entities import Environment, Provisioning
from reconciler.catalog.load import Catalog
from reconciler.model.engines import Engine
from reconciler.model.keys import Kind

_NEEDS = {
    Engine.TERRAFORM: "repository",
    Engine.CLOUDFORMATION: "role",
    Engine.CODEBUILD: "codebuildRole",
}


def environment_means(catalog: Catalog, environment: Environment) -> Provisioning:
    """What an environment provisions with, the roles of its connection included."""
    said = environment.provisioning
    connection = catalog.connection(said.connection) if said.connection else None
    if connection is None:
        return said
    return replace(
        said,
        role=connection.role,
        codebuild_role=connection.codebuild_role,
        component_role=connection.component_role,
    )


def account_of(catalog: Catalog, environment: Environment) -> str:
    """The account that an environment lives in: that of its connection, else the catalog's own."""
    connection = catalog.connection(environment.provisioning.connection)
    return connection.account if connection is not None else catalog.account.id


def mismatch(engine: Engine, missing: str, means: Provisioning, template: str, environment: str) -> tuple[str, str]:
    """The message and the hint for what is missing; `environment` is named when the template is not its own."""
    what = f"environment {environment}" if environment else "it"
    message = f"{template} is made for {engine.words}, which needs {missing}, and {what} is provisioned {means.words}"
    example = "<name>" if engine is Engine.TERRAFORM else "<arn>"
    if not means.is_said and not environment:
        message = f"{template} is made for {engine.words}, and nothing says how to provision with it"
        hint = f"add provisioning: {{{missing}: {example}}}"
    elif not means.is_said:
        hint = f"add provisioning: {{{missing}: {example}}} to environment {environment}, or choose another one"
    elif engine is Engine.TERRAFORM or means.repository:
        fits = "Terraform" if means.repository else "CloudFormation or CodeBuild"
        hint = f"use one made for {fits}, or another place: Terraform goes through a repository, all else through roles"
    else:
        hint = f"add {missing}, here or to the connection"
    return message, hint


def lacking(engine: Engine, kind: Kind, means: Provisioning) -> str:
    """The key of what is missing to provision a kind of resource with an engine; empty when nothing is."""
    if kind is Kind.COMPONENT and engine is Engine.CLOUDFORMATION:
        return "" if means.component_role else "componentRole"
    there = {
        Engine.TERRAFORM: means.repository,
        Engine.CLOUDFORMATION: means.role,
        Engine.CODEBUILD: means.codebuild_role,
    }
    return "" if there[engine] else _NEEDS[engine]
