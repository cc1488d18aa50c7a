"""Parts of the programs of these tests: labels, inputs, and what the steps of a search compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from recipe import nn

from ...agreement import ragged_frames, random_parameters
from ...inputs import FEATURES, FEEDS, vector
from .search_checks import Searched

LABELS = nn.Dim(4, "letters", labels=list("$abc"))
OTHERS = nn.Dim(3, "others")
END = 0
MAX_STEPS = 5
OTHER_TIME = nn.Dim(None, "other_time")
OTHER = nn.ExternData("second", [nn.batch_dim, OTHER_TIME, FEATURES])
ALL_FEEDS: dict[str, Any] = {**FEEDS, "second": ragged_frames([2, 3, 1], 5, seed=9)}


def second() -> nn.Tensor:
    """Random vectors [batch, other_time, features]."""
    return nn.get_extern_data(OTHER)


class Parts(nn.Module):
    """Modules that the steps of searches are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.other_embedding = nn.Embedding(LABELS, FEATURES), nn.Embedding(OTHERS, FEATURES)
        self.output, self.other_output = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, OTHERS)
        self.recurrent, self.more = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)
        self.history = nn.CausalSelfAttention(FEATURES, nn.Dim(3, "key"), FEATURES)
        self.attention = nn.DotAttention(FEATURES, FEATURES, nn.Dim(3, "attention_key"))
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def begin(self, loop: nn.Loop) -> None:
        """The states that :meth:`step` needs."""
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        loop.state.h = vector()

    def step(self, loop: nn.Loop) -> nn.Tensor:
        """A new value of the state ``h``; other ones in each step, so that no two hypotheses are alike."""
        x = self.recurrent(loop.state.h) + self.embedding(loop.state.label)
        loop.state.h = nn.tanh(x + 0.3 * nn.cast(loop.iter_idx, "float32"))
        return loop.state.h

    def write(self, *, include_eos: bool = False, beam_size: Any = 3) -> tuple[nn.Tensor, nn.Tensor]:
        """A search for labels until one is the end: all of them, and the last state."""
        loop = nn.Loop(max_seq_len=MAX_STEPS)
        self.begin(loop)
        with loop:
            scores = self.output(self.step(loop))
            loop.state.label = nn.choice(scores, search=nn.BeamSearch(beam_size))
            loop.end(loop.state.label == END, include_eos=include_eos)
            labels = loop.stack(loop.state.label)
        return labels, loop.state.h


class Writer(Parts):
    """
    A search, and what is computed after it.

    :param after: from the module, all labels, and the last state
    """

    def __init__(self, after: Callable[[Parts, nn.Tensor, nn.Tensor], Any]):
        super().__init__()
        self.after = after

    def forward(self, include_eos: bool = False, beam_size: Any = 3) -> Any:
        return self.after(self, *self.write(include_eos=include_eos, beam_size=beam_size))


class Engines:
    """What searches are run in, apart from NumPy: says :mod:`.conftest`."""

    returnn = False


def searched(model: Any, *, seed: int = 8, feeds: Any = None, end_bias: float = 0.5, **kwargs: Any) -> Searched:
    """Records a program; compares what it finds with the definition, plain searches for each sequence, and RETURNN."""
    network = nn.Network(model, **kwargs)
    parameters = random_parameters(network, seed=seed, scale=2.0)
    if "output/b" in parameters:
        parameters["output/b"] = parameters["output/b"] + numpy.eye(LABELS.size, dtype="float32")[END] * end_bias
    found = Searched(network, ALL_FEEDS if feeds is None else feeds, parameters)
    found.check_plain()
    found.check_alone()
    found.check_fission()
    if Engines.returnn:
        found.check_returnn()
    return found
