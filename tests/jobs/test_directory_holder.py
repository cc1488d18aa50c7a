"""One process at a time in a directory: races, kills, processes that sleep, hosts that are others."""

from __future__ import annotations

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from jobs import directory_holder, holder_files
from jobs.directory_holder import DirectoryHolder, DirectoryLost, Times, held_directory, release_all
from jobs.process_identity import is_surely_dead, own_identity

from .holding_process import start_holder, stop
from .hosts import Host, why_no_hosts
from .setup_directory import wait_for

NO_HOSTS = why_no_hosts()
several_hosts = pytest.mark.skipif(bool(NO_HOSTS), reason=NO_HOSTS)


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    """What a test holds is given back."""
    yield
    release_all()


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    """A job's directory."""
    (tmp_path / "job").mkdir()
    return tmp_path / "job"


def lines(log: pathlib.Path) -> list[str]:
    """What the processes have noted."""
    return log.read_text().splitlines() if log.exists() else []


def names(place: pathlib.Path) -> list[str]:
    """All files in a directory."""
    return sorted(path.name for path in place.iterdir())


def test_file_says_who_holds_it_and_is_removed_at_the_end(place: pathlib.Path) -> None:
    holder = held_directory(str(place))
    assert held_directory(str(place)) is holder
    assert names(place) == ["holder.1"]
    record = json.loads((place / "holder.1").read_text())
    assert record["host"] == os.uname().nodename and record["pid"] == os.getpid() and record["since"]
    release_all()
    assert names(place) == [] and not holder.is_mine()


