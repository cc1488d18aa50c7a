"""
``python server.py ENGINE LISTENER``: imports an engine once, and forks for each RETURNN that is asked for.

Its parent ends it by closing its standard input. A RETURNN ends with its client and with the server; both kill it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import types
from typing import Any, NamedTuple

MODULES = {
    "tensorflow": ("tensorflow", "returnn.__main__", "returnn.tf.engine", "returnn.datasets.hdf"),
    "torch": ("torch", "returnn.__main__", "returnn.torch.engine", "returnn.datasets.hdf"),
}


class Request(NamedTuple):
    """
    What a client asks for.

    :ivar words: its command, after the name of Python
    :ivar cwd: where it runs
    :ivar env: its environment
    :ivar files: its standard input, output and errors
    """

    words: list[str]
    cwd: str
    env: dict[str, str]
    files: list[int]


class Server:
    """
    Forks for each client.

    :param engine: of RETURNN, imported at the first request
    :param listener: the socket that clients connect to
    """

    def __init__(self, engine: str, listener: socket.socket):
        self.engine, self.listener = engine, listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        self.selector.register(listener, selectors.EVENT_READ, None)
        self.running: dict[int, socket.socket] = {}
        self.imported = False

    def serve(self) -> Request | None:
        """Until the parent closes standard input. In a fork it gives what is to be run there."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj == sys.stdin.fileno():
                    for pid in self.running:
                        _kill(pid, signal.SIGKILL)
                    return None
                if key.fileobj is self.listener:
                    request = self.accept()
                    if request is not None:
                        return request
                elif isinstance(key.fileobj, socket.socket):
                    self.hear(key.fileobj, key.data)
                else:
                    self.end(key.fd, key.data)

    def accept(self) -> Request | None:
        """Forks for a new client; gives its request in the fork."""
        connection, _ = self.listener.accept()
        try:
            request = _receive(connection)
        except (OSError, ValueError):  # it was killed meanwhile
            connection.close()
            return None
        self.import_engine()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            for other in self.running.values():
                other.close()
            connection.close()
            self.selector.close()
            self.listener.close()
            return request
        for file in request.files:
            os.close(file)
        self.running[pid] = connection
        self.selector.register(connection, selectors.EVENT_READ, pid)
        self.selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        return None

    def import_engine(self) -> None:
        """Once."""
        if not self.imported:
            for name in MODULES[self.engine]:
                importlib.import_module(name)
            gc.collect()
            gc.freeze()
            self.imported = True

    def hear(self, connection: socket.socket, pid: int) -> None:
        """Signals of the client; its end is that of its RETURNN."""
        try:
            numbers = connection.recv(16)
        except OSError:
            numbers = b""
        for number in numbers or [signal.SIGKILL]:
            _kill(pid, number)
        if not numbers:
            self.selector.unregister(connection)

    def end(self, pidfd: int, pid: int) -> None:
        """RETURNN has ended: tells the client how."""
        self.selector.unregister(pidfd)
        os.close(pidfd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection = self.running.pop(pid)
        with contextlib.suppress(KeyError):
            self.selector.unregister(connection)
        with contextlib.suppress(OSError):
            connection.sendall(status.to_bytes(4, "little", signed=True))
        connection.close()


def _receive(connection: socket.socket) -> Request:
    """
    Reads what a client asks for.

    :raises ValueError: if it ended meanwhile
    """
    head, files, _, _ = socket.recv_fds(connection, 8, 3)
    length, text = int.from_bytes(head, "little"), b""
    while len(head) == 8 and len(text) < length:
        part = connection.recv(length - len(text))
        if not part:
            break
        text += part
    if len(files) != 3 or len(text) < length:
        for file in files:
            os.close(file)
        raise ValueError("the client has ended")
    return Request(files=files, **json.loads(text))


def _kill(pid: int, number: int) -> None:
    """Sends a signal to a RETURNN and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
    with contextlib.suppress(ProcessLookupError):  # before it has a session of its own
        os.kill(pid, number) if number == signal.SIGKILL else None


def run(request: Request, engine: str) -> None:
    """Runs the command in this process as Python would, which then ends."""
    for number, file in enumerate(request.files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.env)
    random.seed()
    sys.modules["numpy"].random.seed()
    threads = request.env.get("OMP_NUM_THREADS")
    if engine == "torch" and threads:
        sys.modules["torch"].set_num_threads(int(threads))
    first, *others = request.words
    if first == "-c":
        code, *others = others
        sys.argv = ["-c", *others]
        sys.path[0] = ""
        sys.modules["__main__"] = module = types.ModuleType("__main__")
        exec(compile(code, "<string>", "exec"), module.__dict__)
    else:
        sys.argv = request.words
        sys.path[0] = os.path.dirname(os.path.abspath(first))
        runpy.run_path(first, run_name="__main__")


def main() -> Any:
    """Serves; goes on as RETURNN in each fork."""
    engine, listener = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    request = Server(engine, listener).serve()
    if request is not None:
        run(request, engine)


if __name__ == "__main__":
    main()
