"""From files of the right shape to entities. The shape is checked before, so what is looked up here exists."""

from __future__ import annotations

from reconciler.catalog.entities import (
    CodeSource,
    Component,
    Connection,
    Environment,
    Inputs,
    Instance,
    Pipeline,
    Provisioning,
    PullRequestPolicy,
    Repository,
    Safety,
    Service,
    Settings,
    Sync,
)
from reconciler.catalog.quotas import Quotas
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import MAX_BYTES, DataPath, YamlFile, parse_yaml, too_large
from reconciler.model.documents import Json
from reconciler.model.identity import RECORDS_BRANCH, Account
from reconciler.model.keys import is_name
from reconciler.model.problems import Problem, Severity
from reconciler.model.trees import Tree, TreeReader
from reconciler.model.versions import VersionLine, parse_line

_SERVICE_SPEC = ("proton", "pipeline", "instances")


def settings(file: YamlFile) -> Settings:
    """`reconciler.yaml`."""
    spec = file.data.get("spec", {})
    records, safety, pulls, quotas = (spec.get(name, {}) for name in ("records", "safety", "pullRequests", "quotas"))
    default, limits = PullRequestPolicy(), Quotas()
    return Settings(
        name=file.data["metadata"]["name"],
        account=Account(spec.get("account", Account().id), spec.get("region", Account().region)),
        lineage=records.get("lineage", ""),
        records_branch=records.get("branch", RECORDS_BRANCH),
        records_repository=records.get("repository", ""),
        pipelines=_provisioning(spec.get("pipelines", {})),
        safety=Safety(safety.get("maxDeletePercent", 30), tuple(safety.get("allowDeletes", ()))),
        pull_requests=PullRequestPolicy(
            pulls.get("timeoutDays", default.timeout_days),
            pulls.get("reportTimeoutDays", default.report_timeout_days),
            pulls.get("maxOpen", default.max_open),
        ),
        quotas=Quotas(
            bundle_bytes=quotas.get("bundleSize", limits.bundle_bytes),
            manifest_bytes=quotas.get("manifestSize", limits.manifest_bytes),
            schema_bytes=quotas.get("schemaSize", limits.schema_bytes),
            file_bytes=quotas.get("fileSize", limits.file_bytes),
            template_files=quotas.get("templateFiles", limits.template_files),
        ),
    )


def _provisioning(spec: Json) -> Provisioning:
    return Provisioning(
        repository=spec.get("repository", ""),
        role=spec.get("role", ""),
        codebuild_role=spec.get("codebuildRole", ""),
        component_role=spec.get("componentRole", ""),
        connection=spec.get("connection", ""),
    )


def connection(file: YamlFile, name: str) -> Connection:
    """`connections/<name>.yaml`."""
    spec = file.data["spec"]
    role, codebuild_role, component_role = (spec.get(key, "") for key in ("role", "codebuildRole", "componentRole"))
    return Connection(name, spec["environment"], spec["account"], role, codebuild_role, component_role, file)


def sync(spec: Json, path: str) -> Sync | None:
    """The `sync:` of a template or of a service; `path` is the key of the place inside the repository."""
    found = spec.get("sync")
    return Sync(found["repository"], found.get("branch", ""), found.get(path, "")) if found is not None else None


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
        environments_folder=spec.get("environmentsFolder", ""),
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
    provisioning = _provisioning(spec.get("provisioning", {}))
    found = Environment(name, spec["template"], _line(spec["version"]), provisioning, inputs, file)
    return found, [*problems, *_one_way(file, ("spec", "provisioning"))]


