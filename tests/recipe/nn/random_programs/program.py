"""A random program as plain data, so that hypothesis can shrink it and a failing one can be written down as a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy

from ..agreement import ragged_frames, ragged_labels

NUM_STATES, NUM_LINEAR, NUM_CELLS, NUM_LABELS, NUM_POSITIONS = 3, 2, 2, 3, 3
LIMIT = 4
"""The most steps of loops that only a condition ends."""
Statement = tuple[Any, ...]
"""Its kind and arguments: numbers of values that it reads, :data:`Frames`, blocks, which are tuples of statements."""
Frames = tuple[Any, ...]
"""
A sequence of vectors, as its kind and arguments: ``("input", 0)``, or made of another one, as
``("pool", ("input", 0), 2, "max")``. All kinds are methods ``_frames_...`` of :class:`.frames.FramesOfModel`.
"""
FRAMES = (
    *("input", "over", "table", "stacked", "found", "made", "memory", "history", "split"),
    *("add", "where", "linear", "lstm", "pool", "conv", "postfix", "reverse", "replace", "cum_sum", "constant"),
    "gather",
)
WITHOUT_VALUE = (
    *("assign", "reset", "label", "count", "flag", "loss"),
    *("swap", "memory", "tick", "keep", "grid", "loss_over", "end"),
)
"""Statements that add no value to those that later ones may read."""


class End(NamedTuple):
    """
    When a loop ends.

    :ivar condition: "steps": ``number`` steps were made before; "length": the step is that of the end of the second
        input; "value": what the state of this number holds exceeds something; "label": the label is 0
    :ivar include_eos: whether that step counts
    :ivar place: "top" or "bottom" of the body; at the bottom "masked": only where a mask is true, or "cond": in the
        false branch of a Cond. In other places it is a statement of the body
    """

    condition: str
    number: int = 1
    include_eos: bool = True
    place: str = "bottom"


class Program(NamedTuple):
    """
    A loop, and what is around it.

    :ivar lengths: of the sequences of the first and the second input
    :ivar features: the size of all vectors
    :ivar body: the statements of the loop
    :ivar over: what it unstacks: "time" or "other_time" of an input, "second" of the two axes of one,
        "positions" of fixed size, "backwards" in time, or "nothing"; "given" if the axis of time is given and frames
        are taken by their position; or :data:`Frames`
    :ivar end: when it ends besides
    :ivar max_seq_len: its limit: "", "number" or "tensor"
    :ivar around: "", or what the loop stands in: "mask" or "cond"
    :ivar initial: of each vector state: "number", "input" or "encoded"
    :ivar beam_size: of the search, where the body has choices; 0 to take the right labels, as in training
    :ivar length_normalization: of the search
    :ivar before: statements before the loop
    :ivar after: statements after it
    :ivar outputs: which values of the loop are outputs in all steps: the "last" one, also the "sum" of all, or "each"
    """

    lengths: tuple[tuple[int, ...], tuple[int, ...]]
    features: int
    body: tuple[Statement, ...]
    over: str | Frames = "time"
    end: End | None = None
    max_seq_len: str = ""
    around: str = ""
    initial: tuple[str, str, str] = ("number", "number", "number")
    beam_size: int = 0
    length_normalization: float = 0.0
    before: tuple[Statement, ...] = ()
    after: tuple[Statement, ...] = ()
    outputs: str = "last"

    def feeds(self) -> dict[str, Any]:
        """Random inputs: frames of two lengths, frames of both, of a fixed size, one vector per sequence, labels."""
        features = self.features
        times = [numpy.array(lengths, "int32") for lengths in self.lengths]
        first, second = (ragged_frames(lengths, features, seed=seed) for seed, lengths in enumerate(self.lengths))
        grid = first[0][:, :, None] * 0.5 + second[0][:, None, :]
        generator = numpy.random.default_rng(2)
        batch = len(times[0])
        return {
            "data0": first,
            "data1": second,
            "grid": (grid, *times),
            "table": generator.standard_normal((batch, NUM_POSITIONS, features)).astype("float32"),
            "vector": generator.standard_normal((batch, features)).astype("float32"),
            "labels": ragged_labels(self.lengths[0], NUM_LABELS),
        }

    def statements(self) -> Iterator[Statement]:
        """All of them, also those in blocks."""
        for statements in (self.before, self.body, self.after):
            yield from all_statements(statements)

    def uses(self, kind: str) -> bool:
        """Whether there is such a statement; a choice makes a label, too."""
        kinds = {statement[0] for statement in self.statements()}
        return kind in kinds or (kind == "label" and not kinds.isdisjoint({"choice", "greedy"}))

    def frames(self) -> Iterator[Frames]:
        """All sequences in it, also those that others are made of."""
        yield from all_frames((self.over,))
        for statement in self.statements():
            yield from all_frames(statement[1:])

    def uses_frames(self, *kinds: str) -> bool:
        """Whether there is a sequence of one of these kinds."""
        return any(frames[0] in kinds for frames in self.frames())

    @property
    def reads_found(self) -> bool:
        """Whether something after the loop reads the labels that were chosen in it."""
        overs = [statement[1] for statement in self.statements() if statement[0] == "inner"]
        return ("labels", "found") in overs or self.uses_frames("found")


def all_statements(statements: Sequence[Statement]) -> Iterator[Statement]:
    """These, and those in their blocks."""
    for statement in statements:
        yield statement
        for argument in statement[1:]:
            if isinstance(argument, tuple) and argument and isinstance(argument[0], tuple):
                yield from all_statements(argument)


def all_frames(arguments: Sequence[Any]) -> Iterator[Frames]:
    """The sequences among the arguments of a statement, and those that they are made of."""
    for argument in arguments:
        if isinstance(argument, tuple) and argument and isinstance(argument[0], str):
            if argument[0] in FRAMES:
                yield argument
            yield from all_frames(argument[1:])


def count_values(statements: Sequence[Statement]) -> int:
    """How many values these statements add to those that may be read."""
    return sum(
        count_values(statement[2]) if statement[0] == "mask" else statement[0] not in WITHOUT_VALUE
        for statement in statements
    )
