"""The `settings` of a CodeBuild manifest (reference 2.2; `rendered-files.md`, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import DataPath, YamlFile
from reconciler.model.documents import Json
from reconciler.model.problems import Problem, Severity

# CB-1: the file that commands read their inputs from. A sample of it in a bundle never travels: ours takes its place.
INPUT_FILES = {"JSON": "proton-inputs.json", "HCL": "proton-inputs.tfvars"}
# What a buildspec knows, as Proton's manifests spell it; with hyphens, as a buildspec does, is understood as well.
_ENV = ("variables", "secrets_manager", "parameter_store")
_KEYS = {"image", "runtimes", "env", "provision", "deprovision", "project_properties", "input_type"}


@dataclass(frozen=True)
class CodeBuildSettings:
    """What CodeBuild runs. Values of `runtimes` and `env` are the texts as written: `1.20` is not `1.2`.

    `env` maps `variables`, `secrets_manager` and `parameter_store` to names and texts; `provision` and `deprovision`
    are commands for one shell; `project_properties` are properties of an `AWS::CodeBuild::Project`, Jinja inside
    unrendered; `input_type` is `JSON` or `HCL`.
    """

    image: str
    runtimes: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    provision: tuple[str, ...] = ()
    deprovision: tuple[str, ...] = ()
    project_properties: Mapping[str, Json] = field(default_factory=dict)
    input_type: str = "JSON"


class _Reader:
    """Reads one `settings`, collecting problems."""

    def __init__(self, file: YamlFile, where: DataPath, settings: dict[str, Json]) -> None:
        self.file, self.where, self.settings = file, where, settings
        self.problems: list[Problem] = []

    def say(self, where: DataPath, message: str, hint: str) -> None:
        self.problems.append(Problem(self.file.at((*self.where, *where)), "MANIFEST_INVALID", message, hint))

    def warn(self, message: str, hint: str) -> None:
        place = self.file.at(self.where)
        self.problems.append(Problem(place, "MANIFEST_TOLERATED", message, hint, Severity.WARNING))

    def unknown(self, where: DataPath, key: str, place: str, hint: str) -> None:
        message = f'unknown key "{key}" in {place}'
        at = self.file.key_at((*self.where, *where, key))
        self.problems.append(Problem(at, "MANIFEST_INVALID", message, hint))

    def image(self) -> str:
        image = self.settings.get("image")
        if isinstance(image, str) and image:
            return image
        hint = "name a container image, such as image: aws/codebuild/amazonlinux2-x86_64-standard:5.0"
        self.say(("image",), "image is no text" if image else "settings name no image", hint)
        return ""

    def commands(self, name: str) -> tuple[str, ...]:
        commands = self.settings.get(name)
        if commands is None:
            return ()
        if not isinstance(commands, list):
            self.say((name,), f"{name} is no list", f"write each command as an item of a list below {name}:")
            return ()
        for index, command in enumerate(commands):
            if not isinstance(command, str):
                hint = "put the command in quotes: YAML reads something else"
                self.say((name, index), f"command {index + 1} of {name} is no text", hint)
        return tuple(command for command in commands if isinstance(command, str))

    def mapping(self, *where: str) -> dict[str, Json]:
        value: Json = self.settings
        for key in where:
            value = value.get(key)
        if value is None or isinstance(value, dict):
            return value or {}
        self.say(where, f"{'.'.join(where)} is no mapping", "write it as keys with values")
        return {}

    def texts(self, *where: str) -> dict[str, str]:
        """A mapping of scalars, each as the text that is written."""
        texts = {}
        for key in self.mapping(*where):
            text = self.file.text((*self.where, *where, key))
            if text is None or (not text and where == ("runtimes",)):
                self.say((*where, key), f"{'.'.join((*where, key))} is no text", "write one value, in quotes")
            texts[key] = text or ""
        return texts

    def env(self) -> dict[str, dict[str, str]]:
        env: dict[str, dict[str, str]] = {}
        for key in self.mapping("env"):
            name = key.replace("-", "_")
            if name in _ENV:
                env[name] = env.get(name, {}) | self.texts("env", key)
            else:
                self.unknown(("env",), key, "env", did_you_mean(key, _ENV))
        return env

    def input_type(self, outer: Json) -> str:
        """MAN-3: the guide never shows where `input_type` stands; beside `settings` or inside, both count."""
        inner = self.settings.get("input_type")
        for value, path in ((outer, self.where[:-1]), (inner, self.where)):
            if value is not None and value not in tuple(INPUT_FILES):
                place = self.file.at((*path, "input_type"))
                message = f"input_type is {value}" if isinstance(value, str) else "input_type is no text"
                self.problems.append(
                    Problem(place, "MANIFEST_INVALID", message, "write input_type: JSON or input_type: HCL")
                )
                return "JSON"
        if outer and inner and outer != inner:
            self.say(("input_type",), f"input_type is {inner} here and {outer} beside settings", "keep one of them")
        return str(inner or outer or "JSON")


def read_settings(
    file: YamlFile, where: DataPath, settings: Json, input_type: Json = None
) -> tuple[CodeBuildSettings | None, list[Problem]]:
    """The settings that stand at `where` in a manifest, and what is wrong with them; `input_type` is what stands beside
    them. None when they are no mapping."""
    if not isinstance(settings, dict):
        message = "rendering_engine: codebuild needs settings"
        hint = "add settings: with image, runtimes, provision and deprovision"
        return None, [Problem(file.at(where), "MANIFEST_INVALID", message, hint)]
    reader = _Reader(file, where, settings)
    for key in sorted(settings.keys() - _KEYS):
        hint = did_you_mean(key, _KEYS - settings.keys(), _KEYS & settings.keys())
        reader.unknown((), key, "settings", hint)
    result = CodeBuildSettings(
        image=reader.image(),
        runtimes=reader.texts("runtimes"),
        env=reader.env(),
        provision=reader.commands("provision"),
        deprovision=reader.commands("deprovision"),
        project_properties=reader.mapping("project_properties"),
        input_type=reader.input_type(input_type),
    )
    _lacks(reader, result)
    return result, reader.problems


def _lacks(reader: _Reader, settings: CodeBuildSettings) -> None:
    if not reader.settings.get("provision"):
        reader.say((), "settings have no provision commands", "list under provision: what creates the infrastructure")
    if not reader.settings.get("deprovision"):
        message = "settings have no deprovision commands: deleting the resource would leave its infrastructure behind"
        reader.warn(message, "list under deprovision: what destroys the infrastructure")
    if not settings.runtimes and reader.settings.get("runtimes") is None:
        message = "settings name no runtimes, which Proton insisted on"
        reader.warn(message, "name one that the image has, such as runtimes: {nodejs: 20}")
