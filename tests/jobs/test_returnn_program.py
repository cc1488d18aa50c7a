"""The program that runs RETURNN."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time


def test_it_ends_with_the_process_that_started_it(tmp_path: pathlib.Path) -> None:
    child = (
        f"from jobs.returnn_program import end_with_parent as e; e(); open({str(tmp_path / 'pid')!r}, 'w').write('x')"
    )
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child + '; import time; time.sleep(60)'!r}])\n"
        f"print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    while not (tmp_path / "pid").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while pathlib.Path(f"/proc/{pid}").exists() and "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        os.sched_yield()
