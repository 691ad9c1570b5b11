"""The process in which templates are rendered: `python -m reconciler.engine.jail_child SECONDS`, started by `Jail`.

Reads a line of JSON, `[what, source, names]`, and answers with a line, `{"ok": value}` or
`{"fault": [message, line, hint]}`, until its input ends. The first line it writes is `ready`.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import NoReturn

from reconciler.engine.jail import GRACE_SECONDS, took_too_long
from reconciler.model.documents import Json
from reconciler.rendering.jinja import DirectJinja, OutOfTime, TemplateFault
from reconciler.rendering.wellformed import check_stack

if sys.platform != "win32":
    import resource

_MEMORY = 1024 * 1024 * 1024
_FILES = 64


def main(seconds: float = 10.0) -> None:
    """Answers requests until there are no more. `seconds` is what one of them may take."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, whose end is the end of our input
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, partial(_time_is_up, seconds))
    jinja = DirectJinja(check_stack)
    jinja.stack("{{ 'Warm' }}: {{ [] | tojson }}", {})  # whatever is imported late is imported now
    _limit()
    _send(b"ready\n")
    for request in sys.stdin.buffer:
        _watch(seconds)
        answer = _answer(jinja, request)
        _watch(0)
        _send(json.dumps(answer).encode() + b"\n")


def _answer(jinja: DirectJinja, request: bytes) -> Json:
    render: Callable[..., Json]
    try:
        what, source, names = json.loads(request)
        render = {"text": jinja.text, "value": jinja.value, "stack": jinja.stack}[what]
        return {"ok": render(source, names)}
    except TemplateFault as fault:
        return {"fault": [fault.message, fault.line, fault.hint]}
    except OutOfTime as late:
        return {"fault": [late.message, 0, late.hint]}


def _time_is_up(seconds: float, number: int, frame: FrameType | None) -> NoReturn:
    raise took_too_long(seconds)


def _watch(seconds: float) -> None:
    """Stops the rendering at that time, with the line it is at, and this process if that does not help: the parent may
    no longer be there to do so. 0 ends the watch."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds and seconds + 2 * GRACE_SECONDS)


def _limit() -> None:
    """Bounds what this process may use, for good, as far as the platform does."""
    if sys.platform == "win32":
        return
    limits = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        getattr(resource, "RLIMIT_NPROC", resource.RLIMIT_CORE): 0,
    }
    for limit, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))


def _send(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main(*map(float, sys.argv[1:2]))
