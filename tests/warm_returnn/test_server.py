"""A command that is handed on to a server is run as by itself; it ends with the one that asked for it."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from . import cold, warm

pytestmark = pytest.mark.xdist_group("chain")
pytest.importorskip("torch", reason="its server is the smaller one")

NAMED = "# returnn.__main__\nimport os, signal, sys, time\n"
"""Programs with this name are handed on."""
PROGRAMS = {
    "prints": "print(sys.argv[1:], os.getcwd(), os.environ['ASKED'], file=sys.stderr); print(sys.stdin.read())",
    "status": "sys.exit(3)",
    "message": "sys.exit('it went wrong')",
    "error": "raise KeyError('a key')",
    "kill": "os.kill(os.getpid(), signal.SIGKILL)",
    "end": "import atexit; atexit.register(print, 'at its end'); print('before')",
}


@pytest.fixture
def start(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], subprocess.Popen[str]]:
    """Starts a program with a config for PyTorch."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("ASKED", "a value")
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    (tmp_path / "config").write_text('backend = "torch"\n')

    def run(program: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", NAMED + program, "config"]
        return subprocess.Popen(
            command, cwd=tmp_path, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return run


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_as_by_itself(name: str, start: Callable[[str], subprocess.Popen[str]]) -> None:
    found = []
    for how in (cold, warm):
        with how():
            process = start(PROGRAMS[name])
            printed, errors = process.communicate("some input", timeout=600)
            found.append((process.returncode, printed, errors.splitlines()[-1:]))
    assert found[0] == found[1]


def test_it_has_imported_pytorch(start: Callable[[str], subprocess.Popen[str]]) -> None:
    with warm():
        assert start("print('torch' in sys.modules)").communicate(timeout=600)[0] == "True\n"
    with cold():
        assert start("print('torch' in sys.modules)").communicate(timeout=600)[0] == "False\n"


def test_it_ends_with_its_client(start: Callable[[str], subprocess.Popen[str]]) -> None:
    with warm():
        process = start("print(os.getpid(), flush=True); time.sleep(600)")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert pid != process.pid and os.path.exists(f"/proc/{pid}")
    process.kill()
    process.communicate()
    end = time.monotonic() + 60
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < end, "it goes on"
        time.sleep(0.01)


def test_signals_are_handed_on(start: Callable[[str], subprocess.Popen[str]]) -> None:
    with warm():
        process = start(
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); print('ready', flush=True); time.sleep(600)"
        )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=600)
    assert process.returncode == 5
