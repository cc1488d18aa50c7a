"""Edit distances and expected risks, against plain loops and RETURNN."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_labels

pytestmark = pytest.mark.xdist_group("returnn-1")

BATCH = nn.batch_dim
POSITIONS, OTHER, TIME = nn.Dim(None, "positions"), nn.Dim(None, "other"), nn.Dim(None, "time")
LABELS, HYPOTHESES, FEATURES = nn.Dim(3, "labels"), nn.Dim(4, "hypotheses"), nn.Dim(2, "features")
A = nn.ExternData("a", [BATCH, POSITIONS], sparse_dim=LABELS)
B = nn.ExternData("b", [BATCH, OTHER], sparse_dim=LABELS)
SEVERAL = nn.ExternData("several", [BATCH, HYPOTHESES, OTHER], sparse_dim=LABELS)
FRAMES = nn.ExternData("data", [BATCH, TIME, FEATURES])
SCORES = nn.ExternData("scores", [BATCH, HYPOTHESES])


def plain_distance(a: list[int], b: list[int]) -> int:
    """By the definition: the least of what each last edit leaves."""
    if not a or not b:
        return len(a) + len(b)
    replaced = plain_distance(a[:-1], b[:-1]) + (a[-1] != b[-1])
    return min(replaced, plain_distance(a[:-1], b) + 1, plain_distance(a, b[:-1]) + 1)


def a() -> nn.Tensor:
    return nn.get_extern_data(A)


def b() -> nn.Tensor:
    return nn.get_extern_data(B)


def feeds(a_lengths: list[int], b_lengths: list[int], seed: int = 0) -> dict[str, Any]:
    """Random labels; whatever stands in the padding."""
    a, b = ragged_labels(a_lengths, 3, seed=seed), ragged_labels(b_lengths, 3, seed=seed + 1)
    frames = numpy.random.default_rng(seed).standard_normal((len(a_lengths), 3, 2)).astype("float32")
    several = numpy.random.default_rng(seed + 2).integers(0, 3, (len(a_lengths), 4, max(b_lengths)))
    scores = numpy.random.default_rng(seed + 3).standard_normal((len(a_lengths), 4)).astype("float32")
    times = numpy.array([3, 2, 1, 3][: len(a_lengths)])
    return {"a": a, "b": b, "data": (frames, times), "several": (several.astype("int32"), b[1]), "scores": scores}


@pytest.mark.parametrize(
    "lengths", [([5, 3, 0, 1], [4, 5, 2, 0]), ([1, 0], [0, 0]), ([6, 2, 2], [1, 5, 2]), ([0, 0], [0, 0])]
)
def test_against_the_definition(lengths: tuple[list[int], list[int]]) -> None:
    """Of ragged sequences, also empty ones, in both orders, and of a sequence with itself."""
    fed = feeds(*lengths)

    def model() -> dict[str, nn.Tensor]:
        return {"ab": nn.edit_distance(a(), b()), "ba": nn.edit_distance(b(), a()), "aa": nn.edit_distance(a(), a())}

    outputs = check_agreement(model, fed).in_numpy.outputs
    rows = [[list(value[row, :length]) for row, length in enumerate(counts)] for value, counts in (fed["a"], fed["b"])]
    wanted = [plain_distance(left, right) for left, right in zip(*rows)]
    assert outputs["ab"].value.tolist() == outputs["ba"].value.tolist() == wanted
    assert outputs["ab"].value.dtype == "int32" and outputs["ab"].dims == (BATCH,)
    assert not outputs["aa"].value.any()


def test_more_axes() -> None:
    """Of several hypotheses for each sequence."""
    fed = feeds([5, 3, 2], [4, 5, 2])
    run = check_agreement(lambda: nn.edit_distance(nn.get_extern_data(SEVERAL), a(), a_axis=OTHER), fed).in_numpy
    value = run.outputs["output"].value
    assert run.outputs["output"].dims == (BATCH, HYPOTHESES)
    for row in range(3):
        target = list(fed["a"][0][row, : fed["a"][1][row]])
        for number in range(4):
            hypothesis = list(fed["several"][0][row, number, : fed["several"][1][row]])
            assert value[row, number] == plain_distance(hypothesis, target)


def test_in_a_loop() -> None:
    """Of what each step makes, with and without a state of it."""

    def model(with_state: bool) -> nn.Tensor:
        loop = nn.Loop()
        if with_state:
            loop.state.total = nn.zeros([BATCH], dtype="int32")
        with loop:
            size = nn.reduce_sum(loop.unstack(nn.get_extern_data(FRAMES)))
            moved = nn.where(size > 0.0, a(), nn.cast((nn.cast(a(), "int32") + 1) % 3, "int32", sparse_dim=LABELS))
            distance = nn.edit_distance(moved, b())
            if with_state:
                distance = loop.state.total = loop.state.total + distance
            return loop.stack(distance)

    fed = feeds([5, 3, 2], [4, 5, 2])
    plain = check_agreement(lambda: model(False), fed).in_numpy.outputs["output"].value
    summed = check_agreement(lambda: model(True), fed).in_numpy.outputs["output"].value
    for row, length in enumerate(fed["data"][1]):
        numpy.testing.assert_array_equal(summed[row, :length], numpy.cumsum(plain[row, :length]))
        for step in range(length):
            labels = fed["a"][0][row, : fed["a"][1][row]]
            moved = labels if fed["data"][0][row, step].sum() > 0 else (labels + 1) % 3
            assert plain[row, step] == plain_distance(list(moved), list(fed["b"][0][row, : fed["b"][1][row]]))


def test_in_an_inner_loop() -> None:
    """A state of the outer loop is what the steps of the inner one add up."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.total = nn.zeros([BATCH], dtype="int32")
        with loop:
            size = nn.reduce_sum(loop.unstack(nn.get_extern_data(FRAMES)))
            inner = nn.Loop(axis=OTHER)
            with inner:
                label = inner.unstack(b())
                moved = nn.where(size > 0.0, a(), label)
                loop.state.total = loop.state.total + nn.edit_distance(moved, b())
            return loop.stack(loop.state.total)

    fed = feeds([5, 3, 2], [4, 5, 2])
    value = check_agreement(model, fed).in_numpy.outputs["output"].value
    for row, length in enumerate(fed["data"][1]):
        own = list(fed["a"][0][row, : fed["a"][1][row]])
        target = list(fed["b"][0][row, : fed["b"][1][row]])
        total = 0
        for step in range(length):
            for label in target:
                moved = own if fed["data"][0][row, step].sum() > 0 else [label] * len(own)
                total += plain_distance(moved, target)
            assert value[row, step] == total


