"""``nn.run_numpy(..., check_finite=True)``: the first number that is not finite, and the line that made it."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, frames, vector

TIME = nn.Dim(None, "time")
POSITIVE = nn.ExternData("positive", [nn.batch_dim, TIME, FEATURES])


def positive() -> nn.Tensor:
    """Numbers above zero [batch, time, features], zero in sequence 1, time 2, features 3; NaN in the padding."""
    return nn.get_extern_data(POSITIVE)


def feeds() -> dict[str, Any]:
    value: numpy.ndarray = 1.0 + numpy.arange(60.0).reshape(3, 4, 5)
    value[1, 2, 3] = 0.0
    value[0, 2:] = numpy.nan
    return {**FEEDS, "positive": (value, [2, 4, 3])}


def line_of(text: str) -> int:
    """The number of the line of this file with that text."""
    lines = pathlib.Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def message(model: Any, check_finite: bool | str = True, **kwargs: Any) -> str:
    """What is said of a program."""
    with pytest.raises(nn.NetworkError) as caught:
        nn.run_numpy(nn.Network(model, **kwargs), feeds(), check_finite=check_finite)
    return str(caught.value)


def is_finite(model: Any, check_finite: bool | str = True) -> bool:
    """Whether nothing is said."""
    nn.run_numpy(nn.Network(model), feeds(), check_finite=check_finite)
    return True


def test_outside_of_loops() -> None:
    """The op, its place, what it read there, and its line, although the number reaches the output by others."""

    def model() -> nn.Tensor:
        x = positive() * 2.0
        energy = nn.log(x)
        return nn.reduce_sum(energy * 3.0) - 1.0

    text = message(model)
    assert text.startswith(
        f"{__file__}:{line_of('energy = nn.log(x)')}: the first number that is not finite: energy <log "
    )
    assert "is -inf at sequence 1, time 2, features 3, of x = 0\n    energy = nn.log(x)" in text


def test_in_a_loop() -> None:
    """With the step; later values that are made of it are not the first."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.total = vector() * 0.0
        with loop:
            inverse = 1.0 / loop.unstack(positive())
            loop.state.total = loop.state.total + inverse
        return loop.state.total

    text = message(model)
    assert (
        "inverse <truediv [batch, features=5]> is inf in step 2 of the loop over time, at sequence 1, features 3"
        in text
    )


def test_padding_and_finished_sequences_do_not_count() -> None:
    def model() -> nn.Tensor:
        root = nn.sqrt(positive())
        loop = nn.Loop()
        loop.state.h = vector() * 0.0
        with loop:
            loop.state.h = loop.state.h + loop.unstack(root)
        return nn.reduce_sum(root, root.spatial_dim) + loop.state.h

    assert is_finite(model)


def test_what_reaches_no_result_does_not_count() -> None:
    """A branch that is not taken, and what ``where`` leaves out; but not what is taken."""

    def chosen(bound: float) -> Any:
        def model() -> nn.Tensor:
            x = positive()
            return nn.where(x > bound, nn.log(x), 0.0)

        return model

    assert is_finite(chosen(0.5)) and "log" in message(chosen(-1.0))

    def branch() -> nn.Tensor:
        with nn.Loop() as loop:
            x = nn.reduce_sum(loop.unstack(positive()), FEATURES)
            with nn.Cond(x > 1e9) as cond:
                cond.true = nn.sqrt(-x)
            with cond.false_branch():
                cond.false = x
            return loop.stack(cond.result)

    assert is_finite(branch)


def test_infinite_on_purpose() -> None:
    """Constants, and what is infinite because of them; NaN that is made of them is not."""

    def masked() -> nn.Tensor:
        x = positive()
        return nn.where(x > 5.0, x, float("-inf")) + 1.0

    assert is_finite(masked)
    text = message(lambda: nn.reduce_sum(masked()) * 0.0)
    assert "mul [batch, time] is nan at sequence 0, time 0, of reduce" in text and text.count(" = -inf") == 1


def test_nan_of_infinite_numbers() -> None:
    """It names both: what made NaN, and what made the first infinite number."""

    def model() -> nn.Tensor:
        x = positive()
        logarithm = nn.log(x)
        difference = logarithm - logarithm
        return difference

    text = message(model)
    assert text.startswith(f"{__file__}:{line_of('difference = logarithm - logarithm')}: ")
    assert re.search(
        rf"sub \[.*\] is nan at .*, of logarithm = -inf, logarithm = -inf. The first infinite number was made in "
        rf"\S+:{line_of('logarithm = nn.log(x)')}: logarithm <log",
        text,
    )


def test_nan_alone() -> None:
    """For programs in which infinite scores are usual."""
    assert is_finite(lambda: nn.log(positive()), "nan")
    assert "sqrt" in message(lambda: nn.sqrt(-positive()), "nan")
    with pytest.raises(nn.NetworkError, match='check_finite is True, False or "nan", not 3'):
        nn.run_numpy(nn.Network(vector), FEEDS, check_finite=3)  # type: ignore[arg-type]


def test_comparison_of_nan() -> None:
    """A decision by what is no number is told, though what comes out of it is finite."""
    text = message(lambda: nn.cast(nn.sqrt(0.5 - positive()) > 1.0, "float32"))
    assert "sqrt [batch, time, features=5] is nan at sequence 0, time 0, features 0, of sub = -0.5" in text


def test_fed_and_given() -> None:
    """Inputs and parameters that are not finite to begin with."""
    wrong = feeds()
    wrong["positive"][0][2, 1, 4] = numpy.inf
    with pytest.raises(nn.NetworkError, match="input 'positive' .* is inf at sequence 2, time 1, features 4\n"):
        nn.run_numpy(nn.Network(lambda: nn.exp(-positive()) + positive()), wrong, check_finite=True)
    linear = nn.Linear(LABELS)
    network = nn.Network(lambda: linear(frames()))
    parameters = network.random_parameters()
    name = next(name for name in parameters if name.endswith("b"))
    parameters[name][2] = numpy.nan
    with pytest.raises(nn.NetworkError, match=f"parameter '{name}' .* is nan at labels 2"):
        nn.run_numpy(network, feeds(), parameters, check_finite=True)


def test_states_and_results_of_loops() -> None:
    """A number that is not finite in a step in the middle is followed through the stack, and by a state to the next."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.before = vector() * 0.0
        with loop:
            x = loop.unstack(positive())
            late = loop.state.before + 0.0
            loop.state.before = nn.log(x)
            return loop.stack(late)

    text = message(model)
    assert (
        "log [batch, features=5] is -inf in step 2 of the loop over time, at sequence 1, features 3, of x = 0" in text
    )

    def nested() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(positive())
            with nn.Loop(max_seq_len=2) as inner:
                inner.state.y = nn.zeros([nn.batch_dim, FEATURES])
                inner.state.y = inner.state.y + nn.log(x) * nn.cast(inner.iter_idx, "float32")
                inner.end(inner.iter_idx > 5)
            return loop.stack(inner.state.y)

    assert "is -inf in step 2 of the loop over time" in message(nested)


def test_in_a_search() -> None:
    """Rows are hypotheses; the scores decide."""
    output = nn.Linear(FEATURES, LABELS)

    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            scores = output(vector() * 0.0 + 1.0) + nn.sqrt(1.5 - nn.cast(loop.iter_idx, "float32"))
            loop.state.label = nn.choice(scores, search=nn.BeamSearch(2))
            loop.end(loop.state.label == 0)
            return loop.stack(loop.state.label)

    assert "sqrt [] is nan in step 2 of the loop over steps" in message(model)
