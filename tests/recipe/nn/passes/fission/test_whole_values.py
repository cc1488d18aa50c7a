"""Values of all steps at once have the same features as those of a step, also where other axes have a fixed size."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipe import nn

from ...inputs import FEATURES, frames, vector
from .splitting import split, steps

LABELS = nn.Dim(3, "labels")
CLASSES = nn.Dim(5, "classes")
READERS: dict[str, Callable[[nn.Tensor], nn.Tensor]] = {
    "argmax": nn.argmax,
    "softmax": nn.softmax,
    "log_softmax": nn.log_softmax,
    "reduce_max": nn.reduce_max,
    "argmax of two": lambda x: nn.argmax(nn.concat(x, x)),
    "cross entropy": lambda x: nn.cross_entropy(x, nn.argmax(x)),
    "dot": lambda x: nn.dot(x, x),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("inner_first", [True, False])
def test_features_of_steps_of_steps(name: str, inner_first: bool) -> None:
    """Of two operands the one of the outer loop may have fewer axes in a step, and more with all steps."""
    readout, again = nn.Linear(FEATURES, LABELS), nn.Linear(LABELS, CLASSES)

    def model() -> nn.Tensor:
        x = frames()
        with nn.Loop() as outer:
            frame = outer.unstack(x)
            with nn.Loop() as inner:
                feature = inner.unstack(frame, axis=FEATURES)
                scores = readout(feature * vector() if inner_first else vector() * feature)
                y = READERS[name](scores)
                z = READERS[name](again(nn.tanh(scores)))
                with_all = {"y": inner.stack(y), "z": inner.stack(z)}
            return {key: outer.stack(value) for key, value in with_all.items()}

    assert not steps(split(model))


def test_label_as_state() -> None:
    """The best label of a value that is the same in all steps of a loop over features, which a state hands on."""
    readout = nn.Linear(FEATURES, LABELS)

    def model() -> nn.Tensor:
        with nn.Loop() as outer:
            frame = outer.unstack(frames())
            outer.state.label = nn.constant(0, [nn.batch_dim], dtype="int32", sparse_dim=LABELS)
            with nn.Loop() as inner:
                feature = inner.unstack(frame, axis=FEATURES)
                outer.state.label = nn.argmax(readout(vector() * feature))
                y = inner.last(feature)
            return {"y": outer.stack(y), "label": outer.stack(outer.state.label)}

    split(model)