def component(file: YamlFile, name: str, bundle: Tree, spec_file: YamlFile | None) -> tuple[Component, list[Problem]]:
    """`components/<name>/component.yaml`; `bundle` is its folder without that file and the spec file it may name."""
    spec = file.data["spec"]
    problems = _one_of(file, "attachTo", "environment")
    if not spec.keys() & {"attachTo", "environment"}:
        hint = "write attachTo: <service>/<instance>, or environment: <name> for a detached one"
        problems.append(Problem(file.key_at(("spec",)), "KEY_MISSING", "nothing says where the component lives", hint))
    attach_to = spec["attachTo"].split("/") if "attachTo" in spec else None
    target = (attach_to[0], attach_to[1]) if attach_to is not None else None
    inputs = _component_inputs(spec_file, target, problems) if spec_file is not None else None
    if "specFile" in spec and target is None:
        message = "a detached component reads no inputs, so specFile has no effect"
        hint = "remove it, or attach the component"
        problems.append(Problem(file.key_at(("spec", "specFile")), "KEY_CONFLICT", message, hint))
    path = file.path.rpartition("/")[0]
    return Component(name, path, target, spec.get("environment", ""), inputs, bundle, file), problems


def _component_inputs(file: YamlFile, target: tuple[str, str] | None, problems: list[Problem]) -> Inputs | None:
    """The inputs that the spec of a component gives for the instance that it is attached to."""
    items = file.data.get("instances")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and target is not None and item.get("name") == target[1]:
            return _proton_inputs(file, ("instances", index, "spec"), problems)
    if target is not None:
        message = f"the spec has no instance {target[1]}, to which the component is attached"
        problems.append(Problem(file.at(("instances",)), "SPEC_INVALID", message, "add it, or remove specFile"))
    return None


def _one_way(file: YamlFile, where: DataPath) -> list[Problem]:
    """Exactly one family of provisioning (reference, ENV-1)."""
    said = file.data["spec"].get("provisioning", {})
    others = sorted(said.keys() - {"repository"}) if "repository" in said else sorted(said.keys() - {"connection"})
    first = "repository" if "repository" in said else "connection"
    if first not in said or not others:
        return []
    message = f"{first} and {', '.join(others)} are different ways to provision"
    hint = f"keep either {first} or {', '.join(others)}"
    if first == "connection":
        hint += "; the connection gives the roles"
    return [Problem(file.key_at((*where, others[0])), "KEY_CONFLICT", message, hint)]


def service(file: YamlFile, name: str, spec_file: YamlFile | None) -> tuple[Service | None, list[Problem]]:
    """`services/<name>/service.yaml`, with its Proton spec file when it names one."""
    spec = file.data["spec"]
    problems = [problem for other in ("instances", "pipeline", "sync") for problem in _one_of(file, other, "specFile")]
    line = _line(spec["version"])
    if "specFile" in spec and spec_file is None:
        return None, problems
    if spec_file is not None:
        pipeline, instances = _from_proton(spec_file, name, line, problems)
    else:
        pipeline, instances = _from_ours(file, name, line)
        if "instances" not in spec and "sync" not in spec:
            hint = "list at least one instance, or name a Proton spec file with specFile:"
            problems.append(Problem(file.key_at(("spec",)), "KEY_MISSING", "the service has no instances", hint))
    source = spec.get("source", {})
    code = CodeSource(source.get("connection", ""), source.get("name", ""), source.get("branch", ""))
    return Service(name, spec["template"], line, code, pipeline, instances, file, sync(spec, "opsFile")), problems


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
    problems += _unknown_keys(file, (), ("proton", "spec") if proton_kind == "EnvironmentSpec" else _SERVICE_SPEC)
    items = file.data.get("instances") if proton_kind == "ServiceSpec" else None
    for index in range(len(items) if isinstance(items, list) else 0):
        problems += _unknown_keys(file, ("instances", index), ("name", "environment", "spec"))
    return file, problems


