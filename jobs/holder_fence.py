"""
Ends RETURNN when its task does not hold the job's directory any more, or is not heard of.

RETURNN ends with its task, and the task ends it when the directory is lost. Here RETURNN looks for itself: the task may
be stopped while RETURNN goes on, it may be on another host (of several processes), and both may have been asleep while
another process took over. So RETURNN looks every few seconds, and before it writes scores or a checkpoint.

:mod:`jobs.returnn_program` loads it by its file; it imports nothing of this setup.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from typing import Any

ENDED = 75
"""Exit status of a RETURNN that ended by this module (EX_TEMPFAIL of sysexits.h)."""


class Fence:
    """
    What RETURNN knows of its directory.

    :param path: of the file of the task that holds it
    :param token: which stands in it
    :param beat: seconds between two looks
    :param silence: seconds after which a task that does not write into the file is taken for stopped
    """

    def __init__(self, path: str, token: str, beat: float, silence: float):
        self.path, self.token, self.beat, self.silence = path, token, beat, silence
        self._text = ""
        self._since = self._last = time.monotonic()

    def check(self) -> None:
        """Ends this process at once if the directory is not that of its task any more."""
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except FileNotFoundError:
            end("the job's directory was removed, or another task has taken it over")
        except OSError:
            return  # the file system does not answer
        if self.token not in text:
            end("another task has taken over the job's directory")
        now = time.monotonic()
        if text != self._text or now - self._last > 5 * self.beat:  # or this process was asleep itself
            self._text, self._since = text, now
        self._last = now
        if now - self._since > self.silence:
            end(f"the task that started it has not been heard of for {self.silence:g} s")

    def watch(self) -> None:
        """Looks again and again."""
        while True:
            self.check()
            time.sleep(self.beat)


def end(why: str) -> None:
    """Ends this process, whatever its other threads do."""
    print(f"RETURNN ends: {why}", file=sys.stderr, flush=True)
    os._exit(ENDED)


def from_environment() -> Fence | None:
    """The fence that the task has told of; None if RETURNN was started otherwise."""
    path, token = os.environ.get("DIRECTORY_HOLDER"), os.environ.get("DIRECTORY_HOLDER_TOKEN")
    if not path or not token:
        return None
    beat, silence = map(float, os.environ["DIRECTORY_HOLDER_TIMES"].split())
    return Fence(path, token, beat, silence)


def put_up() -> Fence | None:
    """Starts to look, in a thread of its own."""
    fence = from_environment()
    if fence is not None:
        fence.check()
        threading.Thread(target=fence.watch, name="fence", daemon=True).start()
    return fence


def look_before_writing(fence: Fence) -> None:
    """Has RETURNN look before it writes scores or a checkpoint; once its engine is known."""
    from returnn.learning_rate_control import LearningRateControl
    from returnn.util.basic import BackendEngine

    if BackendEngine.is_torch_selected():
        from returnn.torch.engine import Engine

        Engine._save_model = _after_a_look(fence, Engine._save_model)
    else:
        from returnn.tf.engine import Engine

        Engine.save_model = _after_a_look(fence, Engine.save_model)
    LearningRateControl.save = _after_a_look(fence, LearningRateControl.save)


def _after_a_look(fence: Fence, function: Any) -> Any:
    @functools.wraps(function)
    def look_and_call(*args: Any, **kwargs: Any) -> Any:
        fence.check()
        return function(*args, **kwargs)

    return look_and_call
