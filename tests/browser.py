"""
Chromium without a window, for tests of pages: what a page shows and what it complains of.

Spoken to through a pair of pipes in its DevTools protocol (``--remote-debugging-pipe``): JSON, ended by a zero byte.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""What the program is called, by system."""

PATIENCE = 120.0
"""Seconds to wait for an answer."""

_WITH_PIPES = "import os, sys; r, w, *c = sys.argv[1:]; os.dup2(int(r), 3); os.dup2(int(w), 4); os.execv(c[0], c)"
"""Becomes the browser, which reads commands from 3 and writes answers to 4."""

_COMPLAINTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening")


class Browser:
    """
    A browser with one page; a context manager, at the end of which it is gone.

    :param profile: directory for its files
    """

    def __init__(self, profile: pathlib.Path):
        self._profile = profile
        self._events: list[dict[str, Any]] = []
        self._number = 0
        self._buffer = b""

    def __enter__(self) -> Browser:
        program = next(found for found in map(shutil.which, NAMES) if found)
        command = [program, "--headless", "--remote-debugging-pipe", f"--user-data-dir={self._profile}"]
        command += ["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--window-size=1100,1400"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox wants another user than root
        (reads, self._commands), (self._answers, writes) = _high_pipe(), _high_pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WITH_PIPES, str(reads), str(writes), *command],
            pass_fds=(reads, writes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reads)
        os.close(writes)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def open(self, page: pathlib.Path) -> None:
        """Loads a page and waits until it is all there."""
        self._events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._note(self._receive())

    def evaluate(self, script: str) -> Any:
        """
        The value of an expression in JavaScript, in the page.

        :raises AssertionError: if it throws
        """
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        """Errors, messages on the console, and dialogues since the page was opened."""
        return [event for event in self._events if event["method"] in _COMPLAINTS]

    def screenshot(self, picture: pathlib.Path) -> None:
        """The whole page as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        picture.write_bytes(base64.b64decode(answer["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """
        One command of the protocol; events that come before its answer are kept.

        :raises AssertionError: if the browser refuses it
        """
        number = self._send(method, parameters)
        while (answer := self._receive()).get("id") != number:
            self._note(answer)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        return self._number

    def _note(self, message: dict[str, Any]) -> None:
        """Keeps an event; a dialogue, at which the page would wait for ever, is closed."""
        if "method" in message:
            self._events.append(message)
        if message.get("method") == "Page.javascriptDialogOpening":
            self._send("Page.handleJavaScriptDialog", {"accept": True})

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            received = os.read(self._answers, 1 << 16) if ready else b""
            assert received, "the browser does not answer" if not ready else "the browser has ended"
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


def _high_pipe() -> Iterator[int]:
    """The two ends of a pipe, with numbers that are not in the way of those that the browser expects (3 and 4)."""
    for end in os.pipe():
        yield fcntl.fcntl(end, fcntl.F_DUPFD, 10)
        os.close(end)
