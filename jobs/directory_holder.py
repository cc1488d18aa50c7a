"""
One task at a time in a job's directory, whatever starts it: an engine here or on another host, a queue.

The task that works in a directory has a file ``holder.N`` there. It is made by link(2), which is atomic on NFS, too,
and says who holds the directory and since when. A thread writes a new number into it every few seconds. Others never
compare times, as clocks of hosts differ: whose file does not change for a while of their own clock is dead. A process
of the same machine is known to be dead at once.

To take over from a dead holder is to make ``holder.N+1``: of several that try, one can. Whoever has made a file looks
at all others again, and gives up if one is there that it has not found dead: of two that cannot see each other's file
before their own is made, at least one gives up. Who is taken for dead and wakes up finds its file gone and a higher
one in its place, and ends its RETURNN. RETURNN looks for itself as well: :mod:`jobs.holder_fence`.

Hard links are missing on some file systems; there the file is made with O_EXCL.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from sisyphus import tk

from .holder_files import HolderFile, Watch, is_known_dead, number_of, who

SETTING = "HOLDER_TAKEOVER_SECONDS"
"""The name in settings.py, and with ``SIS_`` before it in the environment."""

_held: dict[str, DirectoryHolder] = {}
_lock = threading.Lock()


class DirectoryLost(SystemExit):
    """
    The directory was removed or renamed, and maybe made anew: what this task does has no place any more.

    It ends the task without an error, whose marker would be written into the new directory.
    """


class DirectoryTaken(Exception):
    """Another process took over the directory, as this one was not heard of."""


class Times(NamedTuple):
    """
    Seconds, by the clock of the one who waits.

    :ivar takeover: without a sign of life, after which a holder is dead
    """

    takeover: float

    @property
    def beat(self) -> float:
        """Between two signs of life, and between two looks of the holder at its file."""
        return self.takeover / 30

    @property
    def silence(self) -> float:
        """Without a sign of life of its task, after which RETURNN ends by itself: well before another may start."""
        return self.takeover / 2

    @property
    def settle(self) -> float:
        """After a takeover, for a RETURNN of the former holder to see it and end."""
        return self.takeover / 10


def wanted_times() -> Times:
    """As settings.py says, else a minute."""
    settings: Any = tk.gs
    wanted = os.environ.get(f"SIS_{SETTING}")
    return Times(float(wanted) if wanted else float(getattr(settings, SETTING, 60.0)))


def held_directory(directory: str, say: Callable[[str], None] | None = None) -> DirectoryHolder:
    """
    Holds a directory for this process until that ends; waits for whoever holds it.

    :param directory: of a job
    :param say: what is told to the user; default: printed
    :raises DirectoryLost: if it was removed meanwhile
    """
    path = os.path.abspath(directory)
    with _lock:
        holder = _held.get(path)
    if holder is not None and holder.is_mine():
        return holder
    holder = DirectoryHolder(path, wanted_times(), say or _print)
    holder.claim()
    with _lock:
        _held[path] = holder
    return holder


def release_all() -> None:
    """Gives back all that this process holds; at its end, when the engine has written what came of the task."""
    with _lock:
        holders = list(_held.values())
        _held.clear()
    for holder in holders:
        holder.release()


atexit.register(release_all)


class DirectoryHolder:
    """
    A directory that this process holds, or waits for.

    :param directory: absolute path
    :param times: see there
    :param say: what is told to the user
    """

    def __init__(self, directory: str, times: Times, say: Callable[[str], None]):
        self.directory, self.times, self._say = directory, times, say
        self._file: HolderFile | None = None
        self._lost: type[DirectoryLost] | type[DirectoryTaken] | None = None
        self._ending = threading.Event()
        self._looking = threading.RLock()
        self._on_loss: list[Callable[[], None]] = []

    # to get it

    def claim(self) -> None:
        """
        Waits until nobody else holds the directory, and holds it from then on.

        :raises DirectoryLost: if it was removed meanwhile
        """
        try:
            file = HolderFile(self.directory, uuid.uuid4().hex, self.times.beat)
        except FileNotFoundError:
            raise DirectoryLost(f"{self.directory} was removed") from None
        try:
            file.write()
            silent = self._wait_for(file)
        except BaseException:
            file.wait_no_more()
            file.close()
            raise
        file.wait_no_more()
        self._file = file
        threading.Thread(target=self._beat_on, name="directory holder", daemon=True).start()
        if silent:
            time.sleep(self.times.settle)
            self.check()

    def _wait_for(self, file: HolderFile) -> bool:
        """Waits until the directory is held; says whether another was taken for dead since it was not heard of."""
        watch, told = Watch(self.times.takeover), ""
        while file.directory_is_there():
            others = file.others()
            dead = {name: text for name, text in others.items() if watch.is_dead(name, text)}
            living = [text for name, text in others.items() if name not in dead]
            if living:
                if who(living[0]) != told:
                    told = who(living[0])
                    self._say(f"{self.directory} is held by {told}: this task waits for it")
                self._pause()
            elif file.take(max([0, *map(number_of, dead)]) + 1, dead):
                silent = [who(text) for text in dead.values() if not is_known_dead(text)]
                for one in silent:
                    self._say(f"{one} has not been heard of for {self.times.takeover:g} s: this task takes over")
                return bool(silent)
            else:
                time.sleep(random.uniform(0.0, 0.05))
        raise DirectoryLost(f"{self.directory} was removed or renamed while this task waited for it")

    def _pause(self) -> None:
        time.sleep(min(self.times.beat / 2, 1.0))

    # to keep it

    def on_loss(self, function: Callable[[], None]) -> None:
        """Adds what is to be done at once when the directory is lost; it is called by another thread."""
        with self._looking:
            self._on_loss.append(function)
            if self._lost is not None:
                function()

    def forget(self, function: Callable[[], None]) -> None:
        """Takes that back."""
        with self._looking:
            self._on_loss.remove(function)

    def is_mine(self) -> bool:
        """Looks whether this process still holds the directory."""
        with self._looking:
            return self._look()

    def check(self) -> None:
        """
        Looks whether this process still holds the directory.

        :raises DirectoryLost: if it was removed or renamed
        :raises DirectoryTaken: if another process holds it
        """
        if not self.is_mine():
            lost = self._lost or DirectoryTaken
            raise lost(f"{self.directory}: {_REASONS[lost]}")

    def environment(self) -> dict[str, str]:
        """What tells a program of it, for :mod:`jobs.holder_fence`."""
        assert self._file is not None
        return {
            "DIRECTORY_HOLDER": os.path.join(self.directory, self._file.name),
            "DIRECTORY_HOLDER_TOKEN": self._file.token,
            "DIRECTORY_HOLDER_TIMES": f"{self.times.beat} {self.times.silence}",
        }

    def release(self) -> None:
        """Gives the directory back, so that another may have it."""
        self._ending.set()
        with self._looking:
            if self._file is not None:
                self._file.remove()
                self._file.close()
                self._file = None

    def _beat_on(self) -> None:
        while not self._ending.wait(self.times.beat):
            with self._looking:
                if self._file is None or not self._look():
                    break
                with contextlib.suppress(OSError):  # a full disk; that the file is gone is seen in the next look
                    self._file.write()
                if not self._look():  # first written, then looked: another first makes its file, then looks at ours
                    break

    def _look(self) -> bool:
        if self._lost is not None or self._file is None:
            return False
        try:
            if not self._file.directory_is_there():
                self._lost = DirectoryLost
            elif not self._file.is_the_newest():
                self._lost = DirectoryTaken
        except FileNotFoundError:
            self._lost = DirectoryTaken if self._file.directory_is_there() else DirectoryLost
        except OSError as error:
            if error.errno == errno.ESTALE:
                self._lost = DirectoryLost
            # else the file system does not answer: nobody else can take over by it
        if self._lost is None:
            return True
        self._say(f"{self.directory}: {_REASONS[self._lost]}; RETURNN is ended")
        for function in list(self._on_loss):
            function()
        return False


_REASONS: dict[type[BaseException], str] = {
    DirectoryLost: "the directory was removed or renamed while its task ran",
    DirectoryTaken: "another process took over the directory, since this one was not heard of",
}


def _print(text: str) -> None:
    print(time.strftime("[%Y-%m-%d %H:%M:%S] ") + text, flush=True)
