"""
Never two RETURNNs in one directory: the embedded engine on several hosts, workers that come late, hosts that sleep.

RETURNN is played by a small program that notes when it begins and ends, and finds out whether another one is there.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .hosts import Host, why_no_hosts
from .played_returnn import play_returnn
from .setup_directory import make_setup, processes_with, training_directory, wait_for

NO_HOSTS = why_no_hosts()
several_hosts = pytest.mark.skipif(bool(NO_HOSTS), reason=NO_HOSTS)

NUM_EPOCHS = 10
RETURNN = """
import fcntl, os, re, sys, time

config = open(sys.argv[1]).read()
setup = sys.argv[1].partition("/work/jobs/")[0]


def note(what):
    with open(setup + "/noted", "a") as file:
        file.write(f"{what}\\n")


def look():  # as RETURNN does before it writes: jobs.holder_fence
    try:
        mine = os.environ["DIRECTORY_HOLDER_TOKEN"] in open(os.environ["DIRECTORY_HOLDER"]).read()
    except FileNotFoundError:
        mine = False
    if not mine:
        os._exit(75)


def option(name):
    return re.search(rf'^{name} = "?([^"\\n]+)"?$', config, re.MULTILINE)[1]


one = open(setup + "/one", "w")
try:
    fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    note("TWO")
note(f"begin on {os.uname().nodename}")
entries = ""
for epoch in range(1, int(option("num_epochs")) + 1):
    prefix = f"{option('model')}.{epoch:03d}"
    if not os.path.exists(prefix + ".meta"):
        time.sleep(0.4)
        look()
        for ending in (".data-00000-of-00001", ".index", ".meta"):
            open(prefix + ending, "w").close()
        note(f"epoch {epoch}")
    entries += f"{epoch}: EpochData(learningRate=0.1, error={{'dev_score': {1 / epoch}}}),\\n"
open(option("learning_rate_file"), "w").write("{" + entries + "}")
note("end")
"""


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A setup with a training; nothing of it runs afterwards."""
    place = make_setup(tmp_path / "setup")
    play_returnn(tmp_path / "played", RETURNN)
    yield place
    for pid in processes_with(str(place / "work")):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def far() -> Iterator[Host]:
    """Another host."""
    with Host("far") as host:
        yield host


def start(setup: pathlib.Path, *command: str, host: Host | None = None, takeover: float = 3.0) -> subprocess.Popen[str]:
    """The manager, or the engine with another command, on a host."""
    options = {
        "cwd": setup,
        "env": {
            **os.environ,
            "SIS_ENGINE": "embedded",
            "SIS_PYTHON": sys.executable,
            "SIS_HOLDER_TAKEOVER_SECONDS": str(takeover),
            "PYTHONPATH": str(setup.parent / "played"),
        },
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
    }
    manager = ("sis", "manager", f"configs/tiny.training({NUM_EPOCHS})")
    words = [sys.executable, *(("-m", "localsis", *command) if command else manager)]
    return subprocess.Popen(words, text=True, **options) if host is None else host.start(words, **options)


def result(manager: subprocess.Popen[str]) -> str:
    """What a manager or worker printed; it must have ended well."""
    text, _ = manager.communicate(timeout=120)
    assert manager.returncode == 0, text
    return text


def noted(setup: pathlib.Path) -> list[str]:
    """What RETURNN has noted."""
    return (setup / "noted").read_text().splitlines() if (setup / "noted").exists() else []


def wait_for_epoch(setup: pathlib.Path, epoch: int) -> None:
    """Waits until an epoch is done."""
    wait_for(lambda: f"epoch {epoch}" in noted(setup))


def training(setup: pathlib.Path) -> pathlib.Path:
    """The directory of the training."""
    found = training_directory(setup)
    assert found is not None
    return found


def workers(setup: pathlib.Path) -> list[int]:
    """The worker of the training."""
    of_training = processes_with(str(training(setup)))
    return [pid for pid in of_training if pid in processes_with("worker") and pid not in returnns(setup)]


def returnns(setup: pathlib.Path) -> list[int]:
    """The processes of RETURNN."""
    return [pid for pid in processes_with("returnn_program.py") if pid in processes_with(str(setup))]


def kill_manager_on(host: Host) -> None:
    """Kills the manager alone."""
    for pid in host.processes():
        if pid in processes_with("manager"):
            os.kill(pid, signal.SIGKILL)


def check_trained_once(setup: pathlib.Path, *hosts: str, epochs: int = NUM_EPOCHS) -> None:
    """There was one at a time, on these hosts, each epoch was trained once, and nothing is left but the results."""
    found = noted(setup)
    assert "TWO" not in found
    assert [line.split()[-1] for line in found if line.startswith("begin")] == list(hosts)
    assert [line for line in found if line.startswith("epoch")] == [f"epoch {n}" for n in range(1, epochs + 1)]
    names = {path.name for path in training(setup).iterdir()}
    assert {"finished", "finished.run.1"} <= names and not any("holder" in name or "error" in name for name in names)


HERE = os.uname().nodename


