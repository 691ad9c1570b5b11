"""A rendered CodeBuild folder: the directory that the commands of a bundle run in (reference 7.5 and 9.4).

Beside the bundle's supporting files, unchanged, it holds

- `proton-inputs.json`, or `proton-inputs.tfvars` with `input_type: HCL`: what the commands read;
- `.proton/provision.buildspec.json` and `.proton/deprovision.buildspec.json`: what CodeBuild runs. A build whose
  bundle has no such commands has no such file;
- `.proton/project.json`: properties of an `AWS::CodeBuild::Project`, spelt as CloudFormation spells them, since that is
  what `project_properties` are. Name, source and service role are for whoever makes the project to add.

Buildspecs are written as JSON, which every YAML parser reads, CodeBuild's included: nothing has to be quoted by hand.
Jinja is rendered in commands and in values of `project_properties`, nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping

from reconciler.catalog.codebuild import INPUT_FILES, CodeBuildSettings
from reconciler.model.documents import Json
from reconciler.model.keys import Kind
from reconciler.rendering.hcl import tfvars
from reconciler.rendering.jinja import Jinja, TemplateFault
from reconciler.rendering.jsonstyle import proton_json
from reconciler.rendering.namespace import namespace_of

PROVISION_FILE = ".proton/provision.buildspec.json"
DEPROVISION_FILE = ".proton/deprovision.buildspec.json"
PROJECT_FILE = ".proton/project.json"

# Valid in JSON, and not in YAML.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MAX_STACK_NAME = 128
_SHAPE_HINT = "write it as the properties of an AWS::CodeBuild::Project have it"


def codebuild_files(
    settings: CodeBuildSettings,
    files: Mapping[str, bytes],
    kind: Kind,
    document: Mapping[str, Json],
    arn: str,
    jinja: Jinja,
) -> dict[str, bytes]:
    """The folder of a resource by path inside it, in path order; `files` are the bundle's own, `document` is what the
    resource would be given as Terraform variables. Raises `TemplateFault` that names the command or property."""
    names = namespace_of(kind, document)
    inputs = inputs_document(document)
    text = tfvars(inputs) if settings.input_type == "HCL" else proton_json(inputs)
    rendered = dict(files) | {INPUT_FILES[settings.input_type]: text.encode()}
    builds = {
        PROVISION_FILE: ("provision", settings.provision),
        DEPROVISION_FILE: ("deprovision", settings.deprovision),
    }
    for file, (name, commands) in builds.items():
        lines = [_rendered(jinja.text, command, f"{name}[{n}]", names) for n, command in enumerate(commands)]
        if lines:
            rendered[file] = _json(_buildspec(settings, lines, arn))
    rendered[PROJECT_FILE] = _json(_project(settings, names, arn, jinja))
    return dict(sorted(rendered.items()))


def inputs_document(document: Mapping[str, Json]) -> dict[str, Json]:
    """What the commands are given: the document without tags, marker and components (CB-2)."""
    inputs = {key: value for key, value in document.items() if key not in ("proton_tags", "//")}
    if "service_instance" in inputs:
        instance = inputs["service_instance"]
        inputs["service_instance"] = {key: value for key, value in instance.items() if key != "components"}
    return inputs


def stack_name(arn: str) -> str:
    """The default of `STACK_NAME`, which sample bundles read and nobody documents who sets (CBF-3): a CloudFormation
    stack's name, the resource's own for ever."""
    resource = arn.split(":", 5)[-1]
    mark = hashlib.sha256(resource.encode()).hexdigest()[:8]
    return re.sub("[^0-9A-Za-z]", "-", resource)[: _MAX_STACK_NAME - 9] + "-" + mark


def _buildspec(settings: CodeBuildSettings, commands: list[str], arn: str) -> dict[str, Json]:
    """Version 0.2 runs every command in one shell: a `cd` or an `export` lasts, and the first that fails ends it."""
    env = {kind.replace("_", "-"): dict(values) for kind, values in settings.env.items() if values}
    if not any("STACK_NAME" in values for values in env.values()):
        env["variables"] = {"STACK_NAME": stack_name(arn)} | env.get("variables", {})
    install = {"install": {"runtime-versions": dict(settings.runtimes)}} if settings.runtimes else {}
    return {"version": "0.2", "env": env, "phases": install | {"build": {"commands": commands}}}


def _project(settings: CodeBuildSettings, names: Mapping[str, Json], arn: str, jinja: Jinja) -> dict[str, Json]:
    """`RESOURCE_ARN` stands in the project, where no variable of the bundle can hide it."""
    own = {
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Environment": {
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "Image": settings.image,
            # CodeBuild's own images are pulled by CodeBuild, every other one by the project's role.
            "ImagePullCredentialsType": "CODEBUILD" if settings.image.startswith("aws/codebuild/") else "SERVICE_ROLE",
            "Type": "ARM_CONTAINER" if "aarch64" in settings.image else "LINUX_CONTAINER",
            "EnvironmentVariables": [],
        },
    }
    project = _merged(own, _value(dict(settings.project_properties), "project_properties", names, jinja))
    environment = project["Environment"]
    if not isinstance(environment, dict):
        raise TemplateFault("project_properties.Environment is no mapping", hint=_SHAPE_HINT)
    variables = environment["EnvironmentVariables"]
    if not isinstance(variables, list) or not all(isinstance(item, dict) for item in variables):
        place = "project_properties.Environment.EnvironmentVariables"
        raise TemplateFault(f"{place} is no list of variables", hint=_SHAPE_HINT)
    ours = {"Name": "RESOURCE_ARN", "Type": "PLAINTEXT", "Value": arn}
    environment["EnvironmentVariables"] = [item for item in variables if item.get("Name") != ours["Name"]] + [ours]
    return project


def _merged(base: Mapping[str, Json], over: Mapping[str, Json]) -> dict[str, Json]:
    """Mappings are merged key by key; of everything else, `over` wins."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _value(value: Json, place: str, names: Mapping[str, Json], jinja: Jinja) -> Json:
    """A value with the texts inside rendered: one that is exactly one expression becomes its native value (NS-7)."""
    if isinstance(value, dict):
        return {key: _value(item, f"{place}.{key}", names, jinja) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item, f"{place}[{index}]", names, jinja) for index, item in enumerate(value)]
    return _rendered(jinja.value, value, place, names) if isinstance(value, str) else value


def _rendered(
    render: Callable[[str, Mapping[str, Json]], Json], source: str, place: str, names: Mapping[str, Json]
) -> Json:
    if "{{" not in source and "{%" not in source:
        return source  # a shell's `${#name}` begins no comment
    try:
        return render(source, names)
    except TemplateFault as fault:
        raise TemplateFault(f"{place}: {fault.message}", line=fault.line, hint=fault.hint) from None


def _json(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
