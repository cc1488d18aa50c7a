"""How a task is started where settings.py has a ``worker_wrapper``."""

from __future__ import annotations

import pathlib
import types
from typing import Any

import pytest

from localsis import settings
from localsis.settings_values import SettingsError
from localsis.worker_call import worker_call

from .test_manager import PROJECT, run
from .test_manager import setup as setup

WRAPPER = """

def worker_wrapper(job, task_name, call):
    assert call[2] == "worker" and call[4] == task_name and call[5] == "1"
    if "NumberJob" not in job.job_id():
        return call
    return ["sh", "-c", 'echo wrapped; exec "$@"', "sh", *call]
"""


def test_tasks_run_within_it(setup: pathlib.Path) -> None:
    """As in a container; their results are there, and their errors are errors."""
    (setup / "settings.py").unlink()
    (setup / "settings.py").write_text((PROJECT / "settings.py").read_text() + WRAPPER)
    status, text = run(setup, "manager", "configs/toy.failing")
    assert status == 1 and "1 job failed:" in text and "this is what went wrong" in text
    (number,) = setup.glob("work/jobs/examples/NumberJob.*")
    (failed,) = setup.glob("work/jobs/examples/FailingJob.*")
    assert (number / "log.run.1").read_text().startswith("wrapped\nrunning\n") and (number / "finished.run.1").exists()
    assert "wrapped" not in (failed / "log.run.1").read_text() and (failed / "error.run.1").exists()


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda job, name, call: None, "gives None, which is no list of words"),
        (lambda job, name, call: ["no-such-container", *call], "there is no program no-such-container"),
        (lambda job, name, call: 1 / 0, r"for jobs/XJob\.a: ZeroDivisionError"),
    ],
)
def test_wrong_ones(wrap: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings._given, "worker_wrapper", wrap)
    job = types.SimpleNamespace(_sis_path=lambda: f"{settings.BASE_DIR}/work/jobs/XJob.a", job_id=lambda: "jobs/XJob.a")
    with pytest.raises(SettingsError, match=f"^worker_wrapper of settings.py.*{message}"):
        worker_call(job, "run", 1)
