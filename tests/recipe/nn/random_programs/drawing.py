"""What is known of a program while it is drawn, and how its parts are drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from .program import NUM_STATES, Frames


@dataclasses.dataclass
class Kind:
    """
    What is known of a sequence while a program is made.

    :ivar axis: "static"; "outside" if other values than those of a step have its axis; "history"; "inside" if each
        step makes it anew
    :ivar empty: how many sequences of the batch may have no frame: 0, 1 some, 2 all
    """

    axis: str
    empty: int = 0


@dataclasses.dataclass
class Scope:
    """
    Where a statement stands.

    :ivar values: how many values there are to read
    :ivar sequences: what is known of the sequences that were kept or stacked
    :ivar loop: "" outside, "main" in the steps of the main loop, "inner" in those of others
    :ivar is_in_branch: whether the innermost block, inside of its loop, is a branch
    :ivar depth: how many blocks may still be nested
    :ivar ended: a list that says whether the innermost loop has an end
    """

    values: int
    sequences: list[Kind]
    loop: str = ""
    is_in_branch: bool = False
    depth: int = 0
    ended: list[bool] = dataclasses.field(default_factory=lambda: [True])

    def inside(self, **changes: Any) -> Scope:
        """That of a block in it."""
        return dataclasses.replace(self, sequences=list(self.sequences), depth=self.depth - 1, **changes)


class Drawing:
    """
    One program while it is drawn.

    :param draw: hypothesis' function
    :param without: kinds of statements that are left out
    """

    def __init__(self, draw: Callable[[Any], Any], without: frozenset[str]):
        self.draw, self.without = draw, without
        self.features = self.one_of(2, 3, 3, 4)
        batch = self.one_of(1, 2, 2, 3)
        lengths = st.lists(st.sampled_from([2, 3, 1, 4, 3, 2, 1, 0]), min_size=batch, max_size=batch)
        self.lengths = tuple(tuple(draw(lengths.filter(any))) for _ in range(2))
        self.searches = self.one_of(False, False, False, True, True)
        self.over: str | Frames = ""
        self.around = ""
        self.phase = "before"
        self.steps: Kind | None = None
        """What is known of the steps of the main loop, after it."""

    # choosing

    def one_of(self, *options: Any) -> Any:
        """One of these; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def number(self, least: int, most: int) -> int:
        """From ``least`` to ``most``."""
        return int(self.draw(st.integers(least, most)))

    def maybe(self, times: int, of: int) -> bool:
        """True so many times of so many."""
        return self.number(0, of - 1) >= of - times

    def source(self, scope: Scope) -> int:
        """What a statement reads: often the value before it, so that little is computed in vain, or a state."""
        kind = self.one_of("last", "last", "state", "any")
        if kind == "any":
            return self.number(0, 7)
        return scope.values - 1 if kind == "last" else scope.values + self.number(0, NUM_STATES - 1)
