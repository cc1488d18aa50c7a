"""States that are read as conditions, labels or whole numbers, and have no initial value: the message gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, classes, frames
from .wrong_programs import line_of_mistake, message_of

Body = Callable[[nn.Loop, Any], Any]


def condition_of_where(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    y = nn.where(loop.state.s, x, -x)  # MISTAKE
    loop.state.s = nn.reduce_sum(x) > 0.0
    return y


def condition_of_cond(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    with nn.Cond(loop.state.s) as cond:  # MISTAKE
        cond.true = x
    with cond.false_branch():
        cond.false = -x
    loop.state.s = nn.reduce_sum(x) > 0.0
    return cond.result


def condition_of_mask(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    with nn.MaskedComputation(loop.state.s):  # MISTAKE
        y = 2.0 * x
    loop.state.s = nn.reduce_sum(x) > 0.0
    return y


def end_of_loop(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    loop.end(loop.state.s)  # MISTAKE
    loop.state.s = nn.reduce_sum(x) > 0.0
    return x


def opposite(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    loop.state.s = ~loop.state.s  # MISTAKE
    return nn.where(loop.state.s, x, -x)


def one_of_two(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    loop.state.s = loop.state.s | (nn.reduce_sum(x) > 0.0)  # MISTAKE
    return nn.where(loop.state.s, x, -x)


def label_of_embedding(loop: nn.Loop, parts: Any) -> Any:
    y = loop.unstack(classes())
    embedded = parts.embedding(loop.state.s)  # MISTAKE
    loop.state.s = y
    return embedded


def label_as_vector(loop: nn.Loop, parts: Any) -> Any:
    dim = LABELS  # noqa: F841 - the name that the advice has
    y = loop.unstack(classes())
    vector = nn.one_hot(loop.state.s)  # MISTAKE
    loop.state.s = y
    return vector


def label_compared(loop: nn.Loop, parts: Any) -> nn.Tensor:
    y = loop.unstack(classes())
    same = loop.state.s == y  # MISTAKE
    loop.state.s = y
    return same


def label_compared_with_a_number(loop: nn.Loop, parts: Any) -> nn.Tensor:
    y = loop.unstack(classes())
    is_three = loop.state.s == 3  # MISTAKE
    loop.state.s = y
    return is_three


def target(loop: nn.Loop, parts: Any) -> nn.Tensor:
    y = loop.unstack(classes())
    loss = nn.cross_entropy(nn.one_hot(y), loop.state.s)  # MISTAKE
    loop.state.s = y
    return loss


def position(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    y = nn.gather(x, loop.state.s, axis=FEATURES)  # MISTAKE
    loop.state.s = nn.cast(nn.reduce_sum(x) > 0.0, "int32")
    return y


def count(loop: nn.Loop, parts: Any) -> nn.Tensor:
    x = loop.unstack(frames())
    loop.state.s = (loop.state.s + 1) + nn.cast(nn.reduce_sum(x) > 0.0, "int32")  # MISTAKE
    return loop.state.s


CASES: list[tuple[Body, str]] = [
    (condition_of_where, "a condition (bool)"),
    (condition_of_cond, "a condition (bool)"),
    (condition_of_mask, "a condition (bool)"),
    (end_of_loop, "a condition (bool)"),
    (opposite, "a condition (bool)"),
    (one_of_two, "a condition (bool)"),
    (label_of_embedding, "labels"),
    (label_as_vector, "labels"),
    (label_compared, "labels"),
    (label_compared_with_a_number, "labels"),
    (target, "labels"),
    (position, "int32"),
    (count, "int32"),
]


class Model(nn.Module):
    """The loop, with its body and the code that is executed before it."""

    def __init__(self, body: Body, before: str = ""):
        super().__init__()
        self.body, self.before = body, before
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        exec(self.before, {"nn": nn, "loop": loop, "LABELS": LABELS, "dim": LABELS})
        with loop:
            return loop.stack(self.body(loop, self))


@pytest.mark.filterwarnings("ignore::recipe.nn.NetworkWarning")
@pytest.mark.parametrize("body,kind", CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_advice_is_code_that_runs(body: Body, kind: str) -> None:
    message = message_of(Model(body))
    file, line = line_of_mistake(body)
    assert message.startswith(f"{file}:{line}: state 's' is read as {kind}, but has no initial value"), message
    advice = message.partition("before the loop: ")[2].splitlines()[0]
    assert advice.startswith("loop.state.s = nn.constant("), message
    network = nn.Network(Model(body, advice))
    run = nn.run_numpy(network, {name: FEEDS[name] for name in network.extern_data})
    assert run.outputs["output"].value.size


def test_a_state_that_stands_alone() -> None:
    def model() -> nn.Tensor:
        seen = nn.State(name=None)
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            y = nn.where(seen.get(), x, -x)  # MISTAKE
            seen.assign(nn.reduce_sum(x) > 0.0)
            return loop.stack(y)

    message = message_of(model)
    assert message.startswith("{}:{}: ".format(*line_of_mistake(model)))
    assert "nn.State(nn.constant(False, [nn.batch_dim]))" in message


def test_dims_that_do_not_fit_are_told_at_their_line() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            y = loop.state.s + nn.reduce_sum(x)
            z = nn.dot(loop.state.s, x, reduce=FEATURES)  # MISTAKE
            loop.state.s = nn.reduce_sum(x)
            return loop.stack(y + z)

    assert message_of(model).startswith("{}:{}: ".format(*line_of_mistake(model)))
