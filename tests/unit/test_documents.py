"""The documents and the program name the same things: verbs, options, codes, reasons, schemas, files.

What exists is taken from the source, and counted, so that a search that finds nothing fails instead of passing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.catalog.shape import check_shape
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.cli.main import VERBS, cli
from reconciler.errors import ExitCode
from reconciler.planning.reasons import Reason
from reconciler.planning.result import SYMBOLS, Verb
from tests.support.memory import memory_tree

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "reconciler"
WIDTH = 120
_TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
_BELOW = ("reconciler", "tests", "catalog-example")
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*(ROOT / name for name in _TOP), *(path for top in _BELOW for path in (ROOT / top).rglob("README.md"))]
}
SOURCES = {
    path.relative_to(PROGRAM).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PROGRAM.rglob("*.py"))
}

CLI, CATALOG, PLANNING, VERSIONING, FORGES, AUTOMATION = (
    DOCUMENTS[f"reconciler/{name}/README.md"]
    for name in ("cli", "catalog", "planning", "versioning", "forges", "automation")
)
# Where a verb's options are written down; all others in the command line's own document.
_OPTIONS = {"pr": FORGES, "provision": AUTOMATION, "notify": AUTOMATION}

_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_NO_PROBLEM = {"REGISTRATION_FAILED", "DIRECTLY_DEFINED"}  # a status, and a source of components
_WARNINGS = {
    "TEMPLATE_FORMAT",
    "SCHEMA_TOLERATED",
    "SCHEMA_UNUSED",
    "MANIFEST_TOLERATED",
    "REGISTRATION_TOLERATED",
    "YAML_DUPLICATE_KEY",
}
_OF_BUNDLES = ("bundle", "codebuild", "manifest", "registration", "inputschema", "yamlfile")
_FENCED = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_COMMAND = re.compile(r"(?:`|^ {4,}|\$ |run: |&& )reconciler (?P<words>[a-z][^`\n]*)", re.MULTILINE)


def literals(source: str) -> Iterator[str]:
    """The codes that stand in a module as text of their own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value


def problem_codes() -> set[str]:
    modules = [name for name in SOURCES if name.startswith("catalog/")]
    modules += ["automation/bundles.py", "versioning/cut.py", "planning/guards.py"]
    return {code for name in modules for code in literals(SOURCES[name])} - _NO_PROBLEM


def compatibility_rules() -> set[str]:
    """The rules of `compat.py`, also those that it puts together from a keyword and an ending."""
    tree = ast.parse(SOURCES["versioning/compat.py"])
    endings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and ending_of(node)]
    made: dict[ast.JoinedStr, set[str]] = {}
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Tuple):
            words = [item.value for item in loop.iter.elts if isinstance(item, ast.Constant)]
            for node in set(ast.walk(loop)) & set(endings):
                assert isinstance(node, ast.JoinedStr)
                made[node] = {f"{str(word).upper()}{ending_of(node)}" for word in words}
    assert len(made) == len(endings) >= 2
    return {*literals(SOURCES["versioning/compat.py"]), *(code for codes in made.values() for code in codes)}


def ending_of(text: ast.JoinedStr) -> str:
    """The ending of an f-string that makes a code, else nothing."""
    last = text.values[-1]
    ending = last.value if isinstance(last, ast.Constant) else ""
    return ending if isinstance(ending, str) and len(text.values) == 2 and re.fullmatch("_[A-Z]+", ending) else ""


def section(text: str, heading: str) -> str:
    """A section of a document, with those below it."""
    match = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, heading
    return match[2]


