"""
Hands a start of RETURNN on to a process that has imported its engine already; see ``tests/warm_returnn``.

Python imports this module in each process that tests start with this directory in ``PYTHONPATH``. Where the process is
a RETURNN on a CPU, it stands for one that the server forks: it hands its signals on, and ends as that one ends.
"""

import os
import sys

SERVERS = "WARM_RETURNN"
"""Directory of the sockets of the servers, one for each engine."""


def _is_returnn(words):
    """Whether a command, after the name of Python, is RETURNN."""
    if len(words) < 2 or os.environ.get("CUDA_VISIBLE_DEVICES") != "" or "PYTHONHASHSEED" in os.environ:
        return False
    if words[0].endswith("returnn_program.py"):
        return len(words) == 2
    return words[0] == "-c" and "returnn.__main__" in words[1]


def _engine(words):
    """That of the configs among the words."""
    for word in words[1:]:
        if os.path.isfile(word):
            with open(word, encoding="utf-8") as file:
                if 'backend = "torch"' in file.read():
                    return "torch"
    return "tensorflow"


def _connect(directory, words):
    import socket

    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(os.path.join(directory, _engine(words)))
    except OSError:
        return None  # without a server it starts by itself
    return connection


def _hand_on(connection):
    """Has the server do it, and ends as it ends."""
    import ctypes
    import json
    import signal
    import socket

    parent = os.getppid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, as jobs/returnn_program.py
    if os.getppid() != parent:
        os._exit(1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
    request = json.dumps({"words": sys.orig_argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}).encode()
    socket.send_fds(connection, [len(request).to_bytes(8, "little")], [0, 1, 2])
    connection.sendall(request)
    answer = connection.recv(4)
    status = int.from_bytes(answer, "little", signed=True) if len(answer) == 4 else 1
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    os._exit(status)


if SERVERS in os.environ and _is_returnn(sys.orig_argv[1:]):
    _connection = _connect(os.environ[SERVERS], sys.orig_argv[1:])
    if _connection is not None:
        _hand_on(_connection)
