"""Jinja for templates written by strangers: strict names, exact white space, and cheap limits.

The limits here give clear messages; that a rendering ends at all is the business of the process it runs in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer

from reconciler.model.documents import Json
from reconciler.rendering.filters import FILTERS, Block

MAX_OUTPUT = 1024 * 1024  # characters, and bytes of UTF-8; CloudFormation takes a million bytes
_MAX_BITS = 4096  # of a whole number
_WIDE = re.compile(r"\d{6,}")
_HELD = "\x1f"  # white space to Jinja, though no end of a line
_CONCAT = "~"


class Refused(Exception):
    """A template wants what is not allowed. Carries a hint besides its message."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MissingName(UndefinedError):
    """A name that is not there was used. `owner` is what it was looked for in, None for the names themselves."""

    def __init__(self, name: object, owner: object, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


@dataclass
class Run:
    """One rendering: the marks of its blocks, two characters that neither the source nor a value contains."""

    source: str
    names: Mapping[str, Json]
    marks: tuple[str, str] = field(default=("", ""))

    def mark(self, block: Block) -> str:
        """The block with a mark in front of it and another in place of each end of line; see `expand`."""
        if not block:
            return ""
        if not self.marks[0]:
            begin, newline = free_characters(2, self.source, texts_of(self.names))
            self.marks = begin, newline
        begin, newline = self.marks
        return begin + block.replace("\n", newline)


RUN: ContextVar[Run] = ContextVar("RUN")


class _Strict(StrictUndefined):
    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: Any = UndefinedError
    ) -> None:
        if hint is None and exc is UndefinedError:
            exc = partial(MissingName, name, None if obj is missing else obj)
        super().__init__(hint, obj, name, exc)


