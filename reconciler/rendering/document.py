"""The complete document that an engine is given for a resource: `proton.auto.tfvars.json` as a value.

Shapes and key order are those of the reference (`rendered-files.md`, section 3). The same document is kept in the
records, so that a deployment can be rendered again, or destroyed, without the catalog.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.documents import Json
from reconciler.model.identity import Account
from reconciler.model.keys import Key, Kind, component_key, environment_key, instance_key, pipeline_key


@dataclass(frozen=True)
class EnvironmentFacts:
    """What others may read of an environment: its name, its account, and the outputs in effect."""

    name: str
    account_id: str
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class ComponentFacts:
    """What a service instance may read of the component that is attached to it."""

    name: str
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Attachment:
    """What an attached component may read of its service instance."""

    service: str
    name: str
    inputs: Mapping[str, Json]


@dataclass(frozen=True)
class CodeRepository:
    """A service's code repository; empty texts when the service has none."""

    connection: str = ""
    name: str = ""
    branch: str = ""


@dataclass(frozen=True)
class InstanceFacts:
    """What a pipeline reads of a service instance, as it is in effect."""

    name: str
    inputs: Mapping[str, Json]
    outputs: Mapping[str, str]
    environment: EnvironmentFacts


_SECTIONS = {
    Kind.ENVIRONMENT: "environment",
    Kind.COMPONENT: "service_instance",
    Kind.INSTANCE: "service_instance",
    Kind.PIPELINE: "pipeline",
}


def environment_document(account: Account, template: str, name: str, inputs: Mapping[str, Json]) -> dict[str, Json]:
    """The document of an environment."""
    key = environment_key(name)
    tags = _tags(account, Key(Kind.ENVIRONMENT_TEMPLATE, template), environment=key)
    return {"environment": {"name": name, "inputs": dict(inputs)}, "proton_tags": tags, "//": account.arn(key)}


def instance_document(
    account: Account,
    template: str,
    service: str,
    name: str,
    inputs: Mapping[str, Json],
    environment: EnvironmentFacts,
    code: CodeRepository,
    component: ComponentFacts | None = None,
) -> dict[str, Json]:
    """The document of a service instance, with its component when one is attached."""
    components = {"default": {"name": component.name, "outputs": dict(component.outputs)}} if component else {}
    key = instance_key(service, name)
    tags = _tags(
        account,
        Key(Kind.SERVICE_TEMPLATE, template),
        service=Key(Kind.SERVICE, service),
        environment=environment_key(environment.name),
        service_instance=key,
    )
    return {
        "environment": _environment(environment),
        "service": _service(service, code),
        "service_instance": {"name": name, "inputs": dict(inputs), "components": components},
        "proton_tags": tags,
        "//": account.arn(key),
    }


def pipeline_document(
    account: Account,
    template: str,
    service: str,
    inputs: Mapping[str, Json],
    instances: Sequence[InstanceFacts],
    code: CodeRepository,
) -> dict[str, Json]:
    """The document of a service pipeline; the instances stand in the order of the service's file."""
    key = pipeline_key(service)
    tags = _tags(account, Key(Kind.SERVICE_TEMPLATE, template), service=Key(Kind.SERVICE, service))
    return {
        "pipeline": {"inputs": dict(inputs)},
        "service": _service(service, code),
        "service_instances": [
            {
                "name": instance.name,
                "inputs": dict(instance.inputs),
                "outputs": dict(instance.outputs),
                "environment": _environment(instance.environment),
            }
            for instance in instances
        ],
        "proton_tags": tags,
        "//": account.arn(key),
    }


def inputs_of(kind: Kind, document: Mapping[str, Json]) -> Mapping[str, Json]:
    """The inputs inside a document."""
    section = document.get(_SECTIONS[kind], {})
    inputs: Mapping[str, Json] = section.get("inputs", {})
    return inputs


def component_of(document: Mapping[str, Json]) -> str:
    """The name of the component in the document of a service instance; empty when it has none."""
    found: str = document.get("service_instance", {}).get("components", {}).get("default", {}).get("name", "")
    return found


def attached_to(document: Mapping[str, Json]) -> Key | None:
    """The service instance in the document of a component; None for a detached one."""
    instance = document.get("service_instance")
    return instance_key(document["service"]["name"], instance["name"]) if instance is not None else None


def component_document(
    account: Account, name: str, environment: EnvironmentFacts, attached: Attachment | None
) -> dict[str, Json]:
    """The document of a component; a detached one reads neither service nor instance."""
    key = component_key(name)
    section: dict[str, Json] = {}
    if attached is not None:
        section["service"] = {"name": attached.service}
        section["service_instance"] = {"name": attached.name, "inputs": dict(attached.inputs)}
    tags = {
        "proton:account": account.id,
        "proton:component": account.arn(key),
        "proton:environment": account.arn(environment_key(environment.name)),
    }
    return {
        "component": {"name": name},
        "environment": _environment(environment),
        **section,
        "proton_tags": tags,
        "//": account.arn(key),
    }


def _environment(environment: EnvironmentFacts) -> dict[str, Json]:
    return {"account_id": environment.account_id, "name": environment.name, "outputs": dict(environment.outputs)}


def _service(name: str, code: CodeRepository) -> dict[str, Json]:
    return {
        "name": name,
        "repository_connection_arn": code.connection,
        "repository_id": code.name,
        "branch_name": code.branch,
    }


def _tags(account: Account, template: Key, **resources: Key) -> dict[str, Json]:
    """`proton_tags`: the account by id, everything else by its ARN without a version (reference 15.1)."""
    tags = {"proton:account": account.id, "proton:template": account.arn(template)}
    return tags | {f"proton:{name.replace('_', '-')}": account.arn(key) for name, key in resources.items()}
