"""
The files by which processes tell each other who holds a job's directory: see :mod:`jobs.directory_holder`.

``holder.N`` is of one who holds the directory or did so, ``.holder.TOKEN`` of one who waits for it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import time
from typing import Any

from .process_identity import is_surely_dead, own_identity

_SIZE = 512
"""Bytes of a file: each number replaces the one before in place."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL)
"""What link(2) says where a file system has no hard links."""


class HolderFile:
    """
    The file of this process in a directory: first as one who waits.

    :param directory: to hold
    :param token: that no other has
    :param beat: seconds between two signs of life, for others
    :ivar name: of the file, once the directory is held
    :raises FileNotFoundError: if there is no such directory
    """

    def __init__(self, directory: str, token: str, beat: float):
        self.directory, self.token, self.name = directory, token, ""
        since = time.strftime("%Y-%m-%d %H:%M:%S %z")
        self._record: dict[str, Any] = {**own_identity(), "token": token, "every": beat, "since": since}
        self._beats = 0
        self._place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._waiting = f".holder.{token}"
        self._file = os.open(self._waiting, _NEW, 0o644, dir_fd=self._place)

    def write(self) -> None:
        """Gives a sign of life: a new number. It goes to this file, wherever that is now, never to that of another."""
        self._beats += 1
        text = json.dumps({**self._record, "beat": self._beats})
        os.pwrite(self._file, text.ljust(_SIZE - 1).encode() + b"\n", 0)
        os.fdatasync(self._file)

    def others(self) -> dict[str, str]:
        """The texts of all files of those who hold the directory or did so, but for this one."""
        found = {}
        for name in os.listdir(self._place):
            if re.fullmatch(r"holder\.\d+", name) and name != self.name:
                with contextlib.suppress(FileNotFoundError):
                    found[name] = self._read(name)
        return found

    def take(self, number: int, dead: dict[str, str]) -> bool:
        """
        Makes the file of that number; says whether the directory is held now.

        :param number: above all that are there
        :param dead: the texts of the files that are there, all of dead ones
        """
        name = f"holder.{number}"
        try:
            os.link(self._waiting, name, src_dir_fd=self._place, dst_dir_fd=self._place)
        except FileExistsError:
            if os.fstat(self._file).st_nlink != 2:  # NFS may say so when the answer to the first request was lost
                return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if not self._make(name):
                return False
        self.name = name
        if any(dead.get(other) != text for other, text in self.others().items()):
            self.remove()
            return False
        for other in dead:
            with contextlib.suppress(OSError):
                os.unlink(other, dir_fd=self._place)
        return True

    def _make(self, name: str) -> bool:
        """The same without a hard link."""
        try:
            file = os.open(name, _NEW, 0o644, dir_fd=self._place)
        except FileExistsError:
            return False
        os.dup2(file, self._file, inheritable=False)
        os.close(file)
        self.write()
        return True

    def is_the_newest(self) -> bool:
        """
        Whether the directory is still held by it: its file is there, and none of a higher number.

        :raises FileNotFoundError: if its file is not there
        """
        return self.token in self._read(self.name) and not any(
            number_of(name) > number_of(self.name) for name in self.others()
        )

    def directory_is_there(self) -> bool:
        """Whether the directory that was opened still stands under its name."""
        try:
            there = os.stat(self.directory)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return os.path.samestat(there, os.fstat(self._place))

    def wait_no_more(self) -> None:
        """Removes the file of one who waits."""
        with contextlib.suppress(OSError):
            os.unlink(self._waiting, dir_fd=self._place)

    def remove(self) -> None:
        """Removes the file of one who holds, if it is still this one; also in a directory that was renamed."""
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(self.name, dir_fd=self._place), os.fstat(self._file)):
                os.unlink(self.name, dir_fd=self._place)
        self.name = ""

    def close(self) -> None:
        """Ends the use of this object."""
        os.close(self._file)
        os.close(self._place)

    def _read(self, name: str) -> str:
        """The text of a file; opened anew each time, so that NFS asks the server."""
        file = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._place)
        try:
            return os.read(file, 2 * _SIZE).decode(errors="replace")
        finally:
            os.close(file)


_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Watch:
    """
    Judges whether those who hold a directory are dead.

    :param patience: seconds without a sign of life, by the clock of this process
    """

    def __init__(self, patience: float):
        self.patience = patience
        self._seen: dict[str, tuple[str, float]] = {}

    def is_dead(self, name: str, text: str) -> bool:
        """Whether the one whose file has this name, and now this text, is dead."""
        if is_known_dead(text):
            return True
        now = time.monotonic()  # read after the text: what changed while this process slept is seen first
        if name not in self._seen or self._seen[name][0] != text:
            self._seen[name] = (text, now)
        return now - self._seen[name][1] > self.patience


def is_known_dead(text: str) -> bool:
    """Whether it is of a process of this machine that has ended."""
    return is_surely_dead(_parse(text))


def who(text: str) -> str:
    """Whose file it is, for the user."""
    record = _parse(text)
    if not record:
        return "a process that has not yet said who it is"
    return f"process {record.get('pid')} on {record.get('host')} since {record.get('since')}"


def number_of(name: str) -> int:
    """The number in the name of a file."""
    return int(name.rpartition(".")[2])


def _parse(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
