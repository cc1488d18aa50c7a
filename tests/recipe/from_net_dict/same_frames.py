"""What runs of RETURNN gave, as sequences of frames, and whether two gave the same."""

from __future__ import annotations

import numpy

from ..nn.returnn_run import ReturnnOutput


def assert_same(left: ReturnnOutput, right: ReturnnOutput, *, beams: bool) -> None:
    """Compares values where there is no padding; of a search the best hypotheses, as others may have equal scores."""
    (one, lengths), (other, other_lengths) = frames_of(left), frames_of(right)
    if beams:
        beam = len(lengths) // 3
        one, other, lengths, other_lengths = (x[::beam] for x in (one, other, lengths, other_lengths))
    assert lengths.tolist() == other_lengths.tolist()
    for number, length in enumerate(lengths):
        numpy.testing.assert_allclose(one[number, :length], other[number, :length], rtol=1e-4, atol=1e-5)


def frames_of(output: ReturnnOutput) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The array with the axes batch, time and the others, and the lengths; one without time has one frame."""
    batch = output.dims.index("batch")
    time = [axis for axis, name in enumerate(output.dims) if name in output.lengths]
    rest = [axis for axis in range(len(output.dims)) if axis != batch and axis not in time]
    value = numpy.transpose(output.value, [batch, *time, *rest])
    if not time:
        return value[:, None], numpy.ones(len(value), "int32")
    return value, next(iter(output.lengths.values()))
