"""Waiting ends with the first process that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from localsis.waiting import EndOfProcesses


def sleeper(seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system cannot say when a process ends")
def test_the_first_one_that_ends() -> None:
    long, short = sleeper(600), sleeper(0.2)
    ends = EndOfProcesses()
    start = time.monotonic()
    ends.wait([long.pid, short.pid], 500)
    assert short.wait(timeout=60) == 0 and long.poll() is None
    ends.wait([long.pid, short.pid], 500)  # it has ended already: no waiting
    ends.wait([long.pid], 0.01)
    assert long.poll() is None
    long.kill()
    ends.wait([long.pid], 500)
    assert long.wait(timeout=60) != 0
    ends.close()
    assert time.monotonic() - start < 500
    assert not ends._files


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = sleeper(0)
    ends = EndOfProcesses()
    while process.poll() is None:
        ends.wait([process.pid], 500)
    ends.close()
