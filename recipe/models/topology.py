"""How the labels of a sequence are written over its frames, with blanks: the alignments of CTC and of transducers."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, TypeVar

Label = TypeVar("Label", int, str)


@dataclasses.dataclass(frozen=True)
class Topology:
    """
    What an alignment is: a sequence of labels and blanks.

    A blank always goes on to the next frame.

    :param name: for messages
    :param label_takes_frame: whether a label goes on to the next frame, too; else a frame has any number of labels
        before its blank
    :param merges_repeats: whether equal labels without a blank between them are one label that goes on
    """

    name: str
    label_takes_frame: bool
    merges_repeats: bool

    def __post_init__(self) -> None:
        if self.merges_repeats and not self.label_takes_frame:
            raise ValueError(f"{self.name}: repeated labels can be one label only where each of them takes a frame")

    def labels(self, alignment: Sequence[Label], blank: Label) -> tuple[Label, ...]:
        """The labels that an alignment stands for."""
        if self.merges_repeats:
            return tuple(label for label, _ in itertools.groupby(alignment) if label != blank)
        return tuple(label for label in alignment if label != blank)

    def num_frames(self, alignment: Sequence[Label], blank: Label) -> int:
        """How many frames an alignment goes over."""
        return len(alignment) if self.label_takes_frame else sum(1 for label in alignment if label == blank)

    def from_ctc(self, path: Sequence[Label], blank: Label, *, label_at: str = "last") -> list[Label]:
        """
        An alignment of CTC (a label or blank for each frame) in this topology; for CTC's own topology the same one.

        :param label_at: which one of the frames that CTC gives to a label has it: "first" or "last"
        :raises ValueError: if ``label_at`` is something else
        """
        if label_at not in ("first", "last"):
            raise ValueError(f'label_at is "first" or "last", not {label_at!r}')
        if self.merges_repeats:
            return list(path)
        frames: list[Label] = []
        for label, run in itertools.groupby(path):
            place = 0 if label_at == "first" else -1
            of_run = [blank for _ in run]
            of_run[place] = label
            frames += of_run
        if self.label_takes_frame:
            return frames
        return [one for frame in frames for one in ([blank] if frame == blank else [frame, blank])]

    def __sis_state__(self) -> dict[str, Any]:
        return {"label_takes_frame": self.label_takes_frame, "merges_repeats": self.merges_repeats}


CTC = Topology("CTC", label_takes_frame=True, merges_repeats=True)
"""One label or blank a frame; a label may go on over frames (Graves et al. 2006)."""

RNA = Topology("RNA", label_takes_frame=True, merges_repeats=False)
"""One label or blank a frame (recurrent neural aligner, Sak et al. 2017; monotonic RNN-T, Tripathi et al. 2019)."""

RNNT = Topology("RNN-T", label_takes_frame=False, merges_repeats=False)
"""Any number of labels in a frame, then its blank (Graves 2012)."""