def test_signs_of_life_change_the_file_in_place(place: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIS_HOLDER_TAKEOVER_SECONDS", "0.3")
    held_directory(str(place))
    before, inode = (place / "holder.1").read_text(), (place / "holder.1").stat().st_ino
    wait_for(lambda: (place / "holder.1").read_text() != before)
    assert (place / "holder.1").stat().st_ino == inode


def test_second_process_waits_says_for_whom_and_gets_it(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    first = start_holder(place, log, seconds=1.0)
    wait_for(lambda: len(lines(log)) == 1)
    second = start_holder(place, log, seconds=0.0)
    text, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert f"is held by process {first.pid} on {os.uname().nodename} since 2" in text
    assert [line.split()[0] for line in lines(log)] == ["begin", "end", "begin", "end"]


def test_killed_holder_is_known_to_be_dead_at_once(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    first = start_holder(place, tmp_path / "log", takeover=1000.0)
    wait_for(lambda: len(lines(tmp_path / "log")) == 1)
    first.kill()
    wait_for(lambda: is_surely_dead(json.loads((place / "holder.1").read_text())))  # a zombie is dead as well
    second = start_holder(place, tmp_path / "log", seconds=0.0, takeover=1000.0)
    second.communicate(timeout=60)
    stop(first)
    assert second.returncode == 0 and names(place) == []


def test_stopped_holder_is_taken_for_dead_and_notices_when_it_wakes_up(
    place: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    log = tmp_path / "log"
    first = start_holder(place, log)
    wait_for(lambda: len(lines(log)) == 1)
    os.kill(first.pid, signal.SIGSTOP)
    second = start_holder(place, log)
    wait_for(lambda: len(lines(log)) == 2)
    assert names(place) == ["holder.2"]
    os.kill(first.pid, signal.SIGCONT)
    wait_for(lambda: f"lost {first.pid}" in lines(log))
    assert "has not been heard of for 1 s: this task takes over" in stop(second)
    assert "another process took over the directory" in stop(first)


def test_one_that_lost_it_removes_no_file_of_another(place: pathlib.Path) -> None:
    """Numbers begin anew when nobody holds the directory: its own may be that of another now."""
    asleep = DirectoryHolder(str(place), Times(1000.0), lambda text: None)
    asleep.claim()
    (place / "holder.1").unlink()
    other = DirectoryHolder(str(place), Times(1000.0), lambda text: None)
    other.claim()
    assert names(place) == ["holder.1"] and other.is_mine() and not asleep.is_mine()
    asleep.release()
    assert other.is_mine()
    other.release()
    assert names(place) == []


@several_hosts
def test_holder_on_another_host_is_waited_for_and_then_taken_over(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Its PID says nothing here; whether it lives is seen by its signs of life alone."""
    log = tmp_path / "log"
    with Host("far") as far:
        start_holder(place, log, host=far)
        wait_for(lambda: len(lines(log)) == 1)
        second = start_holder(place, log, seconds=0.0)
        assert second.stdout is not None
        assert " on far since " in second.stdout.readline()
        time.sleep(2.5)  # more than twice what a dead one is given
        assert len(lines(log)) == 1, "it was alive"
    text, _ = second.communicate(timeout=60)
    assert " on far " in text and "takes over" in text and len(lines(log)) == 3


def test_removed_directory_is_noticed_also_when_it_is_made_anew(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    first = start_holder(place, log)
    wait_for(lambda: len(lines(log)) == 1)
    shutil.rmtree(place)
    place.mkdir()
    second = start_holder(place, log)
    wait_for(lambda: len(lines(log)) == 3)
    assert f"lost {first.pid}" in lines(log)
    assert "was removed or renamed" in stop(first)
    assert names(place) == ["holder.1"]
    stop(second)


def test_renamed_directory_is_noticed(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    first = start_holder(place, log)
    wait_for(lambda: len(lines(log)) == 1)
    place.rename(tmp_path / "job.cleared.0001")
    wait_for(lambda: f"lost {first.pid}" in lines(log))
    stop(first)


def test_directory_that_is_removed_while_it_is_waited_for(place: pathlib.Path, tmp_path: pathlib.Path) -> None:
    first = start_holder(place, tmp_path / "log")
    wait_for(lambda: len(lines(tmp_path / "log")) == 1)
    second = start_holder(place, tmp_path / "log")
    assert second.stdout is not None
    second.stdout.readline()
    shutil.rmtree(place)
    text, _ = second.communicate(timeout=60)
    assert "removed or renamed while this task waited for it" in text
    stop(first)
    with pytest.raises(DirectoryLost):
        held_directory(str(place))


def test_file_system_without_hard_links(place: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*names: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setenv("SIS_HOLDER_TAKEOVER_SECONDS", "0.3")
    holder = held_directory(str(place))
    assert holder.is_mine() and json.loads((place / "holder.1").read_text())["pid"] == os.getpid()
    before = (place / "holder.1").read_text()
    wait_for(lambda: (place / "holder.1").read_text() != before)


def test_answer_of_nfs_that_was_lost(place: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS repeats a request, and then the link is there already: the count of links tells whose it is."""
    link = os.link

    def twice(*names: str, **options: int) -> None:
        link(*names, **options)
        link(*names, **options)

    monkeypatch.setattr(os, "link", twice)
    assert held_directory(str(place)).is_mine()


def test_damaged_or_empty_file_is_of_somebody(place: pathlib.Path) -> None:
    (place / "holder.7").write_text("")
    said: list[str] = []
    holder = DirectoryHolder(str(place), Times(0.3), said.append)
    holder.claim()
    assert names(place) == ["holder.8"]
    assert "held by a process that has not yet said who it is" in said[0]
    holder.release()


def test_one_that_wakes_up_before_it_is_replaced_keeps_it(place: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sign of life comes after it was found dead, and before the other looks again."""
    (place / "holder.1").write_text("asleep")
    holder = DirectoryHolder(str(place), Times(0.2), lambda text: None)
    link, awake = os.link, []

    def link_late(*names: str, **options: int) -> None:
        if not awake:
            (place / "holder.1").write_text("awake")
            awake.append(True)
        else:
            assert (place / "holder.1").read_text() == "awake" and names[1] == "holder.2"
        link(*names, **options)

    monkeypatch.setattr(os, "link", link_late)
    began = time.monotonic()
    holder.claim()
    assert time.monotonic() - began > 0.4, "it was watched anew"
    holder.release()


@pytest.mark.parametrize("dead", [False, True], ids=["nobody", "dead_holder"])
def test_races(dead: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight at once, again and again: never two. Threads do: each has a file of its own, and no state is shared."""
    monkeypatch.setattr(holder_files, "is_surely_dead", lambda record: not record)  # the one that is damaged
    generator = random.Random(1)
    for number in range(100):
        place = tmp_path / str(number)
        place.mkdir()
        if dead:
            (place / "holder.3").write_text("x" * 100)
        inside, most, entered = [0], [0], [0]

        def work(pause: float, place: pathlib.Path = place, inside=inside, most=most, entered=entered) -> None:
            time.sleep(pause)
            holder = DirectoryHolder(str(place), Times(1000.0), lambda text: None)
            monkeypatch.setattr(holder, "_pause", lambda: time.sleep(0.002))
            holder.claim()
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            entered[0] += 1
            time.sleep(0.002)
            inside[0] -= 1
            holder.release()

        threads = [threading.Thread(target=work, args=(generator.random() * 0.01,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == [1] and entered == [8] and names(place) == []


SHARED = """
import localsis, os, random, sys, time
localsis.install()
from jobs.directory_holder import DirectoryHolder, Times
directory, seed = sys.argv[1:]
generator = random.Random(int(seed))
for turn in range(40):
    holder = DirectoryHolder(directory, Times(1000.0), lambda text: None)
    holder._pause = lambda: time.sleep(0.002)
    holder.claim()
    inside = os.open(os.path.join(directory, "inside"), os.O_CREAT | os.O_EXCL)  # fails if another is there
    time.sleep(generator.random() * 0.002)
    os.unlink(os.path.join(directory, "inside"))
    os.close(inside)
    if generator.random() < 0.2 and turn > 5:
        os._exit(9)  # dies as the holder
    holder.release()
"""


def test_races_of_processes_that_die(place: pathlib.Path) -> None:
    """Hundreds of changes of the holder, one in five by its death."""
    running = [
        subprocess.Popen([sys.executable, "-c", SHARED, str(place), str(seed)], stderr=subprocess.PIPE, text=True)
        for seed in range(6)
    ]
    errors = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running if process.returncode not in (0, 9)] == [], errors
    assert any(process.returncode == 9 for process in running)
    assert not (place / "inside").exists()


def test_identity() -> None:
    own = own_identity()
    assert not is_surely_dead(own)
    assert is_surely_dead({**own, "start": "1"}), "the PID is that of another process now"
    child = subprocess.Popen(["true"])
    child.wait()
    assert is_surely_dead({**own, "pid": child.pid})
    for key, other in {"boot": "another", "pidns": "pid:[1]", "pid": None}.items():
        assert not is_surely_dead({**own, "pid": child.pid, key: other}), "nothing can be said of it"


def test_wanted_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIS_HOLDER_TAKEOVER_SECONDS", raising=False)
    times = directory_holder.wanted_times()
    assert times.takeover == 60 and times.beat * 5 < times.silence < times.takeover
