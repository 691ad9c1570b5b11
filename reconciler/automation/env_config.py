"""`env_config.json` at the root of an infrastructure repository: role, region and state bucket by environment.

The file is the one that workflows written for Proton read (reference `rendered-files.md`, section 5): the entry with
the environment's name, `pipeline` for service pipelines, `"*"` for all others. Keys that we do not know are theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.catalog.yamlfile import parse_yaml
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.problems import Position

ENV_CONFIG_FILE = "env_config.json"
PIPELINES = "pipeline"
_FALLBACK = "*"
_KEYS = ("role", "region", "state_bucket")


@dataclass(frozen=True)
class EnvSettings:
    """What to run Terraform with; an empty text is "not configured"."""

    role: str = ""
    region: str = ""
    state_bucket: str = ""

    def backend_arguments(self, folder: str) -> tuple[str, ...]:
        """The arguments of `terraform init` that fill in an empty `backend "s3" {}`."""
        if not self.state_bucket:
            return ()
        values = {"bucket": self.state_bucket, "key": f"{folder}/terraform.tfstate", "region": self.region}
        return tuple(f"-backend-config={name}={value}" for name, value in values.items() if value)

    def environment(self) -> dict[str, str]:
        """The variables that tell Terraform, its providers and the templates the region."""
        names = ("AWS_REGION", "AWS_DEFAULT_REGION", "TF_VAR_aws_region")
        return dict.fromkeys(names, self.region) if self.region else {}


def read_env_config(data: bytes | None) -> Mapping[str, EnvSettings] | None:
    """The entries of the file by name; None when there is no file. Raises `InputError` with file, line and column."""
    if data is None:
        return None
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{ENV_CONFIG_FILE}: the file is not UTF-8", hint="save it as UTF-8") from error
    except json.JSONDecodeError as error:
        where = Position(ENV_CONFIG_FILE, error.lineno, error.colno)
        raise InputError(f"{where}: not valid JSON: {error.msg}", hint="correct the file") from error
    except RecursionError as error:
        raise InputError(f"{ENV_CONFIG_FILE}: nested too deeply", hint="correct the file") from error
    if not isinstance(document, dict):
        raise _wrong(data, (), "must be an object of environments")
    return {name: _entry(data, name, entry) for name, entry in document.items()}


def settings_for(entries: Mapping[str, EnvSettings] | None, name: str | None) -> EnvSettings:
    """The settings of an environment (or `PIPELINES`; None: its name is not known). Without a file there are none;
    with a file that has no entry for it, raises `InputError`, as running with other credentials would be worse."""
    if entries is None:
        return EnvSettings()
    for candidate in (name, _FALLBACK):
        if candidate is not None and candidate in entries:
            return entries[candidate]
    raise InputError(
        f'{ENV_CONFIG_FILE} has neither an entry "{name or "?"}" nor "{_FALLBACK}"',
        hint="add one, with role, region and state_bucket",
    )


def _entry(data: bytes, name: str, entry: Json) -> EnvSettings:
    if not isinstance(entry, dict):
        raise _wrong(data, (name,), f'"{name}" must be an object with {", ".join(_KEYS)}')
    for key in _KEYS:
        value = entry.get(key)
        if value is not None and not isinstance(value, str):
            raise _wrong(data, (name, key), f'"{key}" of "{name}" must be text')
    return EnvSettings(*(entry.get(key) or "" for key in _KEYS))


def _wrong(data: bytes, where: tuple[str, ...], message: str) -> InputError:
    parsed, _ = parse_yaml(ENV_CONFIG_FILE, data)  # JSON is YAML; this one knows places
    place = parsed.at(where) if parsed is not None else Position(ENV_CONFIG_FILE)
    return InputError(f"{place}: {message}", hint="correct the file")
