"""The line that is blamed for a mistake in what the user's program calls, and how dims are called in advice."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from recipe import nn
from recipe.models import label_decoder

from .. import inputs
from ..inputs import FEATURES as FRAME_DIM
from ..inputs import LABELS, classes, frames
from . import library_of_loops
from .library_of_loops import running_sum
from .wrong_programs import line_of_mistake, message_of, warnings_of


class Decoder(label_decoder.LabelDecoder):
    """Its step gives a state of other dims than its initial state; the loop is in the models of this project."""

    def __init__(self) -> None:
        super().__init__(LABELS, 0)
        self.embedding, self.output = nn.Embedding(LABELS, FRAME_DIM), nn.Linear(FRAME_DIM, LABELS)

    def initial_state(self, encoder: Any) -> label_decoder.DecoderState:
        return {"s": nn.zeros([nn.batch_dim])}

    def step(
        self, label: nn.Tensor, state: label_decoder.DecoderState, encoder: Any
    ) -> tuple[nn.Tensor, label_decoder.DecoderState]:
        y = self.embedding(label)
        return self.output(y), {"s": y}


class WithDecoder(nn.Module):
    """Calls it."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = Decoder()

    def forward(self) -> nn.Tensor:
        return self.decoder(frames(), classes()).logits  # MISTAKE


def test_library_of_this_project() -> None:
    """The program's own line is blamed, that of the library is shown second; dims are called as in the program."""
    message = message_of(WithDecoder())
    file, line = line_of_mistake(WithDecoder)
    assert message.startswith(f"{file}:{line}: state 's' has the dims [batch]")
    lines = message.splitlines()
    assert lines[1].endswith("# MISTAKE")
    assert lines[2].startswith(f"  in {inspect.getsourcefile(label_decoder)}:") and "loop.state" in lines[3]
    assert "nn.zeros([nn.batch_dim, FRAME_DIM])" in lines[0]


def test_library_that_is_the_model() -> None:
    """Then its line is blamed, and the one that makes the network is shown second."""
    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(Decoder(), encoder=None, max_seq_len=3, search=nn.BeamSearch(2))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{inspect.getsourcefile(label_decoder)}:") and "loop.state" in lines[1]
    assert lines[2].startswith(f"  called in {__file__}:") and "nn.Network(Decoder()" in lines[3]


def test_own_file() -> None:
    """Its line is blamed, and that of the program which called it is shown second."""

    def model() -> nn.Tensor:
        return running_sum() * 2.0  # MISTAKE

    message = message_of(model)
    code, first = inspect.getsourcelines(running_sum)
    number = first + next(n for n, text in enumerate(code) if "line of the mistake" in text)
    lines = message.splitlines()
    assert message.startswith(f"{library_of_loops.__file__}:{number}: ")
    assert lines[1].endswith("# line of the mistake")
    assert lines[2] == f"  called in {__file__}:{line_of_mistake(model)[1]}:" and lines[3].endswith("# MISTAKE")


def test_warning_about_a_library() -> None:
    """It is told at the program's own line."""
    beside = inspect.getsourcefile(label_decoder)
    assert beside is not None
    code = "def loss(nn, logits, labels):\n    return nn.cross_entropy(nn.softmax(logits), labels)\n"
    library: dict[str, Any] = {}
    exec(compile(code, beside.replace("label_decoder.py", "made_up.py"), "exec"), library)

    def model() -> nn.Tensor:
        return library["loss"](nn, nn.Linear(FRAME_DIM, LABELS)(frames()), classes())  # MISTAKE

    (told,) = warnings_of(model)
    assert (told.filename, told.lineno) == line_of_mistake(model)
    assert "probabilities" in str(told.message) and str(told.message).endswith("made_up.py:2)")


class WithDims(nn.Module):
    """Holds a dim."""

    def __init__(self) -> None:
        super().__init__()
        self.dim = nn.Dim(4, "own")
        self.linear = nn.Linear(self.dim)

    def forward(self) -> nn.Tensor:
        return in_a_loop(lambda loop: self.linear(loop.unstack(frames())))


def in_a_loop(value: Callable[[nn.Loop], Any], initial: Callable[[], nn.Tensor] | None = None) -> nn.Tensor:
    """A state that gets a value."""
    loop = nn.Loop()
    loop.state.s = initial() if initial is not None else nn.zeros([nn.batch_dim])
    with loop:
        loop.unstack(frames())
        loop.state.s = value(loop)
    return loop.state.s


def test_dims_of_a_module_and_of_an_imported_file() -> None:
    class Direct(WithDims):
        def forward(self) -> nn.Tensor:
            loop = nn.Loop()
            loop.state.s = nn.zeros([nn.batch_dim])
            with loop:
                loop.state.s = self.linear(loop.unstack(frames()))
            return loop.state.s

    assert "nn.zeros([nn.batch_dim, self.dim])" in message_of(Direct())
    message = message_of(lambda: in_a_loop(lambda loop: 3, lambda: nn.constant(0, [inputs.TIME], sparse_dim=LABELS)))
    assert "Write nn.constant(3, [inputs.TIME], sparse_dim=LABELS)" in message


def test_dims_of_a_tensor() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim])
        encoder = nn.Linear(9)(frames())
        with loop:
            frame = loop.unstack(encoder)
            loop.state.s = frame
        return loop.state.s

    assert "nn.zeros([nn.batch_dim, encoder.feature_dim])" in message_of(model)


def test_dims_without_a_name() -> None:
    """Then the advice is no code, as that could not run."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim])
        with loop:
            loop.state.s = loop.unstack(nn.Linear(9)(frames()))
        return loop.state.s

    message = message_of(model)
    assert "those of the new one, [batch, 9]" in message and "nn.zeros" not in message.splitlines()[0]


def test_dims_that_are_missing() -> None:
    def model() -> nn.Tensor:
        hidden = nn.Dim(3, "hidden")
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim, FRAME_DIM, hidden])
        with loop:
            loop.state.s = loop.unstack(frames())
        return loop.state.s

    assert "nn.expand(value, [hidden])" in message_of(model)
