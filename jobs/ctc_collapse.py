"""The job that makes label sequences of CTC's frame labels."""

from __future__ import annotations

from sisyphus import tk

from recipe.models.topology import CTC

from .collapse_alignment import CollapseAlignmentJob


class CtcCollapseJob(CollapseAlignmentJob):
    """
    Takes repetitions and blanks out of frame labels; hypotheses that become equal are joined, their probabilities
    added.

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`, one label a frame
    :param blank: the label that stands for nothing
    """

    def __init__(self, hypotheses: tk.Path, *, blank: str):
        super().__init__(hypotheses, topology=CTC, blank=blank)