class SandboxEnvironment(ImmutableSandboxedEnvironment):
    """Jinja as Proton ran it (reference `rendered-files.md`, section 6), in a sandbox."""

    def __init__(self) -> None:
        # Without the optimizer, and with a `finalize` that takes the context, nothing is computed while compiling.
        super().__init__(
            undefined=_Strict, autoescape=False, keep_trailing_newline=True, optimized=False, finalize=_printed
        )
        self.intercepted_binops = frozenset({"*", "**", "%", "+"})
        self.globals.pop("lipsum")
        self.filters.pop("random")  # equal inputs must give equal bytes
        self.filters["format"] = lambda text, *args, **kwargs: _modulo(str(text), kwargs or args)
        self.filters[_CONCAT] = _concat
        self.filters.update(FILTERS)
        self.policies["json.dumps_kwargs"] = {"sort_keys": True, "default": _no_json}

    @staticmethod
    def concat(texts: Iterable[str]) -> str:
        """Joins what a macro, a block or a filter section has printed."""
        listed = list(texts)
        bound(sum(map(len, listed)))
        return "".join(listed)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A member of a mapping wins over a method of the same name."""
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except (KeyError, TypeError):
                pass
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A mapping has its members and nothing else."""
        if not isinstance(obj, Mapping):
            return super().getitem(obj, argument)
        try:
            return obj[argument]
        except (KeyError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Says that an attribute is out of bounds."""
        return self.undefined(f'a template may not use "{attribute}" of a {type(obj).__name__}', exc=Unsafe)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuses what would be far too big before it is computed."""
        match operator, left, right:
            case "%", str(), _:
                return _modulo(left, right)
            case ("*", (str() | list() | tuple()) as some, int(times)) | (
                "*",
                int(times),
                (str() | list() | tuple()) as some,
            ):
                bound(len(some) * times)
            case "*", int(), int():
                _check_bits(left.bit_length() + right.bit_length())
            case "**", int(), int():
                _check_bits(left.bit_length() * right)
            case "+", (str() | list() | tuple()), (str() | list() | tuple()):
                bound(len(left) + len(right))
        return super().call_binop(context, operator, left, right)

    def tree(self, source: str, line_mark: str = "") -> nodes.Template:
        """The syntax tree of a template, made safe and exact. Raises `TemplateSyntaxError`.

        With a `line_mark`, whatever the template prints is preceded by its line between two such marks.
        """
        # Jinja makes every end of a line a newline; hidden from it, carriage returns survive.
        held = "\r" in source and _HELD not in source
        tree = self.parse(source.replace("\r", _HELD) if held else source)
        _Rewrite(held, line_mark).visit(tree)
        tree.set_environment(self)
        return tree


class Unsafe(TemplateRuntimeError):
    """A template reached for what is none of its business."""


class _Rewrite(NodeTransformer):
    """Makes `a.b` the member `b` of `a` unless it is called, gives `~` a limit, and refuses what reads other files."""

    def __init__(self, held: bool, line_mark: str) -> None:
        self._held = held
        self._mark = line_mark
        self._called: set[int] = set()

    def visit_Include(self, node: nodes.Node) -> nodes.Node:
        tag = {"FromImport": "from ... import"}.get(type(node).__name__, type(node).__name__.lower())
        raise TemplateSyntaxError(f"a template is one file: `{tag}` cannot read another", node.lineno)

    visit_Import = visit_FromImport = visit_Extends = visit_Include

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self._called.add(id(node.node))
        return self.generic_visit(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        self.generic_visit(node)
        if id(node) in self._called:
            return node
        return nodes.Getitem(node.node, nodes.Const(node.attr, lineno=node.lineno), node.ctx, lineno=node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        texts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(texts, _CONCAT, [], [], None, None, lineno=node.lineno)

    def visit_Const(self, node: nodes.Const) -> nodes.Node:
        if self._held and isinstance(node.value, str):
            node.value = node.value.replace(_HELD, "\r")
        return node

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:
        if self._held:
            node.data = node.data.replace(_HELD, "\r")
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        if not self._mark:
            return node
        marked: list[nodes.Expr] = []
        for child in node.nodes:
            lines = child.data.splitlines(keepends=True) if isinstance(child, nodes.TemplateData) else [""]
            number = child.lineno
            for line in lines:
                marked.append(nodes.TemplateData(f"{self._mark}{number}{self._mark}{line}", lineno=number))
                number += line.endswith("\n")
            if not isinstance(child, nodes.TemplateData):
                marked.append(child)
        node.nodes = marked
        return node


def expand(text: str, run: Run, width: Callable[[str], int] = len) -> str:
    """The text with the lines of each block below the column where the block begins; other lines as they are."""
    begin, newline = run.marks
    if not begin:
        return text
    first, *blocks = text.split(begin)
    expanded, size, column = [first], len(first), width(first[first.rfind("\n") + 1 :])
    for block in blocks:
        size += len(block) + block.count(newline) * column
        bound(size)
        part = block.replace(newline, "\n" + " " * column)
        expanded.append(part)
        last = part.rfind("\n")
        column = width(part[last + 1 :]) + (column if last < 0 else 0)
    return "".join(expanded)


def free_characters(count: int, *texts: str) -> list[str]:
    """The first characters for private use that are in none of the texts."""
    taken = set().union(*texts)
    candidates = (chr(code) for code in range(0xF0000, 0xFFFFE))
    free = [char for _, char in zip(range(count), (char for char in candidates if char not in taken), strict=False)]
    if len(free) < count:
        raise Refused("the template uses every character that there is")
    return free


def texts_of(value: Json) -> str:
    """Every text inside a value, one after the other."""
    if isinstance(value, Mapping):
        return "".join(str(key) + texts_of(item) for key, item in value.items())
    if isinstance(value, list):
        return "".join(map(texts_of, value))
    return value if isinstance(value, str) else ""


def check_printable(value: Any) -> None:
    """Refuses a value whose text is endless, too long, or different each time."""
    todo, size = [value], 0
    while todo:
        item = todo.pop()
        size += 2  # each item of a list has a comma and a space, too
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, Mapping):
            todo += item.keys()
            todo += item.values()
        elif isinstance(item, list | tuple | set | KeysView | ValuesView | ItemsView):
            todo += item
        elif isinstance(item, Undefined):
            str(item)
        elif not isinstance(item, int | float | range | None):
            what = type(item).__name__.replace("_or_method", "").replace("builtin", "built-in")
            hint = "add `| list` or `| join`" if isinstance(item, Iterator) else ""
            raise Refused(f"a {what} has no text of its own to print", hint)
        bound(size)


@pass_context
def _printed(context: Context, value: Any) -> str:
    if isinstance(value, Block):
        return RUN.get().mark(value)
    if not isinstance(value, str):
        check_printable(value)
    return str(value)


def _no_json(value: Any) -> str:
    """What `tojson` cannot write. A name that is not there says so when its text is asked for."""
    if isinstance(value, Undefined):
        return str(value)
    raise TypeError(f"tojson cannot write a {type(value).__name__}")


def _concat(values: list[Any]) -> str:
    for value in values:
        if not isinstance(value, str):
            check_printable(value)
    return SandboxEnvironment.concat([str(value) for value in values])


def _modulo(text: str, values: Any) -> str:
    numbers = values if isinstance(values, tuple) else (values,)
    if _WIDE.search(text) or ("*" in text and any(isinstance(n, int) and n > MAX_OUTPUT for n in numbers)):
        bound(MAX_OUTPUT + 1)
    return str(text % values)


def bound(size: int) -> None:
    """Refuses a text of more than `MAX_OUTPUT`."""
    if size > MAX_OUTPUT:
        raise Refused(
            f"this gives more than {MAX_OUTPUT // 1024} KiB of text", "CloudFormation takes a template of one megabyte"
        )


def _check_bits(bits: int) -> None:
    if bits > _MAX_BITS:
        raise Refused(f"this gives a number of more than {_MAX_BITS} bits")