def _unknown_keys(file: YamlFile, where: DataPath, known: tuple[str, ...]) -> list[Problem]:
    """What a spec file says that nobody reads. A slip of a known key is an error: it would pass for a removed pipeline,
    or for inputs that all have defaults."""
    value: Json = file.data if not where else file.data["instances"][where[1]]
    problems = []
    for key in value if isinstance(value, dict) else ():
        if key not in known:
            hint = did_you_mean(key, set(known) - value.keys(), set(known) & value.keys())
            is_slip = "did you mean" in hint or key in ("inputs", "version")
            severity = Severity.ERROR if is_slip else Severity.WARNING
            if key == "inputs" and "spec" in known:
                hint = "in a Proton spec file inputs stand under spec:"
            problems.append(Problem(file.key_at((*where, key)), "KEY_UNKNOWN", f'unknown key "{key}"', hint, severity))
    return problems


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
    count = len(_proton_items(file, problems))
    instances = [_proton_instance(file, name, line, index, problems) for index in range(count)]
    return _proton_pipeline(file, name, line, problems), tuple(item for item in instances if item is not None)


def synced_instance(file: YamlFile, service: Service, name: str) -> tuple[Instance | None, list[Problem]]:
    """One instance of a Proton spec file, and what is wrong with it; the others do not matter (reference, OPS-2)."""
    problems: list[Problem] = []
    items = _proton_items(file, problems)
    names = [str(item.get("name")) if isinstance(item, dict) else "" for item in items]
    if name in names:
        return _proton_instance(file, service.name, service.line, names.index(name), problems), problems
    if not any(problem.is_error for problem in problems):
        place, message = file.at(("instances",)), f"the spec has no instance {name}, for which the ops file names it"
        hint = did_you_mean(name, filter(None, names)) if items else "add it there"
        problems.append(Problem(place, "SPEC_INVALID", message, hint))
    return None, problems


def synced_pipeline(file: YamlFile, service: Service) -> tuple[Pipeline | None, list[Problem]]:
    """The pipeline of a Proton spec file, if it has one, and what is wrong with it."""
    problems: list[Problem] = []
    return _proton_pipeline(file, service.name, service.line, problems), problems


def _proton_pipeline(file: YamlFile, name: str, line: VersionLine, problems: list[Problem]) -> Pipeline | None:
    if file.data.get("pipeline") is None:
        return None
    return Pipeline(name, line, _proton_inputs(file, ("pipeline",), problems))


def _proton_items(file: YamlFile, problems: list[Problem]) -> list[Json]:
    items = file.data.get("instances")
    if isinstance(items, list) and items:
        return items
    hint = "list at least one instance with a name and an environment"
    # Real specs begin with a pipeline alone, and their instances come later.
    is_begun = items == [] and isinstance(file.data.get("pipeline"), dict)
    severity = Severity.WARNING if is_begun else Severity.ERROR
    problems.append(Problem(file.at(("instances",)), "SPEC_INVALID", "the spec lists no instances", hint, severity))
    return []


def _proton_instance(
    file: YamlFile, service: str, line: VersionLine, index: int, problems: list[Problem]
) -> Instance | None:
    item = file.data["instances"][index]
    names = [item.get(key) for key in ("name", "environment")] if isinstance(item, dict) else []
    if len(names) != 2 or not all(isinstance(text, str) and is_name(text) for text in names):
        message = "an instance needs a name and an environment"
        hint = "write name: and environment: with letters, digits, - and _"
        problems.append(Problem(file.at(("instances", index)), "SPEC_INVALID", message, hint))
        return None
    inputs = _proton_inputs(file, ("instances", index, "spec"), problems)
    return Instance(service, str(names[0]), str(names[1]), line, inputs, index)


def _proton_inputs(file: YamlFile, where: DataPath, problems: list[Problem]) -> Inputs:
    """The inputs at a path of a spec file; absent ones are empty, since all may have defaults."""
    value: Json = file.data
    for part in where:
        value = value.get(part) if isinstance(value, dict) else value[part]
    if value is not None and not isinstance(value, dict):
        problems.append(Problem(file.at(where), "SPEC_INVALID", "inputs must be a mapping", "write name: value lines"))
        value = None
    return Inputs(value or {}, file, where, tolerant=True)
