"""Options that many verbs share, and the few ways in which all of them speak."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reconciler.catalog.load import SETTINGS_FILE
from reconciler.cli.places import default_cache
from reconciler.engine.place import Place, find_place
from reconciler.errors import ExitCode, InputError
from reconciler.model.documents import Json
from reconciler.model.problems import Problem

F = TypeVar("F", bound=Callable[..., Any])


def catalog_option(command: F) -> F:
    """`--catalog PATH`."""
    return click.option(
        "--catalog",
        type=click.Path(path_type=Path),
        default=".",
        show_default="the current folder",
        help="The catalog: a folder with reconciler.yaml, or a bare repository.",
    )(command)


def revision_option(command: F) -> F:
    """`--revision REV`."""
    return click.option("--revision", metavar="REV", help="A commit, branch or tag of the catalog.")(command)


def output_option(*formats: str) -> Callable[[F], F]:
    """`-o`, with the formats that a verb has; the first one is the default."""
    return click.option(
        "-o", "--output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to print it."
    )


def color_option(command: F) -> F:
    """`--no-color`."""
    return click.option("--no-color", is_flag=True, help="Plain text; NO_COLOR=1 does the same.")(command)


def place_of(catalog: Path) -> Place:
    """The catalog that a person named. Raises `InputError` for a folder inside one: what it is run on is for the person
    to say."""
    place = find_place(catalog, default_cache())
    above = _catalog_above(place)
    if above is not None:
        message = f"there is no {SETTINGS_FILE} here, so this is no catalog"
        raise InputError(message, hint=f"{above} has one: run this there, or name it with --catalog")
    return place


def _catalog_above(place: Place) -> Path | None:
    """The nearest folder with settings above one that has none, in the same repository."""
    top = place.top.resolve() if place.top is not None else None
    if (place.path / SETTINGS_FILE).exists() or (top is not None and not (top / ".git").exists()):
        return None
    inside = (path for path in place.path.parents if top is None or path.is_relative_to(top))
    return next((path for path in inside if (path / SETTINGS_FILE).exists()), None)


def say(text: str) -> None:
    """Progress, for the person who waits."""
    click.echo(text, err=True)


def print_json(document: Json) -> None:
    """A document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_problems(problems: Iterable[Problem], *, to_stdout: bool = False) -> None:
    """Problems, one a line, in file order."""
    for problem in problems:
        click.echo(str(problem), err=not to_stdout)


def uses_color(no_color: bool) -> bool:
    """Colours only for a person at a terminal who did not refuse them."""
    if no_color or os.environ.get("NO_COLOR") or os.environ.get("CI") == "true":
        return bool(os.environ.get("FORCE_COLOR")) and not no_color
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


_STYLES = {"+": "green", "-": "red", "~": "yellow", "!": "bold red", ">": "cyan", "=": "cyan", "x": "yellow"}


def print_marked(text: str, *, no_color: bool) -> None:
    """Lines whose first character says what they are about: added, removed, changed, wrong."""
    if not uses_color(no_color):
        click.echo(text, nl=False)
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in text.splitlines():
        mark = line.lstrip()[:1]
        bold = bool(line) and not line.startswith(" ")
        console.print(Text(line, style="bold" if bold else _STYLES.get(mark, "")))


def print_table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, no_color: bool) -> None:
    """A table without borders, as wide as it needs to be when nobody watches."""
    color = uses_color(no_color)
    console = Console(highlight=False, no_color=not color, width=None if sys.stdout.isatty() else 400)
    table = Table(box=None, pad_edge=False, header_style="bold" if color else "")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if console.width == 400:
        # Trailing blanks help nobody in a log.
        with console.capture() as captured:
            console.print(table)
        click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
    else:
        console.print(table)


def finish(code: ExitCode) -> None:
    """Ends the verb with an exit code."""
    click.get_current_context().exit(int(code))
