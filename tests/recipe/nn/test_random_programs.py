"""Random programs on random shapes: the same in NumPy and RETURNN. The programs are the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe import nn

from .agreement import check_agreement, ragged_frames

pytestmark = pytest.mark.xdist_group("returnn-1")

UNARY: dict[str, Callable[[nn.Tensor], nn.Tensor]] = {
    "tanh": nn.tanh,
    "sigmoid": nn.sigmoid,
    "relu": nn.relu,
    "negative": lambda x: -x,
    "softmax": nn.softmax,
    "halved": lambda x: x * 0.5,
    "from_one": lambda x: 1.0 - x,
    "centered": lambda x: x - nn.reduce_mean(x),
    "root": lambda x: nn.sqrt(abs(x) + 0.1),
}
BINARY: dict[str, Callable[[nn.Tensor, nn.Tensor], nn.Tensor]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "truediv": lambda a, b: a / (abs(b) + 1.0),
    "maximum": nn.maximum,
    "where": lambda a, b: nn.where(a > b, a, 0.5 * b),
    "by_sum": lambda a, b: a * nn.tanh(nn.reduce_sum(b)),
}
REDUCE = {"sum": nn.reduce_sum, "mean": nn.reduce_mean, "max": nn.reduce_max, "min": nn.reduce_min}
Instruction = tuple[str, int, int, int]

SHAPES = st.tuples(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 4))
INSTRUCTION = st.tuples(st.sampled_from([*UNARY, *BINARY]), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
FEW = settings(max_examples=12, deadline=None, derandomize=True, database=None)


class Inputs:
    """
    Two inputs of one shape.

    :param lengths: of the sequences
    :param features: the size of the vectors
    """

    def __init__(self, lengths: list[int], features: int):
        self.time, self.features = nn.Dim(None, name="time"), nn.Dim(features, name="features")
        self.names = ("one", "two")
        self.feeds: dict[str, Any] = {
            name: ragged_frames(lengths, features, seed=seed) for seed, name in enumerate(self.names)
        }

    def tensors(self) -> list[nn.Tensor]:
        """Both, [batch, time, features]."""
        dims = [nn.batch_dim, self.time, self.features]
        return [nn.get_extern_data(nn.ExternData(name, dims)) for name in self.names]


def run_instruction(values: list[nn.Tensor], instruction: Instruction) -> nn.Tensor:
    """One function of earlier values."""
    name, left, right, _ = instruction
    if name in UNARY:
        return UNARY[name](values[left % len(values)])
    return BINARY[name](values[left % len(values)], values[right % len(values)])


@FEW
@given(shape=SHAPES, program=st.lists(INSTRUCTION, min_size=1, max_size=6), reduce=st.sampled_from(list(REDUCE)))
def test_on_sequences(shape: tuple[list[int], int], program: list[Instruction], reduce: str) -> None:
    inputs = Inputs(*shape)

    def model() -> dict[str, nn.Tensor]:
        values = inputs.tensors()
        for instruction in program:
            values.append(run_instruction(values, instruction))
        last = values[-1]
        return {
            "all": last,
            "over_time": REDUCE[reduce](last, inputs.time),
            "over_features": REDUCE[reduce](last, inputs.features),
            "over_both": REDUCE[reduce](last, [inputs.time, inputs.features]),
        }

    check_agreement(model, inputs.feeds)


@FEW
@given(
    shape=SHAPES,
    program=st.lists(INSTRUCTION, min_size=2, max_size=6),
    num_states=st.integers(1, 3),
    end_after=st.sampled_from([None, 1, 2]),
)
def test_in_loops(
    shape: tuple[list[int], int], program: list[Instruction], num_states: int, end_after: int | None
) -> None:
    """States are read and assigned at random places, several times or never."""
    inputs = Inputs(*shape)
    names = [f"s{number}" for number in range(num_states)]

    def model() -> dict[str, nn.Tensor]:
        one, two = inputs.tensors()
        loop = nn.Loop()
        for number, name in enumerate(names):
            setattr(loop.state, name, nn.constant(0.25 * number, [nn.batch_dim, inputs.features]))
        with loop:
            frames = [loop.unstack(one), loop.unstack(two)]
            for instruction in program:
                values = frames + [getattr(loop.state, name) for name in names]
                result = nn.tanh(run_instruction(values, instruction))
                setattr(loop.state, names[instruction[3] % num_states], result)
            if end_after is not None:
                loop.end(loop.iter_idx + 1 >= end_after, include_eos=True)
            outputs = {"steps": loop.stack(result), "last": loop.last(result)}
        return {**outputs, **{name: getattr(loop.state, name) for name in names}}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recipe.nn.language.close_loop.warn", lambda *_: None)  # some states are never assigned
        run = check_agreement(model, inputs.feeds)
    lengths = numpy.array(shape[0])
    (given,) = run.in_numpy.outputs["steps"].lengths.values()
    assert list(given) == list(lengths if end_after is None else numpy.minimum(lengths, end_after))
