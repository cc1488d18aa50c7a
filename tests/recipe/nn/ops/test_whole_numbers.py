"""Whole numbers, labels in arithmetic, and conditions: the same in NumPy and in RETURNN, or refused."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, TIME, classes, frames


def numbers() -> nn.Tensor:
    """The labels as whole numbers."""
    return nn.cast(classes(), "int32")


def positions() -> nn.Tensor:
    """0, 1, 2, ...: [time]."""
    return nn.range_over(TIME, like=classes())


def own(value: numpy.ndarray) -> list[Any]:
    """What is no padding."""
    return [row[:length].tolist() for row, length in zip(value, LENGTHS)]


@pytest.mark.parametrize("is_rest", [False, True])
@pytest.mark.parametrize("in_loop", [False, True])
def test_division_by_zero_is_zero(is_rest: bool, in_loop: bool) -> None:
    def divided(a: nn.Tensor, b: nn.Tensor) -> nn.Tensor:
        return a % b if is_rest else a // b

    def model() -> nn.Tensor:
        if not in_loop:
            return divided(numbers(), positions())
        with nn.Loop() as loop:
            return loop.stack(divided(loop.unstack(numbers()), loop.iter_idx))

    feeds = {"classes": FEEDS["classes"]}
    check_agreement(model, feeds)
    value = nn.run_numpy(nn.Network(model), feeds).outputs["output"].value
    function = numpy.remainder if is_rest else numpy.floor_divide
    expected = [
        [0 if not t else int(function(label, t)) for t, label in enumerate(row[:length])]
        for row, length in zip(FEEDS["classes"][0], LENGTHS)
    ]
    assert own(value) == expected


def test_what_is_not_defined_is_refused() -> None:
    for model, words in (
        (lambda: numbers() // 0, "// 0 of whole numbers"),
        (lambda: numbers() % 0, "% 0 of whole numbers"),
        (lambda: numbers() ** -1, r"nn.cast\(x, 'float32'\) \*\* -1.0"),
    ):
        with pytest.raises(nn.NetworkError, match=words):
            nn.Network(model)
    network = nn.Network(lambda: 2 ** (numbers() - 20))
    with pytest.raises(nn.NetworkError, match=f"^{__file__}:.* an exponent is -20"):
        nn.run_numpy(network, {"classes": (numpy.zeros((1, 2), "int32"), [2])})


def test_exclusive_or() -> None:
    def model() -> dict[str, nn.Tensor]:
        a, b = frames() > 0.0, frames() > 1.0
        return {"both": a ^ b, "with_true": a ^ True, "true_first": True ^ a}

    check_agreement(model, {"data": FEEDS["data"]})
    run = nn.run_numpy(nn.Network(model), {"data": FEEDS["data"]})
    data = FEEDS["data"][0]
    numpy.testing.assert_array_equal(run.outputs["both"].value, (data > 0) ^ (data > 1))
    numpy.testing.assert_array_equal(run.outputs["with_true"].value, data <= 0)
    with pytest.raises(nn.NetworkError, match=r"A power is x \*\* y"):
        nn.Network(lambda: frames() ^ 2)


@pytest.mark.parametrize("number,condition", [(1, True), (0, False), (2, True)])
def test_numbers_beside_conditions(number: int, condition: bool) -> None:
    programs: list[Any] = [
        lambda: nn.where(frames() > 0.0, number, condition),
        lambda: nn.where(frames() > 0.0, condition, number),
        lambda: nn.where(frames() > 0.0, frames() > 1.0, number),
        lambda: (frames() > 0.0) == number,
        lambda: (frames() > 0.0) & number,
    ]
    for model in programs:
        with pytest.raises(nn.NetworkError, match=f"the number {number} beside .*: write True or False"):
            nn.Network(model)
    with pytest.raises(nn.NetworkError, match="where of int32 and bool"):
        nn.Network(lambda: nn.where(classes() > 0, classes(), condition))


@pytest.mark.parametrize("code", ["divmod(x, 2)", "x << 1", "2 >> x"])
def test_operators_that_tensors_have_not(code: str) -> None:
    with pytest.raises(nn.NetworkError, match="write x"):
        nn.Network(lambda: eval(code, {"x": numbers()}))
    assert nn.Network(lambda: +frames()).digest == nn.Network(frames).digest


class Embedded(nn.Module):
    """An embedding of the label before, or a loss of it."""

    def __init__(self, where: str):
        super().__init__()
        self.where = where
        self.table = nn.Embedding(LABELS, FEATURES)
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        if self.where == "loss":
            return nn.cross_entropy(self.output(frames()), classes() - 1)
        if self.where == "sequence":
            return self.table(classes() - 1)
        loop = nn.Loop()
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            y = loop.stack(self.table(loop.state.label - 1))
            loop.state.label = loop.unstack(classes())
        return y


@pytest.mark.parametrize("where", ["sequence", "loop", "loss"])
def test_labels_of_arithmetic(where: str) -> None:
    """They are of their dim where they count; in padding, where there is 0, they are below it."""
    label, lengths = FEEDS["classes"]
    label = numpy.where(numpy.arange(label.shape[1]) < numpy.asarray(lengths)[:, None], numpy.maximum(label, 1), 0)
    network = nn.Network(Embedded(where))
    feeds = {name: FEEDS[name] for name in network.extern_data}
    check_agreement(Embedded(where), {**feeds, "classes": (label, lengths)})
    label = numpy.where(numpy.arange(label.shape[1]) == 0, 0, label)
    with pytest.raises(nn.NetworkError, match=f"^{__file__}:.*-1 is no label of labels=7, 0 to 6, but one of <sub"):
        nn.run_numpy(network, {**feeds, "classes": (label, lengths)})
