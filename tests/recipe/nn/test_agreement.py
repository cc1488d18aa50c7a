"""The checks of engines against each other see what they are to see."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.ops.reduce import Reduce

from .agreement import assert_padding_is_not_read, nan_in_padding
from .inputs import FEEDS, FRAMES, TIME, frames


def test_no_number_stands_in_the_padding() -> None:
    value, lengths = nan_in_padding(FRAMES, FEEDS["data"])
    for row, given, length in zip(value, FEEDS["data"][0], lengths):
        numpy.testing.assert_array_equal(row[:length], given[:length])
        assert numpy.isnan(row[length:]).all()


def test_an_op_that_reads_padding_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reduce, "numpy", lambda op, run, x: x.sum(axis=op.inputs[0].dims.index(TIME)))
    network = nn.Network(lambda: nn.reduce_sum(frames(), axis=TIME))
    run = nn.run_numpy(network, {"data": FEEDS["data"]})
    with pytest.raises(AssertionError, match="depends on the padding"):
        assert_padding_is_not_read(network, run, {"data": FEEDS["data"]}, {})
