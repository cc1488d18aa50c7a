"""BeamSearch: how to search."""

from __future__ import annotations

import dataclasses
from typing import Any

from .delayed import delayed_or
from .number import is_number, is_size


@dataclasses.dataclass(frozen=True)
class BeamSearch:
    """
    How to search.

    :param beam_size: hypotheses kept per sequence in each step
    :param length_normalization: exponent of the length by which scores are divided; 0 for plain sums, which are taken
        anyway where the loop has an input, and so the length
    """

    beam_size: Any = 12
    length_normalization: Any = 1.0

    def __post_init__(self) -> None:
        size = delayed_or(self.beam_size, "the beam size", is_size, "a whole number of at least 1")
        exponent = delayed_or(self.length_normalization, "length_normalization", is_number, "a number")
        object.__setattr__(self, "beam_size", size)
        object.__setattr__(self, "length_normalization", exponent)
