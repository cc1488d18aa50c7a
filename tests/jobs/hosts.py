"""Hosts that are namespaces of this machine: with a name, processes and network of their own, and the same files."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
from typing import Any

from .setup_directory import wait_for

_SPACES = ("--uts", "--net", "--pid")


class Host:
    """
    A host; needs that :func:`why_no_hosts` says "".

    :param name: what ``hostname`` says there
    """

    def __init__(self, name: str):
        self.name = name
        begin = ["unshare", *_SPACES, "--fork", "--kill-child", "--mount-proc"]
        self._outer = subprocess.Popen(
            [*begin, "sh", "-c", f"hostname {name} && echo && exec sleep 100000"], stdout=subprocess.PIPE, text=True
        )
        assert self._outer.stdout is not None and self._outer.stdout.readline() == "\n", "it cannot be made"
        children = pathlib.Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        self._first = int(children[0])
        self._space = os.readlink(f"/proc/{self._first}/ns/pid")

    def start(self, command: list[str], **options: Any) -> subprocess.Popen[str]:
        """Starts a command there; further arguments are those of ``subprocess.Popen``."""
        enter = ["nsenter", f"--target={self._first}", *_SPACES, "--mount", f"--wd={options.pop('cwd', os.getcwd())}"]
        return subprocess.Popen([*enter, *command], text=True, **options)

    def processes(self) -> list[int]:
        """The PIDs here of all that run there, but for the first."""
        found = []
        for directory in pathlib.Path("/proc").iterdir():
            try:
                if directory.name.isdigit() and os.readlink(directory / "ns" / "pid") == self._space:
                    found.append(int(directory.name))
            except OSError:
                continue
        return [pid for pid in found if pid != self._first]

    def send(self, number: int) -> None:
        """Sends a signal to all: SIGSTOP freezes the host."""
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def power_off(self) -> None:
        """Ends everything there at once."""
        self._outer.kill()
        self._outer.wait()
        wait_for(lambda: not self.processes())

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *error: object) -> None:
        self.send(signal.SIGCONT)
        self.power_off()


def why_no_hosts() -> str:
    """Why this machine cannot play several hosts; "" if it can."""
    command = ["unshare", *_SPACES, "--fork", "--mount-proc", "sh", "-c", "hostname other && hostname"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare and nsenter (util-linux) are not installed"
    return "" if result.stdout == "other\n" else f"unshare is not allowed here: {result.stderr.strip()}"