def test_of_the_hypotheses_of_a_search() -> None:
    """Each hypothesis against the targets: the errors of what a search found."""
    output, embedding = nn.Linear(FEATURES, LABELS), nn.Embedding(LABELS, FEATURES)

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.label = nn.constant(1, [BATCH], sparse_dim=LABELS)
        with loop:
            x = nn.reduce_sum(nn.get_extern_data(FRAMES), TIME) + embedding(loop.state.label)
            loop.state.label = nn.choice(output(x))
            loop.end(loop.state.label == 0)
            found = loop.stack(loop.state.label)
        return {"found": found, "errors": nn.edit_distance(found, a())}

    fed = feeds([5, 3, 2], [4, 5, 2])
    outputs = check_agreement(model, fed, search=nn.BeamSearch(3)).in_numpy.outputs
    for row, found in enumerate(outputs["found"].sequences()):
        target = fed["a"][0][row // 3, : fed["a"][1][row // 3]]
        assert outputs["errors"].value[row] == plain_distance(list(found), list(target))


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_expected_risk(scale: float) -> None:
    """Against the sum written out, with the gradient of the scores."""
    fed = feeds([5, 3, 2], [4, 5, 2])

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter([HYPOTHESES])

        def forward(self) -> nn.Tensor:
            errors = nn.edit_distance(nn.get_extern_data(SEVERAL), a(), a_axis=OTHER)
            scores = nn.get_extern_data(SCORES) + self.bias
            risk = nn.expected_risk(scores, errors, HYPOTHESES, scale=scale)
            errors.mark_as_output("errors")
            risk.mark_as_loss("risk")
            return risk

    network = nn.Network(Model())
    run = check_agreement(network, fed, train=True, gradients=True)
    scores = scale * (fed["scores"] + run.in_returnn.parameters["bias"])
    share = numpy.exp(scores) / numpy.exp(scores).sum(axis=1, keepdims=True)
    wanted = (share * run.in_numpy.outputs["errors"].value).sum(axis=1)
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value, wanted, rtol=1e-5)
    report = nn.check_gradients(network, fed)
    assert report, report


def test_wrong_use() -> None:
    frames = nn.ExternData("x", [BATCH, OTHER, FEATURES])
    others = nn.ExternData("others", [BATCH, OTHER], sparse_dim=nn.Dim(5, "words"))
    single = nn.ExternData("single", [BATCH], sparse_dim=LABELS)
    for model, message in (
        (lambda: nn.edit_distance(a(), nn.get_extern_data(frames)), "wants two sequences of labels, but .* is float32"),
        (
            lambda: nn.edit_distance(a(), nn.get_extern_data(others)),
            "labels of one dim, but they are of labels=3 and words=5",
        ),
        (lambda: nn.edit_distance(a(), nn.get_extern_data(single)), "is no sequence"),
        (
            lambda: nn.expected_risk(nn.get_extern_data(SCORES), nn.edit_distance(a(), b()), HYPOTHESES),
            "expected_risk wants a risk for each score",
        ),
    ):
        with pytest.raises(nn.NetworkError, match=message):
            nn.Network(model)
