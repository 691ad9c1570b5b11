"""CloudFormation templates and CodeBuild properties through Jinja (reference 7.1 to 7.3, NS-1 to NS-7).

Rendered first and parsed afterwards, never written again: what comes out is what the template says, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Protocol, TypeVar

from jinja2 import Template, TemplateSyntaxError, nodes

from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.problems import one_line
from reconciler.rendering.filters import FilterError
from reconciler.rendering.missing import explain_missing
from reconciler.rendering.namespace import with_hollow
from reconciler.rendering.sandbox import (
    RUN,
    MissingName,
    Refused,
    Run,
    SandboxEnvironment,
    Unsafe,
    bound,
    check_printable,
    expand,
    free_characters,
    texts_of,
)

# The line (from 1) of a rendered text and what is wrong there, or None: `rendering.wellformed.check_stack`.
CheckStack = Callable[[str], tuple[int, str] | None]
_Result = TypeVar("_Result")

_ENVIRONMENT = SandboxEnvironment()
_FILE = "<template>"  # what Jinja calls the code of a template that has no name
_RESULT = "_value"
_RESOLVE = re.compile(r"\{\{\s*resolve\s*:")
_MAX_MESSAGE = 500
_MAX_SHOWN = 120


class TemplateFault(InputError):
    """A template cannot be rendered, or not with these values. `line` counts from 1 in its source; 0 is unknown."""

    def __init__(self, message: str, *, line: int = 0, hint: str = "") -> None:
        super().__init__(one_line(message), hint=one_line(hint))  # a template may name anything
        self.line = line


class OutOfTime(BaseException):
    """Whoever watches the time ends a rendering. No `Exception`: parsers that catch all of those must not go on."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Jinja(Protocol):
    """Whatever renders templates. `names` are what a template sees; every method raises `TemplateFault`."""

    def text(self, source: str, names: Mapping[str, Json]) -> str:
        """The rendered text."""

    def value(self, source: str, names: Mapping[str, Json]) -> Json:
        """The value of a text that is exactly one expression, as it is (NS-7); the rendered text of any other."""

    def stack(self, source: str, names: Mapping[str, Json]) -> str:
        """The rendered text, which is a well-formed CloudFormation template."""


class DirectJinja:
    """Renders in this process, where nothing limits time and memory: for trusted templates, or inside a jail."""

    def __init__(self, check: CheckStack) -> None:
        self._check = check

    def text(self, source: str, names: Mapping[str, Json]) -> str:
        """See `Jinja.text`."""
        return render_text(source, names)

    def value(self, source: str, names: Mapping[str, Json]) -> Json:
        """See `Jinja.value`."""
        return render_value(source, names)

    def stack(self, source: str, names: Mapping[str, Json]) -> str:
        """See `Jinja.stack`."""
        text = render_text(source, names)
        found = self._check(text)
        if found is None:
            return text
        number, message = found
        before = text.split("\n")[:number]
        while before and not before[-1].strip():  # an end that comes too early is noticed behind the last line
            before.pop()
        shown = f"line {len(before)} of what it gives is: {before[-1].strip()[:_MAX_SHOWN]}" if before else ""
        raise TemplateFault(
            f"not well-formed once rendered: {message[:_MAX_MESSAGE]}",
            line=_template_line(source, names, text, len(before)) if before else 0,
            hint=shown,
        )


def check_template(source: str) -> TemplateFault | None:
    """The first thing that is wrong with the syntax of a template, whatever the values may be."""
    try:
        _template(source)
    except TemplateFault as fault:
        return fault
    return None


def render_text(source: str, names: Mapping[str, Json]) -> str:
    """The rendered text, white space as in the source. Raises `TemplateFault`."""
    return _rendered(_template(source), Run(source, with_hollow(names)))


def render_value(source: str, names: Mapping[str, Json]) -> Json:
    """See `Jinja.value`. Raises `TemplateFault`."""
    template = _expression(source)
    if template is None:
        return render_text(source, names)
    run = Run(source, with_hollow(names))

    def value() -> Json:
        context = template.new_context(dict(run.names))
        for _ in template.root_render_func(context):
            pass
        check_printable(context.vars[_RESULT])
        return _native(context.vars[_RESULT])

    return _guarded(value, run)


@lru_cache(maxsize=64)
def _template(source: str) -> Template:
    return _guarded(lambda: _ENVIRONMENT.from_string(_ENVIRONMENT.tree(source)), Run(source, {}))


