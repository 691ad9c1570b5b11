"""The JSON Schema of each file kind that is ours (design, section 3).

Unknown keys are refused, so that a typo never passes for a default. The schemas are plain data: they validate here, and
editors can use them as they are.
"""

from __future__ import annotations

from reconciler.model.documents import Json
from reconciler.model.keys import MAX_NAME, NAME_PATTERN
from reconciler.model.versions import VERSION_PATTERN

API_VERSION = "reconciler/v1"

# RoleArn of Proton's API model (reference 1.1).
ROLE_PATTERN = r"^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/([\w+=,.@-]{1,512}[/:])*([\w+=,.@-]{1,64})$"
INSTANCE_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z_\-]*/[0-9A-Za-z][0-9A-Za-z_\-]*$"

_NAME: Json = {"type": "string", "pattern": NAME_PATTERN, "maxLength": MAX_NAME}
_LINE: Json = {"type": "string", "pattern": VERSION_PATTERN, "maxLength": 10}
_INPUTS: Json = {"type": "object"}
_TEXT: Json = {"type": "string", "minLength": 1}
_FILE: Json = {"type": "string", "pattern": r"^[^/\\]+$"}
_BRANCH: Json = {"type": "string", "minLength": 1, "maxLength": 200}
_ROLE: Json = {"type": "string", "maxLength": 2048, "pattern": ROLE_PATTERN}
_ACCOUNT: Json = {"type": "string", "pattern": r"^[0-9]{12}$"}
_COUNT: Json = {"type": "integer", "minimum": 1}
_TAGS: Json = {
    "type": "object",
    "maxProperties": 50,
    "propertyNames": {"minLength": 1, "maxLength": 128},
    "additionalProperties": {"type": "string", "maxLength": 256},
}


def _closed(properties: dict[str, Json], required: tuple[str, ...] = ()) -> Json:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _kind(kind: str, spec: Json, *, spec_required: bool = True) -> Json:
    metadata = _closed(
        {
            "name": _NAME,
            "displayName": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": {"type": "string", "maxLength": 500},
            "tags": _TAGS,
        },
        ("name",),
    )
    required = ("apiVersion", "kind", "metadata", *(("spec",) if spec_required else ()))
    properties = {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}, "metadata": metadata, "spec": spec}
    return _closed(properties, required)


SETTINGS = _kind(
    "Settings",
    _closed(
        {
            "account": _ACCOUNT,
            "region": {"type": "string", "pattern": r"^[a-z0-9-]+$"},
            "records": _closed({"branch": _TEXT, "repository": _NAME, "lineage": _TEXT}),
            "pipelines": _closed({"repository": _NAME, "role": _ROLE, "codebuildRole": _ROLE}),
            "safety": _closed(
                {
                    "maxDeletePercent": {"type": "integer", "minimum": 0, "maximum": 100},
                    "allowDeletes": {"type": "array", "items": _TEXT},
                }
            ),
            "pullRequests": _closed(
                {
                    "timeoutDays": _COUNT,
                    "reportTimeoutDays": _COUNT,
                    "maxOpen": _COUNT,
                }
            ),
            # Proton's bundle quotas (reference 2.4); sizes in bytes.
            "quotas": _closed(
                {
                    "bundleSize": _COUNT,
                    "manifestSize": _COUNT,
                    "schemaSize": _COUNT,
                    "fileSize": _COUNT,
                    "templateFiles": _COUNT,
                }
            ),
        }
    ),
    spec_required=False,
)

REPOSITORY = _kind(
    "Repository",
    _closed(
        {
            "provider": {"enum": ["github", "gitlab", "local"]},
            "name": _TEXT,
            "url": _TEXT,
            "branch": _TEXT,
            "reportsDeletion": {"type": "boolean"},
            "environmentsFolder": _FILE,
        },
        ("provider", "name"),
    ),
)

_VERSIONS: Json = {"type": "array", "items": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"}}
_TEMPLATE_SPEC = _closed(
    {
        "publish": {"enum": ["automatic", "manual"]},
        "published": _VERSIONS,
        "withdrawn": _VERSIONS,
        "sync": _closed({"repository": _NAME, "branch": _BRANCH, "directory": _TEXT}, ("repository",)),
    }
)
ENVIRONMENT_TEMPLATE = _kind("EnvironmentTemplate", _TEMPLATE_SPEC, spec_required=False)
SERVICE_TEMPLATE = _kind("ServiceTemplate", _TEMPLATE_SPEC, spec_required=False)

ENVIRONMENT = _kind(
    "Environment",
    _closed(
        {
            "template": _NAME,
            "version": _LINE,
            "provisioning": _closed(
                {
                    "repository": _NAME,
                    "role": _ROLE,
                    "codebuildRole": _ROLE,
                    "componentRole": _ROLE,
                    "connection": _NAME,
                }
            ),
            "inputs": _INPUTS,
            "specFile": _FILE,
        },
        ("template", "version"),
    ),
)

CONNECTION = _kind(
    "EnvironmentAccountConnection",
    _closed(
        {
            "environment": _NAME,
            "account": _ACCOUNT,
            "role": _ROLE,
            "codebuildRole": _ROLE,
            "componentRole": _ROLE,
        },
        ("environment", "account"),
    ),
)

COMPONENT = _kind(
    "Component",
    _closed(
        {
            "attachTo": {"type": "string", "pattern": INSTANCE_PATTERN},
            "environment": _NAME,
            "specFile": _FILE,
        }
    ),
)

SERVICE = _kind(
    "Service",
    _closed(
        {
            "template": _NAME,
            "version": _LINE,
            "source": _closed({"name": _TEXT, "branch": _TEXT, "connection": _TEXT}, ("name", "branch")),
            "pipeline": _closed({"version": _LINE, "inputs": _INPUTS}),
            "instances": {
                "type": "array",
                "minItems": 1,
                "items": _closed(
                    {"name": _NAME, "environment": _NAME, "version": _LINE, "inputs": _INPUTS},
                    ("name", "environment"),
                ),
            },
            "specFile": _FILE,
            "sync": _closed({"repository": _NAME, "branch": _BRANCH, "opsFile": _TEXT}, ("repository", "opsFile")),
        },
        ("template", "version"),
    ),
)
