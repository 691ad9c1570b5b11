"""JSON Schemas for editors (draft 2020-12): of each kind of file, of a template's inputs, of a file with them in it.

`shape` and `dialect` judge; these only help to write. They carry titles, descriptions, defaults and examples, and
refuse unknown names everywhere, so that an editor flags a typo.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.catalog.dialect import json_schema
from reconciler.catalog.inputs import BundleSchema, InputType
from reconciler.catalog.shape import SCHEMAS
from reconciler.model.documents import Json
from reconciler.model.keys import Kind

DRAFT = "https://json-schema.org/draft/2020-12/schema"

# The kind of file that a template's resources are written in.
FILE_KINDS = {Kind.ENVIRONMENT_TEMPLATE: "Environment", Kind.SERVICE_TEMPLATE: "Service"}

_ABOUT = {
    "Settings": "reconciler.yaml: the catalog as a whole",
    "Repository": "repositories/<name>.yaml: a repository that rendered folders are proposed to",
    "EnvironmentTemplate": "template.yaml of an environment template; everything in it has a default",
    "ServiceTemplate": "template.yaml of a service template; everything in it has a default",
    "Environment": "environments/<name>/environment.yaml: an environment made from a template",
    "Service": "services/<name>/service.yaml: a service, its pipeline and its instances",
    "Component": "components/<name>/component.yaml: infrastructure beside a service instance or in an environment",
    "EnvironmentAccountConnection": "connections/<name>.yaml: another account that environments may be provisioned in",
}
_KEYS = {
    "metadata": "How it is called and described",
    "metadata.name": "Equal to the name of its folder or file",
    "instances.name": "The name of the service instance",
    "source.name": "OWNER/NAME of the repository",
    "source.connection": "The ARN of the code connection, passed to the pipeline as it is",
    "displayName": "The name for people",
    "template": "The name of the template that it is made from",
    "version": '"1" follows the newest published minor of major 1; "1.2" is exactly that minor',
    "provisioning": "Who provisions it, and where",
    "inputs": "The values given to the template",
    "specFile": "A Proton spec file in the same folder, in place of the inputs",
    "source": "The code repository, which is passed to the pipeline",
    "pipeline": "The service's pipeline, when its template has one",
    "instances": "Where the service runs",
    "environment": "The name of an environment of this catalog",
    "account": "Twelve digits; used in ARNs",
    "pipelines": "Who provisions the pipelines of services",
    "maxDeletePercent": "The share of live resources that one pass may delete",
    "allowDeletes": "Keys whose deletion is agreed to, for example environment/dev",
    "timeoutDays": "How long a pull request may stay open",
    "reportTimeoutDays": "How long a merged deployment may stay unreported",
    "maxOpen": "How many pull requests may be open in one repository",
    "reportsDeletion": "False when its automation says nothing after a destroy",
    "publish": "automatic: registered versions are published; manual: they stay drafts until listed",
    "published": "With publish: manual, the versions that are published",
    "withdrawn": "Versions that nobody follows any more",
    "sync": "Kept in another repository, and read from there",
    "repository": "The metadata.name of one of repositories/",
    "role": "The ARN of the role that CloudFormation uses",
    "codebuildRole": "The ARN of the role that CodeBuild uses",
    "componentRole": "The ARN of the role that components are provisioned with",
    "provisioning.connection": "The metadata.name of one of connections/",
    "quotas": "Bounds on bundles; sizes in bytes",
    "attachTo": "SERVICE/INSTANCE that the component belongs to",
}
_NOTES = ("default", "deprecated", "readOnly", "writeOnly")


def kind_names() -> tuple[str, ...]:
    """The kinds of files there are."""
    return tuple(SCHEMAS)


def kind_schema(kind: str) -> dict[str, Json]:
    """The schema of the files of a kind of `kind_names`."""
    schema = json.loads(json.dumps(SCHEMAS[kind]))  # parts of it are shared, and each gets its own description
    _describe(schema)
    return {"$schema": DRAFT, "title": kind, "description": _ABOUT.get(kind, f"a file of kind {kind}"), **schema}


def inputs_schema(inputs: InputType, title: str) -> dict[str, Json]:
    """The schema of an inputs document. What `InputType.violations` and `unknown` accept, it accepts."""
    schema = _annotated(inputs.schema, json_schema(inputs.schema))
    return {"$schema": DRAFT, **schema, "title": title}


def file_schema(template_kind: Kind, name: str, bundle: BundleSchema) -> dict[str, Json]:
    """The schema of an `environment.yaml` or `service.yaml` made from a template, with its inputs in their places.

    An instance with a version of its own is held to the same inputs, which may be another version's.
    """
    kind = FILE_KINDS[template_kind]
    schema = kind_schema(kind)
    schema["title"] = f"{kind} made from {name}"
    spec = schema["properties"]["spec"]["properties"]
    spec["template"] = {"const": name, "description": _KEYS["template"]}
    inputs = _annotated(bundle.inputs.schema, json_schema(bundle.inputs.schema))
    if template_kind is Kind.ENVIRONMENT_TEMPLATE:
        spec["inputs"] = inputs
        return schema
    spec["instances"]["items"]["properties"]["inputs"] = inputs
    if bundle.pipeline is None:
        del spec["pipeline"]
    else:
        pipeline = bundle.pipeline.schema
        spec["pipeline"]["properties"]["inputs"] = _annotated(pipeline, json_schema(pipeline))
    return schema


def _describe(schema: Mapping[str, Json], parent: str = "") -> None:
    """Adds descriptions to what has none."""
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _describe(schema[key], parent)
    for name, below in schema.get("properties", {}).items():
        words = _KEYS.get(f"{parent}.{name}") or _KEYS.get(name)
        if words is not None:
            below.setdefault("description", words)
        _describe(below, name)


def _annotated(schema: Mapping[str, Json], result: dict[str, Json]) -> dict[str, Json]:
    """The JSON Schema of a bundle's schema, with what people read, and closed where it names its properties."""
    result |= {key: schema[key] for key in ("title", "description") if isinstance(schema.get(key), str)}
    result |= {key: schema[key] for key in _NOTES if key in schema}
    if "example" in schema:
        result["examples"] = [schema["example"]]
    if "required" in result:
        result["required"] = list(result["required"])
    for name, below in result.get("properties", {}).items():
        _annotated(schema["properties"][name], below)
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            _annotated(schema[key], result[key])
    if "properties" in result and "additionalProperties" not in result:
        result["additionalProperties"] = False
    return result
