"""The JSON Schema of each file kind that is ours (design, section 3).

Unknown keys are refused, so that a typo never passes for a default. The schemas are plain data: they validate here, and
editors can use them as they are.
"""

from __future__ import annotations

from reconciler.model.documents import Json
from reconciler.model.keys import MAX_NAME, NAME_PATTERN
from reconciler.model.versions import VERSION_PATTERN

API_VERSION = "reconciler/v1"

_NAME: Json = {"type": "string", "pattern": NAME_PATTERN, "maxLength": MAX_NAME}
_LINE: Json = {"type": "string", "pattern": VERSION_PATTERN, "maxLength": 10}
_INPUTS: Json = {"type": "object"}
_TEXT: Json = {"type": "string", "minLength": 1}
_FILE: Json = {"type": "string", "pattern": r"^[^/\\]+$"}
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
            "account": {"type": "string", "pattern": r"^[0-9]{12}$"},
            "region": {"type": "string", "pattern": r"^[a-z0-9-]+$"},
            "records": _closed({"branch": _TEXT, "repository": _NAME, "lineage": _TEXT}),
            "pipelines": _closed({"repository": _NAME}),
            "safety": _closed(
                {
                    "maxDeletePercent": {"type": "integer", "minimum": 0, "maximum": 100},
                    "allowDeletes": {"type": "array", "items": _TEXT},
                }
            ),
            "pullRequests": _closed(
                {
                    "timeoutDays": {"type": "integer", "minimum": 1},
                    "reportTimeoutDays": {"type": "integer", "minimum": 1},
                    "maxOpen": {"type": "integer", "minimum": 1},
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
        },
        ("provider", "name"),
    ),
)

_VERSIONS: Json = {"type": "array", "items": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"}}
_TEMPLATE_SPEC = _closed({"publish": {"enum": ["automatic", "manual"]}, "published": _VERSIONS, "withdrawn": _VERSIONS})
ENVIRONMENT_TEMPLATE = _kind("EnvironmentTemplate", _TEMPLATE_SPEC, spec_required=False)
SERVICE_TEMPLATE = _kind("ServiceTemplate", _TEMPLATE_SPEC, spec_required=False)

ENVIRONMENT = _kind(
    "Environment",
    _closed(
        {
            "template": _NAME,
            "version": _LINE,
            "provisioning": _closed({"repository": _NAME}, ("repository",)),
            "inputs": _INPUTS,
            "specFile": _FILE,
        },
        ("template", "version", "provisioning"),
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
        },
        ("template", "version"),
    ),
)
