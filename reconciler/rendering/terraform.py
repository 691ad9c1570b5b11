"""A rendered Terraform folder, byte for byte in the shapes of the reference (`rendered-files.md`, sections 1 to 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.documents import Json
from reconciler.model.identity import Account
from reconciler.model.keys import Key, Kind
from reconciler.rendering.document import attached_to
from reconciler.rendering.jsonstyle import proton_json
from reconciler.rendering.metadata import METADATA_FILE, metadata_text

TFVARS_FILE = "proton.auto.tfvars.json"
VARIABLES_FILES = {
    Kind.ENVIRONMENT: "proton.environment.variables.tf",
    Kind.INSTANCE: "proton.service_instance.variables.tf",
    Kind.PIPELINE: "proton.pipeline.variables.tf",
    Kind.COMPONENT: "proton.component.variables.tf",
}

_ENVIRONMENT_OUTPUTS = """variable "environment" {
  type = object({
    account_id = string
    name       = string
    outputs    = map(string)
  })
%s}
"""
_DEFAULT_NULL = "  default = null\n"
_SERVICE = """variable "service" {
  type = object({
    name                      = string
    branch_name               = string
    repository_connection_arn = string
    repository_id             = string
  })
%s}
"""
_TAGS = """variable "proton_tags" {
  type    = map(string)
  default = null
}
"""
_VARIABLES = {
    Kind.ENVIRONMENT: (
        """variable "environment" {
  type = object({
    inputs = any
    name   = string
  })
  default = null
}
""",
        _TAGS,
    ),
    Kind.INSTANCE: (
        _ENVIRONMENT_OUTPUTS % _DEFAULT_NULL,
        _SERVICE % "",
        """variable "service_instance" {
  type = object({
    name       = string
    inputs     = any
    components = map(any)
  })
  default = null
}
""",
        _TAGS,
    ),
    Kind.PIPELINE: (
        """variable "service_instances" {
  type = list(
    object({
      name    = string
      inputs  = any
      outputs = map(string)
      environment = object({
        account_id = string
        name       = string
        outputs    = map(string)
      })
    })
  )
}
""",
        _SERVICE % _DEFAULT_NULL,
        """variable "pipeline" {
  type = object({
    inputs = any
  })
  default = null
}
""",
        _TAGS,
    ),
    Kind.COMPONENT: (
        """variable "component" {
  type = object({
    name = string
  })
}
""",
        _ENVIRONMENT_OUTPUTS % "",
        """variable "service" {
  type = object({
    name = string
  })
  default = null
}
""",
        """variable "service_instance" {
  type = object({
    name   = string
    inputs = any
  })
  default = null
}
""",
        _TAGS,
    ),
}

_HEADER = """/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
{arn}

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

"""
_DELETED_HEADER = """/*
This file is no longer managed by reconciler: its resource was deleted.
{arn}
*/

"""


@dataclass(frozen=True)
class Rendering:
    """What a folder is rendered from. `files` are the bundle's own; `template` and `version` (`major.minor`) are empty
    for a component; `environment` is where a service instance or a component lives, else empty."""

    account: Account
    key: Key
    template: str
    version: str
    environment: str
    document: Mapping[str, Json]
    files: Mapping[str, bytes]


def render(rendering: Rendering, deployment_id: str, *, deleted: bool = False) -> dict[str, bytes]:
    """The files of a resource's folder by path inside it, in path order.

    With `deleted` the same folder says that its resource is gone: nothing is removed, since Terraform needs the
    configuration in order to destroy (reference, DEL-1).
    """
    arn = rendering.account.arn(rendering.key)
    header = (_DELETED_HEADER if deleted else _HEADER).format(arn=arn).encode()
    kind = rendering.key.kind
    files = {name: header + data for name, data in rendering.files.items()}
    files[VARIABLES_FILES[kind]] = header + "\n".join(_VARIABLES[kind]).encode()
    files[TFVARS_FILE] = proton_json(rendering.document).encode()
    files[METADATA_FILE] = metadata_text(
        rendering.account,
        rendering.key,
        deployment_id,
        template=rendering.template,
        version=rendering.version,
        environment=rendering.environment,
        attached_to=attached_to(rendering.document) if kind is Kind.COMPONENT else None,
        deleted=deleted,
    ).encode()
    return dict(sorted(files.items()))
