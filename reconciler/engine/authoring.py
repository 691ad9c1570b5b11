"""New files for environments, services, components and repositories, drafted from the templates they are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.catalog.draft import document, indented, inputs_lines
from reconciler.catalog.editorschema import file_schema, kind_schema
from reconciler.catalog.inputs import InputType
from reconciler.catalog.inputtext import merged, read_input
from reconciler.catalog.load import COMPONENTS, ENVIRONMENTS, REPOSITORIES, SERVICES
from reconciler.catalog.manifest import MANIFEST
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.violations import ViolationCode, dotted
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.catalog.yamltext import inline
from reconciler.engine.scaffold import schema_path
from reconciler.engine.workbench import Followed, Workbench
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.keys import Key, Kind, is_name
from reconciler.model.versions import VersionLine

_ROLES = {Engine.CLOUDFORMATION: "role", Engine.CODEBUILD: "codebuildRole"}
_COMPONENT_MANIFEST = """infrastructure:
  templates:
    - file: main.tf
      rendering_engine: hcl
      template_language: terraform
"""
_COMPONENT_FILE = """# The infrastructure of this component. It reads the outputs of its environment as
# var.environment.outputs["NAME"]{instance}.
"""
_OF_INSTANCE = ", and the inputs of its service instance as\n# var.service_instance.inputs.NAME"


@dataclass(frozen=True)
class Template:
    """The template that is asked for, and a line of its versions; None is the newest published major."""

    name: str
    line: VersionLine | None = None


@dataclass(frozen=True)
class Draft:
    """Files to be written, by path in the catalog, and the editor schemas that they point at, by name. `missing` are
    required inputs that nobody gave: `validate` refuses the files until they have values."""

    files: Mapping[str, str]
    schemas: Mapping[str, Json]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Filled:
    lines: list[str] = field(default_factory=list)
    missing: tuple[str, ...] = ()


def new_environment(
    bench: Workbench, name: str, template: Template, repository: str | None, assignments: Iterable[str]
) -> Draft:
    """`environments/<name>/environment.yaml`. Raises `InputError` for a name that is taken, a template that is not
    there, inputs that do not fit, and where it is not clear which repository it is provisioned through."""
    _refuse_taken(name, bench.catalog.environment_names(), ENVIRONMENTS)
    followed = bench.followed(Key(Kind.ENVIRONMENT_TEMPLATE, template.name), template.line)
    filled = _filled(followed.bundle.schema.inputs, assignments)
    spec = [*_made_from(followed), *_provisioning(bench, followed, repository), *filled.lines]
    return _draft(f"{ENVIRONMENTS}/{name}/environment.yaml", "Environment", name, spec, followed, filled.missing)


def new_service(
    bench: Workbench,
    name: str,
    template: Template,
    home: tuple[str | None, str | None],
    assignments: Iterable[str],
    pipeline_assignments: Iterable[str],
) -> Draft:
    """`services/<name>/service.yaml` with one instance; `home` is its environment and its name, where they are given.
    Raises `InputError` as `new_environment`, and when no environment can take the instance, or several can."""
    _refuse_taken(name, bench.catalog.service_names(), SERVICES)
    followed = bench.followed(Key(Kind.SERVICE_TEMPLATE, template.name), template.line)
    environment = _home(bench, followed, home[0])
    instance = home[1] or f"{name}-{environment}"
    _refuse_taken(instance, (), SERVICES)
    pipeline_type = followed.bundle.schema.pipeline
    pipeline = _Filled()
    if pipeline_type is not None:
        pipeline = _filled(pipeline_type, pipeline_assignments)
    elif list(pipeline_assignments):
        raise InputError(f"template {template.name} has no pipeline", hint="leave --pipeline-input out")
    inputs = _filled(followed.bundle.schema.inputs, assignments)
    item = [f"name: {inline(instance)}", f"environment: {inline(environment)}", *inputs.lines]
    spec = [
        *_made_from(followed),
        "# source: {name: OWNER/NAME, branch: main}  # the code repository, passed to the pipeline",
        *_pipeline(pipeline if pipeline_type is not None else None),
        "instances:",
        *indented([f"- {item[0]}", *indented(item[1:])]),
    ]
    missing = (*pipeline.missing, *inputs.missing)
    return _draft(f"{SERVICES}/{name}/service.yaml", "Service", name, spec, followed, missing)


def new_component(bench: Workbench, name: str, attach_to: str | None, environment: str | None) -> Draft:
    """The three files of a component with Terraform in it. Raises `InputError` when what it belongs to is not there."""
    _refuse_taken(name, bench.catalog.component_names(), COMPONENTS)
    if attach_to is not None:
        service, slash, instance = attach_to.partition("/")
        if not slash:
            raise InputError(f'"{attach_to}" names no service instance', hint="write SERVICE/INSTANCE")
        bench.instance(bench.service(service), instance)
        spec = [f"attachTo: {inline(attach_to)}"]
    else:
        spec = [f"environment: {inline(bench.environment(environment or '').name)}"]
    folder = f"{COMPONENTS}/{name}"
    path = f"{folder}/component.yaml"
    files = {
        path: document(schema_path(path, "Component"), "Component", name, spec),
        f"{folder}/{MANIFEST}": _COMPONENT_MANIFEST,
        f"{folder}/main.tf": _COMPONENT_FILE.format(instance=_OF_INSTANCE if attach_to is not None else ""),
    }
    return Draft(files, {"Component": kind_schema("Component")})


def new_repository(bench: Workbench, name: str, spec: Mapping[str, str]) -> Draft:
    """`repositories/<name>.yaml`; `spec` are its keys and values. Raises `InputError` for a name that is taken."""
    _refuse_taken(name, bench.catalog.repository_names(), REPOSITORIES)
    path = f"{REPOSITORIES}/{name}.yaml"
    lines = [f"{key}: {inline(value)}" for key, value in spec.items()]
    text = document(schema_path(path, "Repository"), "Repository", name, lines)
    return Draft({path: text}, {"Repository": kind_schema("Repository")})


def _draft(path: str, kind: str, name: str, spec: Sequence[str], followed: Followed, missing: tuple[str, ...]) -> Draft:
    schema = followed_schema_name(followed)
    text = document(schema_path(path, schema), kind, name, spec)
    return Draft({path: text}, {schema: followed_schema(followed)}, missing)


def followed_schema_name(followed: Followed) -> str:
    """What the schema of a file made from a template is called, for each line that can be followed."""
    return f"{followed.template}/{followed.line}"


def followed_schema(followed: Followed) -> dict[str, Json]:
    """The schema of a whole file made from a template."""
    return file_schema(followed.template.kind, followed.template.name, followed.bundle.schema)


def _made_from(followed: Followed) -> list[str]:
    return [f"template: {inline(followed.template.name)}", f"version: {inline(str(followed.line))}"]


def _refuse_taken(name: str, taken: Iterable[str], top: str) -> None:
    if not is_name(name):
        hint = "names start with a letter or digit and go on with letters, digits, - and _; at most 100"
        raise InputError(f'"{name}" is not a name', hint=hint)
    twin = next((item for item in taken if item.casefold() == name.casefold()), None)
    if twin is not None:
        raise InputError(f"{top}/ has {twin} already", hint="choose another name, or edit what is there")


def _provisioning(bench: Workbench, followed: Followed, repository: str | None) -> list[str]:
    if Kind.ENVIRONMENT not in followed.bundle.parts:
        return []  # customer-managed: nothing is provisioned
    engine = followed.bundle.parts[Kind.ENVIRONMENT].engine
    if engine in _ROLES:
        return ["provisioning:", f"  {_ROLES[engine]}:  # required: the ARN of the role that provisions it"]
    settings, known = bench.catalog.settings, bench.catalog.repository_names()
    if repository is not None and repository not in known:
        hint = did_you_mean(repository, known) if known else f"`reconciler new repository {repository}` writes it"
        raise InputError(f'there is no repository "{repository}"', hint=hint)
    fit = [name for name in known if name not in (settings.pipelines.repository, settings.records_repository)]
    if repository is None and len(fit) != 1:
        hint = f"name one of {', '.join(fit)} with --repository" if fit else "`reconciler new repository` writes one"
        raise InputError("it is not clear which repository the environment is provisioned through", hint=hint)
    return ["provisioning:", f"  repository: {inline(repository or fit[0])}"]


def _home(bench: Workbench, followed: Followed, wanted: str | None) -> str:
    homes = bench.homes(followed)
    runs_in = ", ".join(map(str, followed.bundle.registration.compatible))
    template = followed.template.name
    if wanted is not None:
        environment = bench.environment(wanted)
        if wanted in homes:
            return wanted
        made_from = f"{environment.template}:{environment.line.major}"
        hint = f"choose one of {', '.join(homes)}" if homes else "make an environment from one of these first"
        raise InputError(f"{wanted} is made from {made_from}, but {template} runs in {runs_in}", hint=hint)
    if not homes:
        hint = "`reconciler new environment NAME --template TEMPLATE` writes one"
        raise InputError(f"no environment here is made from what {template} runs in: {runs_in}", hint=hint)
    if len(homes) > 1:
        raise InputError(f"{template} can run in {', '.join(homes)}", hint="name one with --environment")
    return homes[0]


def _pipeline(filled: _Filled | None) -> list[str]:
    if filled is None:
        return []
    if not filled.lines[0].startswith("#"):
        return ["pipeline:", *indented(filled.lines)]
    shown = [f"# {line}" for line in ["pipeline:", *indented([line.removeprefix("# ") for line in filled.lines])]]
    return ["pipeline: {}  # every input has a default; to give others, put this in its place:", *shown]


def _filled(inputs: InputType, assignments: Iterable[str]) -> _Filled:
    """The lines of inputs with the given values. Raises `InputError` for values that do not fit."""
    given = merged(read_input(inputs, text) for text in assignments)
    wrong = [item.message for item in inputs.violations(given) if item.code is not ViolationCode.MISSING]
    if wrong:
        raise InputError("; ".join(wrong), hint="correct the input")
    lines = inputs_lines(inputs, given)
    file, _ = parse_yaml("draft", "\n".join(lines).encode())
    values = file.data["inputs"] if file is not None and file.data else {}
    return _Filled(lines, tuple(dotted(item.path) for item in inputs.violations(values)))
