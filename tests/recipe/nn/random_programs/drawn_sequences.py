"""Sequences of a program that is drawn, and the statements that keep and read them."""

from __future__ import annotations

import dataclasses
from typing import Any

from .drawing import Drawing, Kind, Scope
from .frames import READERS
from .program import NUM_LINEAR, Frames, Statement, all_frames

WITHOUT_FRAMES = ("sum", "rank", "weighted")
"""Readers to which sequences may be empty. To attention, too, in NumPy; RETURNN's softmax of nothing is no number."""


class DrawnSequences(Drawing):
    """Draws sequences."""

    def frames(self, scope: Scope, *, derived: bool = False) -> tuple[Frames, Kind]:
        """
        A sequence, and what is known of it.

        :param derived: whether it is to have an axis that is made of an input's
        """
        if derived:
            number = self.number(0, 1)
            return self._with_new_axis(scope, ("input", number), self._input(number))
        frames, kind = self._base(scope)
        for _ in range(self.one_of(0, 0, 1, 1, 2)):
            frames, kind = self._made_of(scope, frames, kind)
        return frames, kind

    def _input(self, number: int) -> Kind:
        return Kind("outside", empty=int(0 in self.lengths[number]))

    def _base(self, scope: Scope) -> tuple[Frames, Kind]:
        options: list[Any] = ["input", "input", "table", "split", "memory"]
        options += ["made", "made"] if scope.sequences else []
        options += ["history"] * 3 if scope.loop and not scope.is_in_branch else []
        options += ["over"] * 3 if self.phase != "before" and self.over != "nothing" else []
        options += ["stacked"] if self.steps is not None else []
        options += ["found"] if self.steps is not None and self.searches else []
        name = self.one_of(*options)
        if name == "input":
            number = self.number(0, 1)
            return (name, number), self._input(number)
        if name == "made":
            number = self.number(0, len(scope.sequences) - 1)
            return (name, number), dataclasses.replace(scope.sequences[number])
        if name in ("history", "split"):
            return (name, self.source(scope)), Kind("history" if name == "history" else "static")
        if name in ("stacked", "found"):
            assert self.steps is not None
            return (name,), self.steps
        if name == "table" or (name == "over" and self.over == "positions"):
            return (name,), Kind("static")
        if name == "over" and self.phase == "main":  # a sequence without frames has no step to read it in
            return (name,), Kind("outside")
        return (name,), Kind("outside", empty=1)

    def _of_own_axis(self, scope: Scope) -> tuple[Frames, Kind]:
        """What the main loop goes over, or what keeps its axis."""
        frames: Frames = ("over",)
        kind = Kind("static") if self.over == "positions" else Kind("outside")
        for _ in range(self.number(0, 1)):
            frames = self.one_of(("add", frames, self.source(scope)), ("linear", frames, 0), ("reverse", frames))
        return frames, kind

    def _made_of(self, scope: Scope, frames: Frames, kind: Kind) -> tuple[Frames, Kind]:
        options = ["add", "add", "where", "linear", "reverse", "cum_sum", "gather"]
        if kind.axis != "static":
            options += ["lstm", "lstm", "new_axis", "new_axis", "new_axis"]
        if kind.axis == "outside":
            options += ["constant"]
        name = self.one_of(*options)
        if name == "new_axis":
            return self._with_new_axis(scope, frames, kind)
        if name in ("add", "where"):
            return (name, frames, self.source(scope)), kind
        if name == "linear":
            return (name, frames, self.number(0, NUM_LINEAR - 1)), kind
        if name == "lstm":
            return (name, frames, self.number(0, 1), self.one_of(None, self.source(scope))), kind
        if name == "constant":
            return (name, frames, 0.25), kind
        if name == "gather":
            where = self.one_of("next", "from_step", "back", "window", "window")
            frames, kind = self._not_empty(frames, kind)
            return (name, frames, where), Kind("static") if where == "window" else kind
        return (name, frames), kind

    def _with_new_axis(self, scope: Scope, frames: Frames, kind: Kind) -> tuple[Frames, Kind]:
        axis = "inside" if scope.loop else "outside"
        name = self.one_of("pool", "pool", "conv", "conv", "postfix", "replace")
        if name == "pool":
            return (name, frames, self.number(2, 3), self.one_of("max", "mean")), Kind(axis, kind.empty)
        if name == "conv":
            stride = self.number(1, 2)
            return (name, frames, stride), kind if stride == 1 else Kind(axis, kind.empty)
        if name == "postfix":
            return (name, frames, self.one_of(0.0, 0.5)), Kind(axis)
        return (name, frames), Kind(axis, kind.empty)

    def _not_empty(self, frames: Frames, kind: Kind) -> tuple[Frames, Kind]:
        return (("postfix", frames, 0.0), Kind("inside")) if kind.empty else (frames, kind)

    def _keep(self, scope: Scope) -> Statement:
        frames, kind = self.frames(scope)
        scope.sequences.append(kind)
        return ("keep", frames)

    def _read(self, scope: Scope, frames: Frames = (), kind: Kind | None = None) -> Statement:
        if not frames or kind is None:
            if scope.loop and not scope.is_in_branch and self.maybe(1, 8):
                return ("history", self.source(scope))
            if self.phase == "main" and self.over != "nothing" and self.maybe(1, 4):
                frames, kind = self._of_own_axis(scope)
            else:
                frames, kind = self.frames(scope)
        # masks by the number of the step belong to attention over the axis of the loop, above all
        masks = ["causal", "causal", "before", "near"] if ("over",) in all_frames([frames]) else []
        reader = self.one_of(*READERS, "dot", "softmax", *masks)
        if reader == "causal_of_main" and self.phase != "main":
            reader = "causal"
        if reader not in WITHOUT_FRAMES:
            frames, kind = self._not_empty(frames, kind)
        return ("read", reader, frames, self.source(scope))
