"""Templates are rendered in a process of their own, which may be killed.

No limit inside Python holds against a hostile template: `{% for %}` in `{% for %}` ends next year, and a list that
doubles takes all memory. So a child renders, with little to lose: no secrets in its environment, limits on what it
may use, and this process watching the time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Literal, Self

from reconciler.errors import ReconcilerError
from reconciler.model.documents import Json
from reconciler.rendering.jinja import OutOfTime, TemplateFault
from reconciler.rendering.sandbox import MAX_OUTPUT

# What Python needs to start and to find this package; everything else may be a secret.
_KEPT = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
GRACE_SECONDS = 1.0  # for the child to say by itself that it took too long, and in which line
_START_SECONDS = 60.0
_MAX_LATE = 3  # renderings of one template, after which it is taken for endless whatever the values are
_MAX_GIVEN = 32  # results that are kept: one plan asks for the same one for its digest, its files and its diff
_END_SECONDS = 2.0
_MAX_ANSWER = 16 * MAX_OUTPUT  # a character may take six bytes in JSON, and a value has punctuation


class Jail:
    """The `Jinja` protocol by a long-lived child process, which starts at first use.

    `seconds` is what one rendering may take; a child that takes longer is killed, and the next rendering has a new one.
    One thread at a time. The child ends with `close`, when this object is collected, and when this process is gone.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._late: Counter[str] = Counter()
        self._given: dict[bytes, Json] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[[subprocess.Popen[bytes]], Jail] | None = None

    def text(self, source: str, names: Mapping[str, Json]) -> str:
        """See `Jinja.text`."""
        return str(self._ask("text", source, names))

    def value(self, source: str, names: Mapping[str, Json]) -> Json:
        """See `Jinja.value`."""
        return self._ask("value", source, names)

    def stack(self, source: str, names: Mapping[str, Json]) -> str:
        """See `Jinja.stack`."""
        return str(self._ask("stack", source, names))

    def close(self) -> None:
        """Ends the child. The next rendering would start another."""
        if self._end is not None:
            self._end()
        self._child = self._end = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, what: Literal["text", "value", "stack"], source: str, names: Mapping[str, Json]) -> Json:
        if self._late[source] >= _MAX_LATE:
            refusal = took_too_long(self._seconds)
            message = f"{refusal.message} {_MAX_LATE} times with other values, and is not tried again in this run"
            raise TemplateFault(message, hint=refusal.hint)
        request = json.dumps([what, source, names]).encode() + b"\n"
        if request not in self._given:
            while len(self._given) >= _MAX_GIVEN:
                del self._given[next(iter(self._given))]
            self._given[request] = self._render(source, request)
        return self._given[request]

    def _render(self, source: str, request: bytes) -> Json:
        child = self._running()
        line, late = _exchange(child, request, self._seconds + GRACE_SECONDS)
        try:
            answer = json.loads(b"" if late else line)
            if "fault" not in answer:
                return answer["ok"]
            message, number, hint = answer["fault"]
        except (ValueError, KeyError, TypeError, RecursionError):
            child.kill()
            fault = _lost(self._seconds, late, child.wait())
            self.close()
        else:
            fault = TemplateFault(str(message), line=int(number), hint=str(hint))
        self._late[source] += fault.message == took_too_long(self._seconds).message
        raise fault

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        self._child = _start(self._seconds)
        self._end = weakref.finalize(self, _stop, self._child)
        return self._child


def took_too_long(seconds: float) -> OutOfTime:
    """What is said of a rendering that took longer than it may."""
    return OutOfTime(
        f"rendering took longer than {seconds:g} s", "look for loops inside of loops; a template takes milliseconds"
    )


def _lost(seconds: float, late: bool, code: int) -> TemplateFault:
    """What is said when the child did not answer."""
    if late:
        refusal = took_too_long(seconds)
        return TemplateFault(refusal.message, hint=refusal.hint)
    return TemplateFault(
        f"the process that renders ended unexpectedly ({f'signal {-code}' if code < 0 else f'code {code}'})",
        hint="look for texts or lists that grow without end, or that are nested very deeply",
    )


def _start(seconds: float) -> subprocess.Popen[bytes]:
    # -P: the current folder may belong to a template, and must not be where Python looks for modules.
    command = [sys.executable, "-P", "-m", "reconciler.engine.jail_child", f"{seconds:g}"]
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        child = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise _cannot_start(error.strerror or "the system refuses") from error
    ready, late = _exchange(child, b"", _START_SECONDS)
    if ready != b"ready\n":
        child.kill()
        _stop(child)
        raise _cannot_start("it takes too long" if late else f"it ends with code {child.returncode}")
    return child


def _cannot_start(why: str) -> ReconcilerError:
    return ReconcilerError(
        f"the process that renders templates cannot be started: {why}",
        hint=f"try `{sys.executable} -m reconciler.engine.jail_child < /dev/null`, which says more",
    )


def _exchange(child: subprocess.Popen[bytes], request: bytes, seconds: float) -> tuple[bytes, bool]:
    """The line that the child answers with, and whether the time was up, in which case the child is killed."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        stdin, stdout = _pipes(child)
        with suppress(BrokenPipeError):
            stdin.write(request)
            stdin.flush()
        line = stdout.readline(_MAX_ANSWER)
        timer.cancel()
        return line, late.is_set()
    except BaseException:
        child.kill()  # an answer that nobody read would be taken for the next one's
        raise
    finally:
        timer.cancel()


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin, child.stdout


def _stop(child: subprocess.Popen[bytes]) -> None:
    stdin, stdout = _pipes(child)
    with suppress(OSError):
        stdin.close()
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    stdout.close()
