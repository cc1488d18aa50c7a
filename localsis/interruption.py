"""Ctrl-C and SIGTERM while a manager runs: the first one ends it in good order, a second one in haste."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """
    While it is entered, the first signal raises KeyboardInterrupt, and further ones only say that it is urgent.

    Python's own handler would raise again in the midst of the clean-up that the first signal began. Once that is done,
    signals are ignored up to the end of the process, which has its exit status to give.
    """

    def __init__(self) -> None:
        self._count = 0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        self._previous = {number: signal.signal(number, self._take) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_IGN if self._count else handler)

    @property
    def is_urgent(self) -> bool:
        """Whether a second signal came."""
        return self._count > 1

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count == 1:
            raise KeyboardInterrupt
