"""Any change of what is computed gives another digest: pairs that a careless canonical form would take for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn

TIME, FEATURES, LABELS = nn.Dim(None, "time"), nn.Dim(5, "features"), nn.Dim(5, "labels")
FRAMES = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
OTHER = nn.ExternData("other", [nn.batch_dim, TIME, FEATURES])
CLASSES = nn.ExternData("classes", [nn.batch_dim, TIME], sparse_dim=LABELS)
SQUARE = nn.ExternData("square", [nn.batch_dim, FEATURES, LABELS])


def frames() -> nn.Tensor:
    """The input."""
    return nn.get_extern_data(FRAMES)


def digest(model: Callable[..., Any], **kwargs: Any) -> str:
    """Of the network of a function."""
    return nn.Network(model, **kwargs).digest


def _accumulate(
    *, initial: float = 0.0, swap: bool = False, read: str = "state", eos: bool | None = None, limit: int | None = None
) -> Any:
    loop = nn.Loop(max_seq_len=limit)
    loop.state.a = nn.constant(initial, [nn.batch_dim, FEATURES])
    loop.state.b = nn.zeros([nn.batch_dim, FEATURES])
    with loop:
        x = loop.unstack(frames())
        a, b = loop.state.a, loop.state.b
        if swap:
            a, b = b, a
        loop.state.a, loop.state.b = nn.tanh(a + x), b * 0.5 + x
        new = loop.state.a if read != "before" else a
        if eos is not None:
            loop.end(nn.reduce_sum(new) > 1.0, include_eos=eos)
        stacked, last = loop.stack(new), loop.last(new)
    return {"state": (stacked, loop.state.a), "last": (stacked, last), "before": (stacked, last)}[read]


def _dropouts(place: str) -> nn.Tensor:
    x = nn.get_extern_data(nn.ExternData("vector", [nn.batch_dim, FEATURES]))
    outside = nn.dropout(x, 0.5)
    with nn.Loop() as loop:
        frame = loop.unstack(frames())
        inside = nn.dropout(x, 0.5)
        if place == "twice":
            inside = nn.dropout(x, 0.5) - inside
        return loop.stack(frame + (outside if place == "outside" else inside))


def _search(*, beam: int = 3, exponent: float = 1.0, kind: str = "log_prob", limit: int = 9, eos: bool = False) -> Any:
    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=limit)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            scores = nn.reduce_sum(nn.get_extern_data(SQUARE), axis=FEATURES)
            scores = scores + nn.cast(loop.state.label, "float32")
            loop.state.label = nn.choice(scores, search=nn.BeamSearch(beam, exponent), input_type=kind)
            loop.end(loop.state.label == 0, include_eos=eos)
            return loop.stack(loop.state.label)

    return model


class Layers(nn.Module):
    """Two linear layers in a row, whose parameters may be one."""

    def __init__(self, shared: bool, names: tuple[str, str] = ("one", "two"), **options: Any):
        super().__init__()
        first = nn.Linear(FEATURES, FEATURES, **options)
        self.names = names
        setattr(self, names[0], first)
        setattr(self, names[1], first if shared else nn.Linear(FEATURES, FEATURES, **options))

    def forward(self) -> nn.Tensor:
        """The second one of the first one."""
        return getattr(self, self.names[1])(nn.tanh(getattr(self, self.names[0])(frames())))


def _parameter(**options: Any) -> Callable[[], nn.Tensor]:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.p = nn.Parameter([FEATURES], **options)

        def forward(self) -> nn.Tensor:
            return frames() * nn.cast(self.p, "float32")  # type: ignore[arg-type]

    return Model()


def _loss(name: str = "loss", **options: Any) -> Callable[[], None]:
    def model() -> None:
        nn.reduce_sum(frames()).mark_as_loss(name, **options)

    return model


def _two_losses(first: float, second: float) -> Callable[[], None]:
    def model() -> None:
        nn.reduce_sum(frames()).mark_as_loss("a", scale=first)
        nn.reduce_max(frames()).mark_as_loss("b", scale=second)

    return model


def _lstm(direction: int = 1, initial: float = 0.0) -> nn.Module:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.Lstm(FEATURES, 3, direction=direction)

        def forward(self) -> Any:
            value = nn.constant(initial, [nn.batch_dim, self.lstm.out_dim])
            return self.lstm(frames(), nn.LstmState(value, value))

    return Model()


def _cond(swap: bool, masked: bool = False) -> Callable[[], nn.Tensor]:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            if masked:
                with nn.MaskedComputation(mask=nn.reduce_sum(x) > 0):
                    y = x + 1.0
                return loop.stack(y)
            with nn.Cond(nn.reduce_sum(x) > 0) as cond:
                cond.true = x + (2.0 if swap else 1.0)
            with cond.false_branch():
                cond.false = x + (1.0 if swap else 2.0)
            return loop.stack(cond.result)

    return model


def _square(make: Callable[[nn.Tensor], Any]) -> Callable[[], Any]:
    return lambda: make(nn.get_extern_data(SQUARE))


def _dims(one: nn.Dim, two: nn.Dim) -> Callable[[], Any]:
    data = [nn.ExternData("a", [nn.batch_dim, one]), nn.ExternData("b", [nn.batch_dim, two])]
    return lambda: tuple(nn.tanh(nn.get_extern_data(one)) for one in data)


def _constant(value: Any, dtype: str) -> Callable[[], nn.Tensor]:
    return lambda: frames() * nn.cast(nn.constant(value, dtype=dtype), "float32")


VARIANTS: dict[str, list[Callable[..., Any]]] = {
    "initial value, wiring, and what is read of states": [
        _accumulate,
        lambda: _accumulate(initial=1.0),
        lambda: _accumulate(swap=True),
        lambda: _accumulate(read="last"),
        lambda: _accumulate(read="before"),
        lambda: _accumulate(limit=3),
        lambda: _accumulate(limit=4),
        lambda: _accumulate(eos=False),
        lambda: _accumulate(eos=True),
        lambda: _accumulate(eos=True, limit=3),
    ],
    "dropout: one mask, one for each step, two": [lambda p=p: _dropouts(p) for p in ("outside", "inside", "twice")],
    "search": [
        _search(),
        _search(beam=4),
        _search(exponent=0.0),
        _search(exponent=0.5),
        _search(kind="logits"),
        _search(limit=8),
        _search(eos=True),
    ],
    "shared parameters, and equal ones": [
        Layers(True),
        Layers(False),
        Layers(False, ("two", "one")),
        Layers(False, ("one", "three")),
        Layers(False, with_bias=False),
    ],
    "parameters": [
        _parameter(),
        _parameter(initial=0.0),
        _parameter(initial=0.5),
        _parameter(initial=nn.Uniform(0.5)),
        _parameter(initial=nn.Normal(0.5)),
        _parameter(initial=0.0, trainable=False),
        _parameter(initial=0.0, weight_decay=0.1),
        _parameter(initial=0.0, dtype="float64"),
        _parameter(initial=nn.NumpyFile("a.npy")),
        _parameter(initial=nn.NumpyFile("b.npy")),
    ],
    "losses": [
        _loss(),
        _loss("another"),
        _loss(scale=0.5),
        _loss(as_error=True),
        lambda: nn.reduce_sum(frames()),
        _two_losses(1.0, 0.5),
        _two_losses(0.5, 1.0),
    ],
    "lstm": [_lstm(), _lstm(-1), _lstm(initial=1.0)],
    "branches": [_cond(False), _cond(True), _cond(False, masked=True)],
    "axes of one size": [
        _square(lambda x: nn.reduce_sum(x, axis=FEATURES)),
        _square(lambda x: nn.reduce_sum(x, axis=LABELS)),
        _square(lambda x: nn.softmax(x, axis=FEATURES)),
        _square(lambda x: nn.softmax(x, axis=LABELS)),
        _square(lambda x: nn.reduce_sum(x, axis=[FEATURES, LABELS])),
    ],
    "one dim, and two of its size": [_dims(FEATURES, FEATURES), _dims(FEATURES, LABELS), _dims(FEATURES, nn.Dim(6))],
    "constants": [
        _constant(1, "int32"),
        _constant(1, "float32"),
        _constant(True, "bool"),
        _constant(0.0, "float32"),
        _constant(-0.0, "float32"),
        _constant(0, "int32"),
        _constant(float("inf"), "float32"),
        _constant(float("-inf"), "float32"),
        _constant(1e30, "float32"),
        _constant(2**53 + 1, "int64"),
        _constant(2**53, "int64"),
        _constant(0.1, "float32"),
        _constant(0.1, "float64"),
    ],
    "operands and functions": [
        lambda: frames() - nn.get_extern_data(OTHER),
        lambda: nn.get_extern_data(OTHER) - frames(),
        lambda: frames() - frames(),
        lambda: frames() + nn.get_extern_data(OTHER),
        lambda: nn.concat(frames(), nn.get_extern_data(OTHER)),
        lambda: nn.concat(nn.get_extern_data(OTHER), frames()),
        lambda: nn.split(frames(), size_splits=[2, 3]),
        lambda: nn.split(frames(), size_splits=[3, 2]),
        lambda: nn.slice(frames(), 0, 3),
        lambda: nn.slice(frames(), 1, 3),
        lambda: frames()[0],
        lambda: frames()[1],
        lambda: nn.postfix_in_time(frames(), 0.0),
        lambda: nn.postfix_in_time(frames(), 1.0),
        lambda: frames() > 0,
        lambda: frames() >= 0,
        lambda: nn.cast(frames() > 0, "float32"),
        lambda: nn.cast(frames() > 0, "int32"),
    ],
    "outputs": [
        lambda: {"a": frames(), "b": nn.tanh(frames())},
        lambda: {"b": frames(), "a": nn.tanh(frames())},
        lambda: {"a": frames(), "c": nn.tanh(frames())},
        lambda: {"a": frames()},
    ],
    "inputs": [
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME])),
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])),
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, FEATURES, TIME])),
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME], dtype="int32")),
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME], sparse_dim=LABELS)),
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME], sparse_dim=LABELS, dtype="int64")),
        lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, FEATURES])),
    ],
    "label smoothing": [
        lambda s=s: nn.cross_entropy(
            nn.get_extern_data(nn.ExternData("scores", [nn.batch_dim, TIME, LABELS])),
            nn.get_extern_data(CLASSES),
            label_smoothing=s,
        )
        for s in (0.0, 0.1, 0.2)
    ],
}


@pytest.mark.parametrize("about", VARIANTS)
@pytest.mark.filterwarnings("ignore::recipe.nn.NetworkWarning")
def test_all_variants_differ(about: str) -> None:
    digests = [digest(model) for model in VARIANTS[about]]
    twice = [(digests.index(one), number) for number, one in enumerate(digests) if digests.index(one) != number]
    assert not twice, "these variants have one digest"


EQUAL: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "int and float": (lambda: frames() * 2, lambda: frames() * 2.0),
    "of NumPy, float32": (lambda: frames() * 0.1, lambda: frames() * numpy.float32(0.1)),  # type: ignore[operator]
    "of NumPy, float64": (lambda: frames() * 0.1, lambda: frames() * numpy.float64(0.1)),
    "beyond float32": (lambda: frames() * 0.1, lambda: frames() * (0.1 + 1e-12)),
    "of NumPy, int": (_search(beam=4), _search(beam=numpy.int64(4))),  # type: ignore[arg-type]
    "size of NumPy": (
        _dims(FEATURES, nn.Dim(6, "six")),
        _dims(FEATURES, nn.Dim(numpy.int64(6), "six")),
    ),
    "scale of a loss that is only reported": (_loss(as_error=True), _loss(as_error=True, scale=0.5)),
    "order of axes": (
        _square(lambda x: nn.reduce_sum(x, axis=[FEATURES, LABELS])),
        _square(lambda x: nn.reduce_sum(x, axis=[LABELS, FEATURES])),
    ),
    "number as initial value": (_parameter(initial=1), _parameter(initial=nn.Constant(1.0))),
    "weight decay": (_parameter(weight_decay=1), _parameter(weight_decay=1.0)),
}


@pytest.mark.parametrize("about", EQUAL)
def test_equal(about: str) -> None:
    left, right = EQUAL[about]
    assert digest(left) == digest(right)


def test_digest_does_not_depend_on_how_configs_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine has to do with it."""
    from recipe.nn.tf_layers.build import Build

    models = [_lstm(initial=1.0), _accumulate, lambda: _dropouts("inside"), _search(), _cond(True, masked=True)]
    before = [digest(model) for model in models]
    monkeypatch.setattr(Build, "__init__", None)
    assert [digest(model) for model in models] == before
