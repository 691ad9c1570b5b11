from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.jail import Jail
from reconciler.errors import ReconcilerError
from reconciler.rendering.jinja import Jinja, TemplateFault

NAMES: dict[str, Any] = {
    "service": {"name": "shöp"},
    "service_instance": {"name": "a", "inputs": {"subnets": ["a", "b"], "port": 80}, "components": {}},
}
ENDLESS = (
    "{% set n = 100000 %}\n{% for a in range(n) %}{% for b in range(n) %}\n"
    "{% for c in range(n) %}{% if c == n %}x{% endif %}{% endfor %}{% endfor %}{% endfor %}"
)


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with Jail(1.0) as jail:
        yield jail


def fault(jail: Jinja, source: str, what: str = "text") -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        getattr(jail, what)(source, NAMES)
    return caught.value


def pid(jail: Jail) -> int:
    """The process that renders now, as a template cannot say."""
    jail.text("", {})
    assert jail._child is not None
    return jail._child.pid


def is_gone(process: int) -> bool:
    """Whether a process ends within some seconds. A zombie has ended."""
    for _ in range(200):
        try:
            stat = Path(f"/proc/{process}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_what_comes_out_is_what_is_rendered_without_a_jail(jail: Jail) -> None:
    assert jail.text("a: {{ service.name }}\r\n", NAMES) == "a: shöp\r\n"
    assert jail.value("{{ service_instance.inputs.subnets }}", NAMES) == ["a", "b"]
    assert jail.value("{{ service_instance.inputs.port }}", NAMES) == 80
    assert jail.stack("A: {{ service.name }}\n", NAMES) == "A: shöp\n"
    assert jail.text("{{ service_instance.components.default.outputs }}", NAMES) == "{}"
    assert jail.text("{{ '😀' }}{{ '\\U0001f600' }}", {}) == "😀😀"


def test_faults_come_back_as_they_are(jail: Jail) -> None:
    found = fault(jail, "\n\n{{ service.nme }}")
    assert (found.line, found.message, found.hint) == (3, 'service has no "nme"', 'did you mean "name"?')
    assert fault(jail, "A: 1\nB: {{ 1 }}: 2", "stack").line == 2
    assert fault(jail, "{{ ''.__class__ }}").message == 'a template may not use "__class__" of a str'
    assert fault(jail, "{{ x", "value").line == 1


def test_a_fault_leaves_the_process_in_place(jail: Jail) -> None:
    before = pid(jail)
    fault(jail, "{{ nothing }}")
    fault(jail, "{{ 'x' | center(10 ** 10) }}")
    assert pid(jail) == before


def test_a_rendering_without_end_is_stopped_and_says_where(jail: Jail) -> None:
    started = time.monotonic()
    found = fault(jail, ENDLESS)
    assert time.monotonic() - started < 5
    assert (found.line, found.message) == (3, "rendering took longer than 1 s")
    assert "loops inside of loops" in found.hint
    assert jail.text("still here", {}) == "still here"


def test_what_cannot_be_interrupted_is_killed(jail: Jail) -> None:
    before = pid(jail)
    os.kill(before, signal.SIGSTOP)
    found = fault(jail, "{{ 1 }}")
    assert found.message == "rendering took longer than 1 s"
    assert is_gone(before)
    assert jail.text("{{ 1 }}", {}) == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="address space is bounded on Linux")
@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' | center(10 ** 10) | length }}",
        "{% set x = 'x' | center(1000000) %}" + "{% set x = x.replace('  ', x[:500]) %}" * 3 + "{{ x | length }}",
        "{{ [1] | batch(10 ** 10, 0) | list | length }}",
        "{{ 'a'.zfill(10 ** 10) | length }}",
    ],
)
def test_memory_is_bounded(jail: Jail, source: str) -> None:
    assert fault(jail, source).message in ("this takes too much memory", "rendering took longer than 1 s")
    assert jail.text("still here", {}) == "still here"


def test_a_crash_is_a_fault_and_the_next_rendering_works(jail: Jail) -> None:
    # Far deeper than the C code of the YAML parser can go.
    message = fault(jail, "[" * 100_000, "stack").message
    assert "ended unexpectedly" in message or message == "rendering took longer than 1 s"
    assert jail.stack("A: 1", {}) == "A: 1"


def test_a_process_that_ended_while_nobody_looked_is_replaced(jail: Jail) -> None:
    before = pid(jail)
    os.kill(before, signal.SIGKILL)
    assert is_gone(before)
    assert jail.text("{{ 41 + 1 }}", {}) == "42"  # nothing that it was asked before
    assert pid(jail) != before


def test_the_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-mine")
    monkeypatch.setenv("GITHUB_TOKEN", "secret-of-mine")
    with Jail() as jail:
        process = pid(jail)
        if sys.platform == "linux":
            assert b"secret" not in Path(f"/proc/{process}/environ").read_bytes()
            limits = Path(f"/proc/{process}/limits").read_text()
            assert "Max open files            64 " in limits
            assert "Max address space         1073741824 " in limits


def test_no_process_is_left_behind() -> None:
    with Jail() as jail:
        first = pid(jail)
    assert is_gone(first)
    jail.close()
    jail = Jail()
    second = pid(jail)
    del jail
    gc.collect()
    assert is_gone(second)


@pytest.mark.parametrize("source", ["{{ 1 }}", ENDLESS])
def test_the_end_of_the_parent_is_its_end(source: str) -> None:
    program = (
        "import json, sys, time\n"
        "from reconciler.engine.jail import Jail\n"
        "jail = Jail(2.0)\n"
        "jail.text('', {})\n"
        "print(jail._child.pid, flush=True)\n"
        "jail.text(json.loads(sys.argv[1]), {})\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, json.dumps(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert is_gone(child)


def test_a_rendering_takes_less_than_a_millisecond(jail: Jail) -> None:
    source = "Resources:\n  A: {{ service.name }}\n"
    jail.text(source, NAMES)
    times = []
    for _ in range(100):
        started = time.perf_counter()
        jail.text(source, NAMES)
        times.append(time.perf_counter() - started)
    # The best of many: what it takes, whatever else the machine is doing.
    assert min(times) < 0.001


def test_a_process_that_cannot_start_says_how_to_find_out_why(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, why in {"/nonexistent/python": "No such file", "/bin/false": "it ends with code 1"}.items():
        monkeypatch.setattr(sys, "executable", path)
        with pytest.raises(ReconcilerError) as caught, Jail() as jail:
            jail.text("", {})
        assert why in caught.value.message
        assert "jail_child" in caught.value.hint


def test_a_template_that_is_late_again_and_again_is_not_tried_any_more() -> None:
    with Jail(0.1) as jail:
        for _ in range(3):
            assert fault(jail, ENDLESS).line == 3
        started = time.monotonic()
        found = fault(jail, ENDLESS)
        assert time.monotonic() - started < 0.1
        assert "3 times with other values" in found.message
        assert jail.text("{{ 1 }}", {}) == "1"


def test_a_check_of_what_was_rendered_is_stopped_like_a_rendering() -> None:
    with Jail(0.2) as jail:
        found = fault(jail, "A: [" + "{a: 1}, " * 100_000 + "]", "stack")
        assert found.message == "rendering took longer than 0.2 s"
        assert jail.stack("A: 1", {}) == "A: 1"
