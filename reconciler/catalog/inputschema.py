"""Reading the schema file of a bundle (reference 2.3): every problem at once, each with its place and a way out.

What Proton took and what works as it stands is a warning (`SCHEMA_TOLERATED`): real bundles have it. What cannot be
meant, or cannot be run, is an error (`SCHEMA_INVALID`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.catalog.inputs import BundleSchema, InputType, check_default
from reconciler.catalog.schemacheck import Finding, check_node, invalid
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.violations import shown
from reconciler.catalog.yamlfile import DataPath, YamlFile
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.keys import Kind
from reconciler.model.problems import Problem, Severity

__all__ = ["BundleSchema", "InputType", "read_schema"]

# References make a small file large: bounds for one input type with every reference resolved.
MAX_NODES = 5_000
MAX_DEPTH = 50

_TYPE_KEYS = {
    Kind.ENVIRONMENT_TEMPLATE: ("environment_input_type",),
    Kind.SERVICE_TEMPLATE: ("service_input_type", "pipeline_input_type"),
}
_ALL_TYPE_KEYS = tuple(key for keys in _TYPE_KEYS.values() for key in keys)
_VERSION = re.compile(r"3\.0\.[0-9]+")
_REFERENCE = re.compile(r"#/(?P<name>[^/]+)")


def read_schema(file: YamlFile, template_kind: Kind) -> tuple[BundleSchema | None, tuple[Problem, ...]]:
    """The input types of a bundle and every problem of its schema file. They are None when any problem is an error.

    `template_kind` is one of the two template kinds. The caller bounds the file's size (SCH-5).
    """
    reader = _Reader(file)
    types = reader.header(template_kind)
    problems = tuple(sorted(reader.problems))
    if any(problem.is_error for problem in problems):
        return None, problems
    first, *rest = types
    return BundleSchema(first, rest[0] if rest else None), problems


class _TooLarge(Exception):
    pass


class _Reader:
    def __init__(self, file: YamlFile) -> None:
        self.file = file
        self.problems: set[Problem] = set()
        self.types: Mapping[str, Json] = {}
        self.nodes = 0

    def note(self, where: DataPath, finding: Finding) -> None:
        """Keeps a finding at its place: that of its key where it speaks of the key, else that of the value."""
        below = (*where, *finding.below)
        place = self.file.key_at(below) if finding.at_key else self.file.at(below)
        code = "SCHEMA_TOLERATED" if finding.severity is Severity.WARNING else "SCHEMA_INVALID"
        self.problems.add(Problem(place, code, finding.message, finding.hint, finding.severity))

    def mapping(self, value: Json, where: DataPath, known: tuple[str, ...]) -> Mapping[str, Json]:
        """A mapping with known keys; an empty one when it is something else."""
        name = ".".join(map(str, where)) or "the file"
        if not isinstance(value, dict):
            self.note(where, invalid(f"{name} is not a mapping", f"write it with the keys {', '.join(known)}"))
            return {}
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known)
                self.note(where, invalid(f"unknown key {shown(key)} in {name}", hint, key, at_key=True))
        return value

    def header(self, kind: Kind) -> list[InputType]:
        """Everything above the types, and the input types that it names."""
        top = self.mapping(self.file.data, (), ("schema",))
        if "schema" not in top:
            self.note((), invalid("the file has no schema", "start it with schema:, and format, types below"))
            return []
        schema = self.mapping(top["schema"], ("schema",), ("format", *_ALL_TYPE_KEYS, "types"))
        self.version(schema)
        types = schema.get("types")
        if not isinstance(types, dict) or not types:
            hint = "add types: with an entry for each input type"
            self.note(("schema",), invalid("schema.types is missing or not a mapping", hint, *self.present(types)))
            types = {}
        self.types = types
        for key in _ALL_TYPE_KEYS:
            if key in schema and key not in _TYPE_KEYS[kind]:
                hint = f"write {_TYPE_KEYS[kind][0]}, or put the bundle where its kind belongs"
                message = f"{key} stands in the schema of an {kind.words}".replace("an service", "a service")
                self.note(("schema",), invalid(message, hint, key, at_key=True))
        first = _TYPE_KEYS[kind][0]
        if first not in schema:
            message = f"schema.{first} is missing"
            self.note(("schema",), invalid(message, f"add {first}: and the name of one of the types", at_key=True))
        return [self.input_type(schema[key], key) for key in _TYPE_KEYS[kind] if key in schema]

    @staticmethod
    def present(types: Json) -> tuple[str, ...]:
        """The path below `schema` at which a broken `types` stands, if it does."""
        return () if types is None else ("types",)

    def version(self, schema: Mapping[str, Json]) -> None:
        """Notes a format that is not OpenAPI 3.0."""
        hint = 'write format: {openapi: "3.0.0"}'
        if "format" not in schema:
            self.note(("schema",), invalid("schema.format is missing", hint, at_key=True))
            return
        where = ("schema", "format")
        found = self.mapping(schema["format"], where, ("openapi",)).get("openapi")
        if not (isinstance(found, str) and _VERSION.fullmatch(found)):
            written = self.file.text((*where, "openapi")) or "missing"
            self.note(where, invalid(f"schema.format.openapi is {written[:40]}, not 3.0.x", hint, "openapi"))

    def input_type(self, name: Json, key: str) -> InputType:
        """The input type that a key names; a useless one when there is a problem."""
        where = ("schema", key)
        if not isinstance(name, str) or name not in self.types:
            hint = did_you_mean(name if isinstance(name, str) else "", self.types)
            message = f'schema.{key} is "{name}", which types does not define'
            if not isinstance(name, str):
                message = f"schema.{key} is not the name of a type"
            self.note(where, invalid(message, hint))
            return InputType("", {})
        at: DataPath = ("schema", "types", name)
        self.nodes = 0
        try:
            schema = self.resolve(self.types[name], at, (name,), 0)
        except _TooLarge:
            message = f"the type {name} has more than {MAX_NODES} schemas or {MAX_DEPTH} levels with its references"
            self.note(at, invalid(message, "nest less, or refer less", at_key=True))
            return InputType(name, {})
        if schema.get("type") != "object":
            self.note(at, invalid(f"the type {name} is not type: object", "write type: object", at_key=True))
        if not schema.get("properties"):
            self.note(at, invalid(f"the type {name} has no properties", "add at least one property", at_key=True))
        return InputType(name, schema)

    def resolve(self, node: Json, where: DataPath, trail: tuple[str, ...], depth: int) -> dict[str, Json]:
        """A schema with its references resolved; its findings are noted. Raises `_TooLarge`."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise _TooLarge
        if isinstance(node, dict) and "$ref" in node:
            return self.reference(node, where, trail, depth)
        findings = check_node(node)
        for finding in findings:
            self.note(where, finding)
        if not isinstance(node, dict):
            return {}
        result: dict[str, Json] = dict(node)
        if isinstance(node.get("properties"), dict):
            result["properties"] = {
                name: self.resolve(below, (*where, "properties", name), trail, depth + 1)
                for name, below in node["properties"].items()
            }
        for key in ("items", "additionalProperties"):
            if isinstance(node.get(key), dict):
                result[key] = self.resolve(node[key], (*where, key), trail, depth + 1)
        self.default(result, where, trail)
        return result

    def default(self, schema: dict[str, Json], where: DataPath, trail: tuple[str, ...]) -> None:
        """Notes a default that breaks its own schema, as Proton tolerated; checked only where all else is right."""
        if "default" not in schema or any(problem.is_error for problem in self.problems):
            return
        try:
            message = check_default(trail[0], schema)
        except InputError as error:
            self.note(where, invalid(f"the default is too large: {error.message}", "shorten it", "default"))
            return
        if message:
            hint = "correct the default; it is rendered as it stands"
            finding = Finding(f"the default breaks its own schema: {message}", hint, Severity.WARNING, ("default",))
            self.note(where, finding)

    def reference(
        self, node: Mapping[str, Json], where: DataPath, trail: tuple[str, ...], depth: int
    ) -> dict[str, Json]:
        """The schema that a `$ref` points at. Raises `_TooLarge`."""
        target = node["$ref"]
        match = _REFERENCE.fullmatch(target) if isinstance(target, str) else None
        name = match["name"] if match else None
        if name is None or name not in self.types:
            hint = f'write "#/Name"; {did_you_mean(name or "", self.types)}'
            self.note(
                where, invalid(f"$ref points at {str(target)[:100]}, which is not one of the types", hint, "$ref")
            )
            return {}
        if name in trail:
            message = f"the type {name} refers to itself: {' -> '.join((*trail, name))}"
            self.note(where, invalid(message, "write the inner levels out without a reference", "$ref"))
            return {}
        ignored = [key for key in node if key not in ("$ref", "title", "description", "example")]
        if ignored:
            message = f"{', '.join(ignored)} beside a $ref has no effect"
            hint = f"move it into the type {name}, or write the type out here"
            self.note(where, Finding(message, hint, Severity.WARNING, (ignored[0],), at_key=True))
        return self.resolve(self.types[name], ("schema", "types", name), (*trail, name), depth + 1)