@several_hosts
def test_training_on_another_host_is_found_and_waited_for(setup: pathlib.Path, far: Host) -> None:
    """Also beside the marker of an error; and a manager that is stopped leaves it."""
    start(setup, host=far)
    wait_for_epoch(setup, 1)
    kill_manager_on(far)
    stopped = start(setup)
    assert stopped.stdout is not None
    wait_for(lambda: "is running on far (process " in stopped.stdout.readline())
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait(timeout=60) == 1
    (training(setup) / "error.run.1").touch()
    text = result(start(setup))
    assert "is running on far (process " in text and " since 2" in text and "TrainingJob" in text
    assert not any(word in text for word in ("run started", "FAILED", "failed before"))
    check_trained_once(setup, "far")


@several_hosts
def test_host_that_dies_is_replaced_and_the_training_goes_on(setup: pathlib.Path) -> None:
    with Host("far") as far:
        start(setup, host=far)
        wait_for_epoch(setup, 2)
    text = result(start(setup))
    assert "is not heard of any more; it goes on here" in text
    assert "has not been heard of for 3 s: this task takes over" in (training(setup) / "log.run.1").read_text()
    check_trained_once(setup, "far", HERE)


@several_hosts
def test_host_that_sleeps_wakes_up_after_it_was_replaced(setup: pathlib.Path, far: Host) -> None:
    """Its RETURNN ends before it writes, and its worker waits for the other and ends well."""
    start(setup, host=far)
    wait_for_epoch(setup, 2)
    kill_manager_on(far)
    far.send(signal.SIGSTOP)
    with Host("near") as near:
        manager = start(setup, host=near)
        wait_for(lambda: "begin on near" in noted(setup))
        assert noted(setup).count("TWO") == 1  # the lock by which it is seen that there are two is asleep, too
        far.send(signal.SIGCONT)
        result(manager)
    wait_for(lambda: not workers(setup))
    found = noted(setup)
    assert [line for line in found if line.startswith("epoch")] == [f"epoch {n}" for n in range(1, NUM_EPOCHS + 1)]
    log = (training(setup) / "log.run.1").read_text()
    assert "another process took over the directory" in log and "is held by process" in log.partition("another")[2]


@several_hosts
def test_returnn_of_a_dead_task_is_ended(setup: pathlib.Path, far: Host) -> None:
    """Where it is seen: the processes of that host can be seen from here."""
    start(setup, host=far)
    wait_for_epoch(setup, 2)
    kill_manager_on(far)
    far.send(signal.SIGSTOP)
    result(start(setup))
    assert "is a RETURNN that nobody waits for: it is killed" in (training(setup) / "log.run.1").read_text()
    check_trained_once(setup, "far", HERE)


def test_worker_that_comes_late_from_a_queue_waits_and_ends_well(setup: pathlib.Path) -> None:
    manager = start(setup)
    wait_for_epoch(setup, 1)
    late = start(setup, "worker", str(training(setup)), "run", "1")
    result(manager)
    text = result(late)
    assert "is held by process" in text and "was finished by another process" in text
    check_trained_once(setup, HERE)


def test_worker_from_a_queue_goes_on_where_the_other_was_killed(setup: pathlib.Path) -> None:
    manager = start(setup)
    wait_for_epoch(setup, 2)
    (worker,) = workers(setup)
    late = start(setup, "worker", str(training(setup)), "run", "1")
    assert late.stdout is not None and "is held by process" in late.stdout.readline()
    os.kill(manager.pid, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    result(late)
    assert "begin" in "".join(noted(setup)) and "TWO" not in noted(setup)
    assert [line for line in noted(setup) if line.startswith("epoch")] == [
        f"epoch {n}" for n in range(1, NUM_EPOCHS + 1)
    ]
    assert "started" not in result(start(setup))


def test_error_of_another_is_not_that_of_the_own_training(setup: pathlib.Path) -> None:
    """As one of a queue that could not read job.save: the manager goes on with its own."""
    manager = start(setup)
    wait_for_epoch(setup, 1)
    (training(setup) / "error.run.1").touch()
    text = result(manager)
    assert "FAILED" not in text
    assert [line.split()[-1] for line in noted(setup) if line.startswith("begin")] == [HERE]


def test_returnn_whose_task_is_stopped_ends_by_itself(setup: pathlib.Path) -> None:
    """The task cannot end it, and another takes over only later."""
    manager = start(setup, takeover=2.0)
    wait_for_epoch(setup, 1)
    (worker,), (program,) = workers(setup), returnns(setup)
    os.kill(worker, signal.SIGSTOP)
    wait_for(lambda: pathlib.Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    log = (training(setup) / "output" / "returnn.log").read_text()
    assert "RETURNN ends: the task that started it has not been heard of for 1 s" in log
    os.kill(worker, signal.SIGCONT)
    result(manager)
    assert "RETURNN had not heard of its task" in (training(setup) / "log.run.1").read_text()
    check_trained_once(setup, HERE, HERE)


@pytest.mark.parametrize("made_anew", [False, True], ids=["removed", "made_anew"])
def test_training_whose_directory_is_removed_begins_anew(made_anew: bool, setup: pathlib.Path) -> None:
    manager = start(setup)
    wait_for_epoch(setup, 3)
    job = training(setup)
    job.rename(setup / "aside")
    if made_anew:
        (job / "output" / "models").mkdir(parents=True)
    shutil.rmtree(setup / "aside")
    text = result(manager)
    assert "its directory was removed or renamed" in text
    found = noted(setup)
    assert "TWO" not in found and found.count("epoch 1") == 2 and found[-1] == "end"
    assert (job / "finished").exists()
    assert "started" not in result(start(setup))
