"""From files of the right shape to entities. The shape is checked before, so what is looked up here exists."""

from __future__ import annotations

from reconciler.catalog.entities import (
    CodeSource,
    Environment,
    Inputs,
    Instance,
    Pipeline,
    PullRequestPolicy,
    Repository,
    Safety,
    Service,
    Settings,
)
from reconciler.catalog.yamlfile import MAX_BYTES, DataPath, YamlFile, parse_yaml, too_large
from reconciler.model.documents import Json
from reconciler.model.identity import RECORDS_BRANCH, Account
from reconciler.model.keys import is_name
from reconciler.model.problems import Problem, Severity
from reconciler.model.trees import TreeReader
from reconciler.model.versions import VersionLine, parse_line


def settings(file: YamlFile) -> Settings:
    """`reconciler.yaml`."""
    spec = file.data.get("spec", {})
    records, safety, pulls = (spec.get(name, {}) for name in ("records", "safety", "pullRequests"))
    default = PullRequestPolicy()
    return Settings(
        name=file.data["metadata"]["name"],
        account=Account(spec.get("account", Account().id), spec.get("region", Account().region)),
        lineage=records.get("lineage", ""),
        records_branch=records.get("branch", RECORDS_BRANCH),
        records_repository=records.get("repository", ""),
        pipelines_repository=spec.get("pipelines", {}).get("repository", ""),
        safety=Safety(safety.get("maxDeletePercent", 30), tuple(safety.get("allowDeletes", ()))),
        pull_requests=PullRequestPolicy(
            pulls.get("timeoutDays", default.timeout_days),
            pulls.get("reportTimeoutDays", default.report_timeout_days),
            pulls.get("maxOpen", default.max_open),
        ),
    )


def repository(file: YamlFile, name: str) -> Repository:
    """`repositories/<name>.yaml`."""
    spec = file.data["spec"]
    return Repository(
        name=name,
        provider=spec["provider"],
        full_name=spec["name"],
        url=spec.get("url", ""),
        branch=spec.get("branch", "main"),
        reports_deletion=spec.get("reportsDeletion", True),
    )


def environment(file: YamlFile, name: str, spec_file: YamlFile | None) -> tuple[Environment | None, list[Problem]]:
    """`environments/<name>/environment.yaml`, with its Proton spec file when it names one."""
    spec = file.data["spec"]
    problems = _one_of(file, "inputs", "specFile")
    if "specFile" in spec:
        if spec_file is None:
            return None, problems
        inputs = _proton_inputs(spec_file, ("spec",), problems)
    else:
        inputs = Inputs(spec.get("inputs", {}), file, ("spec", "inputs"))
    found = Environment(
        name, spec["template"], _line(spec["version"]), spec["provisioning"]["repository"], inputs, file
    )
    return found, problems


def service(file: YamlFile, name: str, spec_file: YamlFile | None) -> tuple[Service | None, list[Problem]]:
    """`services/<name>/service.yaml`, with its Proton spec file when it names one."""
    spec = file.data["spec"]
    problems = [*_one_of(file, "instances", "specFile"), *_one_of(file, "pipeline", "specFile")]
    line = _line(spec["version"])
    if "specFile" in spec and spec_file is None:
        return None, problems
    if spec_file is not None:
        pipeline, instances = _from_proton(spec_file, name, line, problems)
    else:
        pipeline, instances = _from_ours(file, name, line)
        if "instances" not in spec:
            hint = "list at least one instance, or name a Proton spec file with specFile:"
            problems.append(Problem(file.key_at(("spec",)), "KEY_MISSING", "the service has no instances", hint))
    source = spec.get("source", {})
    code = CodeSource(source.get("connection", ""), source.get("name", ""), source.get("branch", ""))
    return Service(name, spec["template"], line, code, pipeline, instances, file), problems


def spec_file(path: str, reader: TreeReader, blob: str, proton_kind: str) -> tuple[YamlFile | None, list[Problem]]:
    """A Proton spec file, taken as it is. `proton_kind` is `EnvironmentSpec` or `ServiceSpec`."""
    size = reader.size(blob)
    if size > MAX_BYTES:
        return None, [too_large(path, size)]
    file, parsed = parse_yaml(path, reader.read(blob), duplicate_keys=Severity.WARNING)
    problems = list(parsed)
    if file is None:
        return None, problems
    found = file.data.get("proton") if isinstance(file.data, dict) else None
    if found != proton_kind:
        message = f"this should be a Proton spec file with proton: {proton_kind}"
        problems.append(Problem(file.at(("proton",)), "SPEC_KIND", message, f"write proton: {proton_kind}"))
        return None, problems
    return file, problems


def _line(text: str) -> VersionLine:
    line = parse_line(text)
    assert line is not None, "the shape of the file was checked"
    return line


def _one_of(file: YamlFile, ours: str, theirs: str) -> list[Problem]:
    spec = file.data["spec"]
    if ours in spec and theirs in spec:
        message = f"{ours} and {theirs} say the same thing twice"
        return [Problem(file.key_at(("spec", theirs)), "KEY_CONFLICT", message, f"keep either {ours} or {theirs}")]
    return []


def _from_ours(file: YamlFile, name: str, line: VersionLine) -> tuple[Pipeline | None, tuple[Instance, ...]]:
    spec = file.data["spec"]
    pipeline = None
    if "pipeline" in spec:
        own = spec["pipeline"].get("version")
        inputs = Inputs(spec["pipeline"].get("inputs", {}), file, ("spec", "pipeline", "inputs"))
        pipeline = Pipeline(name, _line(own) if own else line, inputs)
    instances = []
    for index, item in enumerate(spec.get("instances", ())):
        inputs = Inputs(item.get("inputs", {}), file, ("spec", "instances", index, "inputs"))
        own = item.get("version")
        instances.append(Instance(name, item["name"], item["environment"], _line(own) if own else line, inputs, index))
    return pipeline, tuple(instances)


def _from_proton(
    file: YamlFile, name: str, line: VersionLine, problems: list[Problem]
) -> tuple[Pipeline | None, tuple[Instance, ...]]:
    pipeline = None
    if file.data.get("pipeline") is not None:
        pipeline = Pipeline(name, line, _proton_inputs(file, ("pipeline",), problems))
    instances = []
    items = file.data.get("instances")
    if not isinstance(items, list) or not items:
        hint = "list at least one instance with a name and an environment"
        problems.append(Problem(file.at(("instances",)), "SPEC_INVALID", "the spec lists no instances", hint))
        items = []
    for index, item in enumerate(items):
        names = [item.get(key) for key in ("name", "environment")] if isinstance(item, dict) else []
        if len(names) != 2 or not all(isinstance(text, str) and is_name(text) for text in names):
            message = "an instance needs a name and an environment"
            hint = "write name: and environment: with letters, digits, - and _"
            problems.append(Problem(file.at(("instances", index)), "SPEC_INVALID", message, hint))
            continue
        inputs = _proton_inputs(file, ("instances", index, "spec"), problems)
        instances.append(Instance(name, str(names[0]), str(names[1]), line, inputs, index))
    return pipeline, tuple(instances)


def _proton_inputs(file: YamlFile, where: DataPath, problems: list[Problem]) -> Inputs:
    """The inputs at a path of a spec file; absent ones are empty, since all may have defaults."""
    value: Json = file.data
    for part in where:
        value = value.get(part) if isinstance(value, dict) else value[part]
    if value is not None and not isinstance(value, dict):
        problems.append(Problem(file.at(where), "SPEC_INVALID", "inputs must be a mapping", "write name: value lines"))
        value = None
    return Inputs(value or {}, file, where, tolerant=True)