def first_cells(text: str) -> list[str]:
    """What stands between backticks in the first column of all tables of a text."""
    cells = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every verb with its command, and the commands below it."""
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        assert command is not None
        yield verb, command
        if isinstance(command, click.Group):
            yield from ((verb, below) for below in command.commands.values())


def options_of(command: click.Command) -> set[str]:
    """The options of a command as they are typed."""
    return {text for option in command.params if isinstance(option, click.Option) for text in option.opts}


def slugs(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_documents_and_sources_to_compare() -> None:
    assert len(DOCUMENTS) >= 15
    assert len(SOURCES) >= 100


def test_every_problem_is_made_with_a_code_that_is_found_here() -> None:
    made = [
        node.args[1].value
        for source in SOURCES.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"
        if len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    ]
    assert len(made) >= 40
    assert set(map(str, made)) <= problem_codes()


def test_the_table_of_problems_has_every_code_once() -> None:
    codes = problem_codes()
    assert len(codes) >= 50
    assert sorted(first_cells(section(CATALOG, "Problems"))) == sorted(codes)


def test_the_codes_of_failed_registrations_are_marked() -> None:
    found = {code for name in _OF_BUNDLES for code in literals(SOURCES[f"catalog/{name}.py"])}
    found |= {*literals(SOURCES["versioning/cut.py"]), *literals(SOURCES["automation/bundles.py"])}
    marked = re.findall(r"^\| `(\w+)` \| R \|", CATALOG, re.MULTILINE)
    assert sorted(marked) == sorted(found - _WARNINGS - _NO_PROBLEM)


def test_the_table_of_compatibility_has_every_rule_once() -> None:
    rules = compatibility_rules()
    assert len(rules) >= 20
    assert sorted(first_cells(section(VERSIONING, "Compatibility"))) == sorted(rules)


def test_every_reason_is_explained_once() -> None:
    assert sorted(first_cells(section(PLANNING, "Reasons"))) == sorted(Reason)


def test_every_action_is_in_the_table_with_its_symbol() -> None:
    rows = re.findall(r"^\| `(.)` \| `(\w+)` \|", section(PLANNING, "Actions"), re.MULTILINE)
    assert sorted(rows) == sorted((SYMBOLS[verb], verb.value) for verb in Verb)


def test_the_table_of_exit_codes_is_the_programs() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section(CLI, "Exit codes"), re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(code.value, code.name) for code in ExitCode]


def test_documents_and_program_name_the_same_schemas() -> None:
    pattern = re.compile(r"reconciler/[a-z]+/v[0-9]+")
    made = {name for source in SOURCES.values() for name in pattern.findall(source)}
    named = {name for text in DOCUMENTS.values() for name in pattern.findall(text)}
    assert len(made) >= 10
    assert named == made


def test_every_verb_is_in_the_table() -> None:
    rows = [cell.split()[0] for cell in first_cells(section(CLI, "Verbs")) if not cell.startswith("-")]
    assert sorted(rows) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_is_written_down(verb: str) -> None:
    text = _OPTIONS.get(verb, CLI)
    options = {option for name, command in commands() if name == verb for option in options_of(command)}
    missing = {option for option in options if not re.search(rf"`{option}(?![\w-])", text)}
    assert not missing


def test_every_part_of_a_verb_is_written_down() -> None:
    groups = [command for _, command in commands() if isinstance(command, click.Group)]
    assert groups
    for group in groups:
        for name in group.commands:
            assert f"`reconciler {group.name} {name}" in FORGES


def test_every_command_in_a_document_exists_with_its_options() -> None:
    seen = 0
    for name, text in DOCUMENTS.items():
        for match in _COMMAND.finditer(text):
            words = match["words"].split()
            command = cli.get_command(click.Context(cli), words[0])
            assert command is not None, f"{name}: {match[0]}"
            if isinstance(command, click.Group) and len(words) > 1:
                assert words[1] in command.commands, f"{name}: {match[0]}"
                command = command.commands[words[1]]
            used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert used <= options_of(command), f"{name}: {match[0]}"
            seen += 1
    assert seen >= 50


def test_every_name_in_capitals_is_one_of_the_program() -> None:
    blob = "\n".join(SOURCES.values()) + " ".join(compatibility_rules())
    for name, text in DOCUMENTS.items():
        for code in re.findall(rf"`\$?({_CODE.pattern})`", text):
            assert re.search(rf"\b{code}\b", blob), f"{name}: {code}"


def test_every_module_that_a_document_names_exists() -> None:
    seen = 0
    for name, text in DOCUMENTS.items():
        for path in re.findall(r"`([\w/]+/\w+\.py)`", text):
            places = (ROOT, PROGRAM, (ROOT / name).parent)
            assert any((place / path).is_file() for place in places), f"{name}: {path}"
            seen += 1
    assert seen >= 30


def test_no_link_is_dead() -> None:
    seen = 0
    for name, text in DOCUMENTS.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
            assert target.exists(), f"{name}: {link}"
            assert not anchor or anchor in slugs(target.read_text(encoding="utf-8")), f"{name}: {link}"
            seen += 1
    assert seen >= 40


def test_the_examples_of_the_catalogs_document_are_one_valid_catalog() -> None:
    files = {match["path"]: match["text"] for match in _FENCED.finditer(CATALOG) if match["path"]}
    assert len(files) >= 15
    catalog = Catalog(memory_tree(files))
    check_everything(catalog)
    assert catalog.problems == ()


def test_every_file_of_ours_in_a_document_has_the_shape_of_its_kind() -> None:
    seen = 0
    for name, text in DOCUMENTS.items():
        for match in _FENCED.finditer(text):
            if not match["text"].startswith("apiVersion: "):
                continue
            file, problems = parse_yaml(name, match["text"].encode())
            assert file is not None
            assert not problems
            assert check_shape(file, file.data["kind"], None) == ()
            seen += 1
    assert seen >= 8


def test_lines_fit_a_screen() -> None:
    for name in (name for name in DOCUMENTS if name.startswith(("reconciler/", "tests/"))):
        for number, line in enumerate(DOCUMENTS[name].splitlines(), 1):
            assert len(line) <= WIDTH, f"{name}:{number}"
