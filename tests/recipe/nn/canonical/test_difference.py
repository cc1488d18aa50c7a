"""What is said of two canonical forms that differ: the layers concerned, by name, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn
from recipe.nn.canonical.difference import Side, form_difference

from ..plain.test_delayed import Output


class Model(nn.Module):
    """A recurrent model whose parts can be varied one by one."""

    def __init__(self, *, dim: Any = 13, name: str = "linear", time: str = "time", initial: Any = None):
        super().__init__()
        self.dim = nn.Dim(dim, "hidden")
        self.data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, time), nn.Dim(5, "features")])
        layer = nn.Linear(self.dim)
        self.name = name
        self.initial = initial
        setattr(self, name, layer)

    def forward(
        self, dropout: float = 0.0, scale: float = 1.0, constant: Any = 0.5, loss: str = "loss", output: bool = True
    ) -> Any:
        """A sum of the states is the loss."""
        layer = getattr(self, self.name)
        x = nn.dropout(nn.get_extern_data(self.data), dropout)
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, self.dim])
        with loop:
            loop.state.h = nn.tanh(layer([loop.unstack(x), loop.state.h])) * constant
            y = loop.stack(loop.state.h)
        if self.initial is not None:
            layer.W.initial = self.initial
        nn.reduce_sum(y).mark_as_loss(loss, scale=scale)
        return y if output else None


def side(model: nn.Module, **options: Any) -> Side:
    """The form of a model."""
    canonical = nn.Network(model, **options).canonical()
    return Side(canonical.form, canonical.names)


def difference(left: Side, right: Side) -> dict[str, list[str]]:
    """Without the lines of source."""
    return {about.partition(" (")[0]: lines for about, lines in form_difference(left, right).items()}


def test_equal_forms_differ_in_nothing() -> None:
    assert form_difference(side(Model()), side(Model(time="other"))) == {}


def test_size_of_a_dim_is_said_once() -> None:
    assert difference(side(Model()), side(Model(dim=14))) == {
        "dims": ["hidden/size: 13 -> 14", "features+hidden/size: 18 -> 19"]
    }


def test_layer_in_between() -> None:
    found = difference(side(Model()), side(Model(), dropout=0.1))
    assert found == {
        "rec_unstack": ["from: data:data -> dropout"],
        "+ dropout": ["dropout, dropout 0.1, from data:data"],
    }
    back = difference(side(Model(), dropout=0.1), side(Model()))
    assert back == {
        "rec_unstack": ["from: dropout -> data:data"],
        "- dropout": ["dropout, dropout 0.1, from data:data"],
    }


def test_option_and_constant() -> None:
    assert difference(side(Model(), scale=1.0), side(Model(), scale=0.5)) == {"losses": ["loss/scale: 1 -> 0.5"]}
    assert difference(side(Model()), side(Model(), constant=0.25)) == {"constant #1": ["value: 0.5 -> 0.25"]}


def test_renamed_parameter() -> None:
    found = difference(side(Model()), side(Model(name="layer")))
    assert found["linear/W -> layer/W"] == ["name_scope: 'linear' -> 'layer'"]
    assert found["linear/b -> layer/b"] == ["name_scope: 'linear' -> 'layer'"]
    assert len(found) == 2


def test_losses_and_outputs() -> None:
    found = difference(side(Model()), side(Model(), loss="sum", output=False))
    assert found["losses"] == [
        "loss: {from: reduce_sum, scale: 1} -> not set",
        "sum: not set -> {from: reduce_sum, scale: 1}",
    ]
    assert found["outputs"] == ["output: stack -> not set"]
    assert len(found) == 2


def test_value_of_a_job() -> None:
    (line,) = difference(side(Model(dim=Output("size"))), side(Model()))["dims"][:1]
    assert line == "hidden/size: <jobs/count/CountJob.abc/output/size> -> 13"


def test_one_dim_in_place_of_two() -> None:
    one, two = nn.Dim(5, "one"), nn.Dim(5, "two")

    def model(first: nn.Dim, second: nn.Dim) -> Any:
        data = [nn.ExternData("a", [nn.batch_dim, first]), nn.ExternData("b", [nn.batch_dim, second])]
        return tuple(nn.tanh(nn.get_extern_data(one)) for one in data)

    found = difference(side(model, first=one, second=two), side(model, first=one, second=one))  # type: ignore[arg-type]
    assert found == {"inputs": ["b/dims/1: two=5 -> one=5"]}


def test_source_lines_are_those_of_the_model() -> None:
    (about,) = form_difference(side(Model()), side(Model(), constant=0.25))
    assert "test_difference.py:" in about


@pytest.mark.parametrize("search", [nn.BeamSearch(4), None])
def test_all_that_differs_is_found(search: nn.BeamSearch | None) -> None:
    """Two quite different networks: what is said covers all layers of both."""
    from .digest_examples import attention_model, everything_else

    left, right = side(attention_model(), search=search), side(everything_else)  # type: ignore[arg-type]
    found = form_difference(left, right)
    removed = [about for about in found if about.startswith("- ")]
    added = [about for about in found if about.startswith("+ ")]
    assert len(left.form["layers"]) - len(removed) == len(right.form["layers"]) - len(added) > 0