@lru_cache(maxsize=64)
def _expression(source: str) -> Template | None:
    """A template that keeps the value of the one expression that the source is; None when it is anything else."""

    def compiled() -> Template | None:
        match _ENVIRONMENT.tree(source).body:
            case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
                keep = nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)
                return _ENVIRONMENT.from_string(nodes.Template([keep], lineno=1))
        return None

    return _guarded(compiled, Run(source, {}))


def _rendered(template: Template, run: Run, width: Callable[[str], int] = len) -> str:
    def text() -> str:
        pieces, size = [], 0
        printed: Any = template.root_render_func(template.new_context(dict(run.names)))
        for piece in printed:
            size += len(piece)
            try:
                bound(size)
            except Refused as error:
                printed.throw(error)  # to where it stands, so that the line is known
            pieces.append(piece)
        whole = expand("".join(pieces), run, width)
        bound(len(whole.encode()))
        return whole

    return _guarded(text, run)


def _native(value: Any) -> Json:
    """A value of the template's own making, as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(key): _native(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_native(item) for item in value]
    return str(value)


def _template_line(source: str, names: Mapping[str, Json], text: str, number: int) -> int:
    """The line of the source that a line of the rendered text comes from: found by rendering once more with the line
    in front of everything that is printed. 0 when that changes what is rendered."""
    mark = free_characters(1, source, texts_of(names), text)[0]
    marks = re.compile(f"{mark}(\\d+){mark}")
    run = Run(source + mark, with_hollow(names))
    try:
        template = _guarded(lambda: _ENVIRONMENT.from_string(_ENVIRONMENT.tree(source, mark)), run)
        marked = _rendered(template, run, lambda part: len(marks.sub("", part)))
    except TemplateFault:
        return 0
    if marks.sub("", marked) != text:
        return 0
    lines = marked.split("\n")
    line = "".join(lines[number - 1 : number])
    if not line.startswith(mark):
        line = "".join(marks.findall("\n".join(lines[: number - 1]))[-1:]) or line
    return int(re.sub(r"\D.*", "", line.removeprefix(mark)) or 0)


def _guarded(action: Callable[[], _Result], run: Run) -> _Result:
    """What the action gives; whatever it raises becomes a `TemplateFault` with the template's line."""
    token = RUN.set(run)
    try:
        return action()
    except (Exception, OutOfTime) as error:
        fault = _fault(error, run)
    finally:
        RUN.reset(token)
    raise fault  # outside of the handler: the frames of a failed rendering may hold much memory


def _fault(error: BaseException, run: Run) -> TemplateFault:
    line = error.lineno if isinstance(error, TemplateSyntaxError) else _line_of(error.__traceback__)
    lines = run.source.split("\n")
    line = line if line or len(lines) > 1 else 1
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    message, hint = _explain(error, run, text)
    return TemplateFault(message[:_MAX_MESSAGE], line=line, hint=hint[:_MAX_MESSAGE])


def _explain(error: BaseException, run: Run, text: str) -> tuple[str, str]:
    """Message and hint for what went wrong in the line `text`."""
    match error:
        case Refused() | OutOfTime():
            return error.message, error.hint
        case MissingName():
            return explain_missing(error.name, run.names if error.owner is None else error.owner, run.names, text)
        case FilterError():
            return str(error), ""
        case Unsafe():
            return str(error), "templates run in a sandbox: they see values, and nothing of the program"
        case TemplateSyntaxError() if _RESOLVE.search(text):
            wrapped = "\"{{ '{{resolve:ssm:/a/b}}' }}\""
            return (
                "Jinja reads {{resolve:...}} as an expression of its own",
                f"write {wrapped}, or put it between {{% raw %}} and {{% endraw %}}",
            )
        case TemplateSyntaxError():
            return error.message or "", ""
        case RecursionError():
            return "this goes too deep", "look for a macro that calls itself, or for very deep brackets"
        case MemoryError():
            return "this takes too much memory", "look for texts or lists that double in size"
        case UnicodeError():
            return "this gives characters that are not text", "look for half of a surrogate pair in a value"
        case _:
            return " ".join(str(error).split()) or type(error).__name__, ""


def _line_of(traceback: TracebackType | None) -> int:
    line = 0
    while traceback is not None:
        code = traceback.tb_frame.f_code
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if code.co_filename == _FILE and isinstance(template, Template):
            # Not `tb_lineno`, which is None where an interrupted instruction has no line of its own.
            passed = [number for start, _, number in code.co_lines() if number and start <= traceback.tb_lasti]
            line = template.get_corresponding_lineno(passed[-1])
        traceback = traceback.tb_next
    return line
