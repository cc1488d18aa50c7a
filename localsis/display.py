"""What the user sees while jobs run: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Iterator
from typing import Any

from .job_names import short_label
from .live_table import PLAIN_SIGNS, SIGNS, State, clock, information, table


class Display:
    """Plain lines: each change at once, what running jobs say of themselves now and then."""

    INTERVAL = 30.0

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._last = 0.0

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def say(self, text: str) -> None:
        """One message."""
        print(f"[{clock(time.monotonic() - self._start)}] {text}", flush=True)

    def show(self, state: State) -> None:
        """The state of all jobs, called in each round."""
        if time.monotonic() - self._last < self.INTERVAL:
            return
        self._last = time.monotonic()
        for run in state.running:
            info = information(run.job)
            if info:
                self.say(f"{short_label(run.job)}: {info}")


class LiveDisplay(Display):
    """A table that is drawn anew in place: once a second, and sooner when something changed."""

    INTERVAL = 1.0
    SHORTEST = 0.25

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.live import Live

        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self._drawn: object = None
        self._state: State | None = None
        self._said: list[str] = []

    def __enter__(self) -> Display:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._print_messages()
        if self._state is not None:
            self._live.update(self._table(self._state))
        self._live.stop()

    def say(self, text: str) -> None:
        """One message, above the table; with the next table, as each print draws the table anew."""
        self._said.append(f"[{clock(time.monotonic() - self._start)}] {text}")
        if not self._live.is_started:
            self._print_messages()

    def _print_messages(self) -> None:
        from rich.text import Text

        if self._said:
            lines = [part for text in self._said for part in wrapped(text, self._console.width)]
            self._console.print(Text("\n".join(lines)), soft_wrap=True)
            self._said.clear()

    def show(self, state: State) -> None:
        """The state of all jobs, called in each round."""
        self._state = state
        what = [run.job._sis_id() for run in state.running], len(state.failed), len(state.open), len(self._said)
        wait = self.INTERVAL if what == self._drawn else self.SHORTEST
        if time.monotonic() - self._last < wait:
            return
        self._last, self._drawn = time.monotonic(), (*what[:-1], 0)
        self._print_messages()
        self._live.update(self._table(state), refresh=True)

    def _table(self, state: State) -> Any:
        """The lines, each of which is no wider than the terminal."""
        from rich.text import Text

        signs = SIGNS if self._console.encoding.lower().startswith("utf") else PLAIN_SIGNS
        lines = table(state, self._console.width, self._console.height - 2, signs)
        text = Text(no_wrap=True, overflow="crop", end="")
        for number, line in enumerate(lines):
            text.append("\n" if number else "")
            for part, style in line:
                text.append(part, style or None)
        return text


def wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of a message, broken between words; an id or path stays whole, so that it can be copied."""
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False, "drop_whitespace": True}
        yield from textwrap.wrap(line, width, subsequent_indent=indent, **options) or [""]


def make_display() -> Display:
    """The live one in a terminal that can move its cursor, else the plain one."""
    can_move = os.environ.get("TERM", "dumb").lower() not in ("dumb", "unknown", "")
    return LiveDisplay() if sys.stdout.isatty() and can_move else Display()
