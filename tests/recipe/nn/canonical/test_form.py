"""The digest: equal for equal computations, another for any change of what is computed (section 6 of the design)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from recipe import nn

from ..inputs import FEATURES, LABELS, TIME


class Program(nn.Module):
    """A recurrent model whose parts can be varied one by one."""

    def __init__(
        self,
        *,
        dim: int = 13,
        attribute: str = "linear",
        initial: nn.Initializer | None = None,
        start: float = 0.0,
        activation: Callable[[nn.Tensor], nn.Tensor] = nn.tanh,
        features: int = 5,
        constant: float = 0.5,
        input_name: str = "data",
        trainable: bool = True,
        weight_decay: float = 0.0,
        dropout: float = 0.1,
        loss_name: str = "loss",
        scale: float = 1.0,
    ):
        super().__init__()
        self.options = (attribute, start, activation, constant, dropout, loss_name, scale)
        self.data = nn.ExternData(input_name, [nn.batch_dim, nn.Dim(None, name="t"), nn.Dim(features, name="f")])
        layer = nn.Linear(self.data.dims[-1] + dim, dim)
        assert layer.W is not None
        if initial is not None:
            layer.W.initial = initial
        layer.W.trainable, layer.W.weight_decay = trainable, weight_decay
        setattr(self, attribute, layer)

    def forward(self) -> nn.Tensor:
        attribute, start, activation, constant, dropout, loss_name, scale = self.options
        layer = getattr(self, attribute)
        x = nn.dropout(nn.get_extern_data(self.data), dropout)
        loop = nn.Loop()
        loop.state.h = nn.constant(start, [nn.batch_dim, layer.out_dim])
        with loop:
            loop.state.h = activation(layer([loop.unstack(x), loop.state.h])) * constant
            y = loop.stack(loop.state.h)
        nn.reduce_sum(y).mark_as_loss(loss_name, scale=scale)
        return y


def digest_of(**options: object) -> str:
    """The digest of a variant."""
    return nn.Network(Program(**options)).digest  # type: ignore[arg-type]


CHANGES: dict[str, dict[str, object]] = {
    "dim": {"dim": 14},
    "input dim": {"features": 6},
    "parameter name": {"attribute": "layer"},
    "initializer": {"initial": nn.Uniform(0.1)},
    "initializer's limit": {"initial": nn.Uniform(0.2)},
    "kind of initializer": {"initial": nn.Normal(0.1)},
    "initial value of the state": {"start": 1.0},
    "activation": {"activation": nn.sigmoid},
    "constant": {"constant": 0.25},
    "input name": {"input_name": "features"},
    "trainable": {"trainable": False},
    "weight decay": {"weight_decay": 1e-4},
    "dropout": {"dropout": 0.2},
    "loss name": {"loss_name": "sum"},
    "loss scale": {"scale": 0.5},
}


def test_every_change_gives_another_digest() -> None:
    digests = {"unchanged": digest_of(), **{name: digest_of(**options) for name, options in CHANGES.items()}}
    assert len(set(digests.values())) == len(digests), digests


def test_same_program_gives_the_same_digest() -> None:
    assert digest_of() == digest_of()


def test_int_or_float_of_one_value() -> None:
    assert digest_of(constant=2, weight_decay=1) == digest_of(constant=2.0, weight_decay=1.0)


def test_names_of_dims_do_not_count() -> None:
    def with_names(time: str, features: str) -> nn.Network:
        data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name=time), nn.Dim(5, name=features)])
        return nn.Network(lambda: nn.tanh(nn.get_extern_data(data)))

    assert with_names("a", "b").digest == with_names("b", "c").digest


def test_labels_of_dims_count() -> None:
    def with_labels(labels: list[str] | None) -> nn.Network:
        data = nn.ExternData("data", [nn.batch_dim, TIME], sparse_dim=nn.Dim(2, name="labels", labels=labels))
        return nn.Network(lambda: nn.cast(nn.get_extern_data(data), "float32"))

    assert len({with_labels(labels).digest for labels in (None, ["a", "b"], ["b", "a"])}) == 3


def test_local_names_and_unused_code_do_not_count() -> None:
    data = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])

    def one() -> nn.Tensor:
        x = nn.get_extern_data(data)
        with nn.Loop() as loop:
            frame = loop.unstack(x)
            loop.state.sum = frame + nn.tanh(loop.state.sum)
            return loop.stack(loop.state.sum)

    def helper(value: nn.Tensor) -> nn.Tensor:
        return nn.tanh(value)

    def other() -> nn.Tensor:
        """The same with other names, a function, and something that nothing uses."""
        features = nn.get_extern_data(data)
        nn.exp(features)
        with nn.Loop() as steps:
            _unused = steps.unstack(features) * 2.0
            now = steps.unstack(features)
            steps.state.sum = now + helper(steps.state.sum)
            result = steps.stack(steps.state.sum)
            steps.last(_unused)
        return result

    networks = [nn.Network(one), nn.Network(other)]
    assert networks[0].digest == networks[1].digest


def test_names_of_states_do_not_count_for_the_digest() -> None:
    def model(name: str) -> nn.Tensor:
        loop = nn.Loop()
        setattr(loop.state, name, nn.zeros([nn.batch_dim, FEATURES]))
        with loop:
            x = loop.unstack(nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])))
            setattr(loop.state, name, getattr(loop.state, name) * 0.5 + x)
            return loop.stack(getattr(loop.state, name))

    assert nn.Network(lambda: model("a")).digest == nn.Network(lambda: model("b")).digest


def test_order_of_attributes_does_not_count() -> None:
    class Model(nn.Module):
        def __init__(self, names: tuple[str, str]):
            super().__init__()
            for name in names:
                setattr(self, name, nn.Linear(FEATURES, FEATURES))

        def forward(self) -> nn.Tensor:
            x = nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME, FEATURES]))
            return self.one(x) * self.two(x)  # type: ignore[attr-defined]

    assert nn.Network(Model(("one", "two"))).digest == nn.Network(Model(("two", "one"))).digest


def test_what_only_gives_constants_their_lengths_counts() -> None:
    data = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])

    def model(size: int, reads_frames: bool) -> dict[str, nn.Tensor]:
        short = nn.pool(nn.get_extern_data(data), size)
        ones = {"ones": nn.ones([nn.batch_dim, short.spatial_dim])}
        return {**ones, "short": short} if reads_frames else ones

    forms = [
        nn.Network(model, size=size, reads_frames=reads_frames).canonical_form()
        for size in (2, 3)
        for reads_frames in (False, True)
    ]
    assert len({json.dumps(form) for form in forms}) == 4
    assert [[dim.get("of") for dim in form["dims"]].count(None) for form in forms] == [2, 3, 2, 3]


def test_swapped_arguments_count() -> None:
    data = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
    other = nn.ExternData("other", [nn.batch_dim, TIME, FEATURES])
    left = nn.Network(lambda: nn.get_extern_data(data) - nn.get_extern_data(other))
    right = nn.Network(lambda: nn.get_extern_data(other) - nn.get_extern_data(data))
    assert left.digest != right.digest


@pytest.mark.parametrize("include_eos", [True, False])
def test_search_options_count(include_eos: bool) -> None:
    def model(search: nn.BeamSearch, max_seq_len: int = 9) -> nn.Tensor:
        scores = nn.get_extern_data(nn.ExternData("scores", [nn.batch_dim, LABELS]))
        loop = nn.Loop(max_seq_len=max_seq_len)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            changed = scores + nn.cast(loop.state.label, "float32")
            loop.state.label = nn.choice(changed, search=search)
            loop.end(loop.state.label == 0, include_eos=include_eos)
            return loop.stack(loop.state.label)

    searches = [nn.BeamSearch(4), nn.BeamSearch(5), nn.BeamSearch(4, length_normalization=0.0)]
    digests = [nn.Network(model, search=search).digest for search in searches]
    digests.append(nn.Network(model, search=searches[0], max_seq_len=8).digest)
    assert len(set(digests)) == 4


def test_canonical_form_is_plain_data() -> None:
    form = nn.Network(Program()).canonical_form()
    assert json.loads(json.dumps(form)) == form
    assert form["format"] == 2
