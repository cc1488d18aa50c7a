"""What RETURNN by itself does otherwise than the language says: it stays inside of the lowering."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, ragged_frames, random_parameters
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, TIME, frames, vector
from ..random_programs import End, Program, check_program

pytestmark = pytest.mark.xdist_group("returnn-1")

LIMITS = nn.ExternData("limits", [nn.batch_dim], dtype="int32")
END_LABEL = 0


def lengths_of(result: Any) -> list[int]:
    """The lengths of the steps."""
    (lengths,) = result.lengths.values()
    return list(lengths)


@pytest.mark.parametrize("over_frames", [True, False])
@pytest.mark.parametrize("include_eos", [True, False])
def test_body_is_not_run_once_too_often_when_end_stands_on_top(over_frames: bool, include_eos: bool) -> None:
    """The whole body belongs to the step of the end, wherever the end stands in it."""

    def model(on_top: bool) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=None if over_frames else 9)
        loop.state.total = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            if on_top:
                loop.end(loop.iter_idx + 1 >= nn.get_extern_data(LIMITS), include_eos=include_eos)
            loop.state.total = loop.state.total + (loop.unstack(frames()) if over_frames else vector())
            if not on_top:
                loop.end(loop.iter_idx + 1 >= nn.get_extern_data(LIMITS), include_eos=include_eos)
            totals = loop.stack(loop.state.total)
        return {"totals": totals, "total": loop.state.total}

    limits = numpy.array([2, 1, 3], "int32")
    feeds = {**FEEDS, "limits": limits}
    outputs = check_agreement(lambda: model(True), feeds).in_numpy.outputs
    assert lengths_of(outputs["totals"]) == list(limits if include_eos else limits - 1)
    below = nn.run_numpy(nn.Network(lambda: model(False)), feeds).outputs
    numpy.testing.assert_array_equal(outputs["total"].value, below["total"].value)


class Writer(nn.Module):
    """Chooses labels over the frames of its input, until one of them is the end label."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.readout = nn.Linear(FEATURES, LABELS)

    def forward(self, search: nn.BeamSearch, ends: bool = True, include_eos: bool = True) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        loop.state.memory = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            frame = loop.unstack(frames())
            loop.state.memory = nn.tanh(loop.state.memory + frame + self.embedding(loop.state.label))
            loop.state.label = nn.choice(self.readout(loop.state.memory), search=search)
            if ends:
                loop.end(loop.state.label == END_LABEL, include_eos=include_eos)
            labels = loop.stack(loop.state.label)
        return {"labels": labels, "memory": loop.state.memory}


@pytest.mark.parametrize("include_eos", [True, False])
def test_search_does_not_ignore_the_end_over_a_known_axis(include_eos: bool) -> None:
    network = nn.Network(Writer(), search=nn.BeamSearch(3), include_eos=include_eos)
    parameters = random_parameters(network, seed=3, scale=2.0)
    parameters["readout/b"][END_LABEL] += 1.5
    run = check_agreement(network, FEEDS, parameters=parameters)
    limits = numpy.repeat(LENGTHS, 3)
    lengths = lengths_of(run.in_numpy.outputs["labels"])
    assert (lengths <= limits).all() and (lengths < limits).any(), "a label ended some hypotheses"
    ends = [END_LABEL in row for row in run.in_numpy.outputs["labels"].sequences()]
    assert any(ends) == include_eos


def test_hypotheses_are_not_scored_by_padded_frames() -> None:
    """The scores of a sequence are the same alone and beside a longer one."""
    network = nn.Network(Writer(), search=nn.BeamSearch(4), ends=False)
    parameters = random_parameters(network, seed=5)
    together = check_agreement(network, FEEDS, parameters=parameters)
    value, lengths = FEEDS["data"]
    for row in range(len(LENGTHS)):
        alone = {"data": (value[row : row + 1, : lengths[row]], lengths[row : row + 1])}
        scores = nn.run_numpy(network, alone, parameters).beam_scores
        assert scores is not None
        numpy.testing.assert_allclose(together.in_returnn.beam_scores[row], scores[0], rtol=1e-4)


def test_masks_do_not_count_padded_frames() -> None:
    """A mask over frames of unequal lengths, kept values, and attention to frames: the padding has no part in them."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.DotAttention(FEATURES, FEATURES, FEATURES)

        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            loop.state.total = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                frame = loop.unstack(frames())
                with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0.0):
                    loop.state.total = loop.state.total + frame
                    seen = self.attention(loop.state.total, frames())
                steps = loop.stack(seen)
            (steps * steps).mark_as_loss("squares")
            return {"steps": steps, "total": loop.state.total}

    network = nn.Network(Model())
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters, train=True, gradients=True)
    for seed in (11, 12):
        value, lengths = ragged_frames(LENGTHS, 5, seed=1)
        value[numpy.arange(value.shape[1])[None] >= lengths[:, None]] = seed
        other = check_agreement(network, {"data": (value, lengths)}, parameters=parameters, train=True)
        assert other.in_returnn.losses == pytest.approx(run.in_returnn.losses)


@pytest.mark.parametrize("over", ["time", "second", "positions", "nothing"])
def test_dims_of_equal_sizes_are_not_mixed_up(over: str) -> None:
    """Batch, times, positions, labels and all features are 3; the matrices are square."""
    body = (("square", 0), ("history", 1), ("attend", 2), ("label", 3), ("embed",), ("cell", 0, 4), ("window", 5))
    program = Program(((3, 3, 3), (3, 3, 3)), 3, body, over, End("steps", 2), initial=("input", "encoded", "number"))
    assert check_program(program)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_states_of_inner_modules_and_branches_in_a_search(beam_size: int) -> None:
    """States that modules within modules hold, and states assigned under conditions, follow their hypotheses."""

    class Memory(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LstmCell(FEATURES, FEATURES)
            self.kept = nn.State([nn.batch_dim, FEATURES], initial=0.5)
            self.carried = nn.State(initial=None)

        def start(self) -> None:
            self.carried.assign(self.cell.initial_state())

        def forward(self, x: nn.Tensor, counts: nn.Tensor) -> nn.Tensor:
            with nn.MaskedComputation(mask=counts):
                h, new = self.cell(x, self.carried.get())
                self.carried.assign(new)
            with nn.Cond(nn.reduce_sum(h) > 0.0):
                self.kept.assign(nn.tanh(self.kept.get() + h))
            return self.kept.get()

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(LABELS, FEATURES)
            self.memories = nn.ModuleList([Memory(), Memory()])
            self.readout = nn.Linear(FEATURES, LABELS)

        def forward(self, search: nn.BeamSearch) -> dict[str, nn.Tensor]:
            for memory in self.memories:
                memory.start()
            loop = nn.Loop(max_seq_len=5)
            loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
            with loop:
                x = self.embedding(loop.state.label) + vector()
                for memory in self.memories:
                    x = memory(x, loop.state.label != 2)
                loop.state.label = nn.choice(self.readout(x), search=search)
                loop.end(loop.state.label == END_LABEL, include_eos=True)
                labels = loop.stack(loop.state.label)
            return {"labels": labels, "kept": self.memories[1].kept.get(), "h": self.memories[0].carried.get().h}

    network = nn.Network(Decoder(), search=nn.BeamSearch(beam_size))
    assert "memories/1/cell/W_re" in network.parameters
    run = check_agreement(network, FEEDS, parameters=random_parameters(network, seed=2, scale=3.0))
    assert max(lengths_of(run.in_numpy.outputs["labels"])) > 1


def test_time_is_an_axis_by_its_dim_alone() -> None:
    """What RETURNN calls T is no matter: the state before a step is read by what leaves the loop, whatever made it."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.window = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            frame = loop.unstack(frames())
            steps = loop.stack(nn.concat(loop.state.window, frame))
            loop.state.window = nn.where(nn.reduce_sum(frame) > 0.0, nn.zeros([nn.batch_dim, FEATURES]), vector())
        assert TIME in steps.dims
        return {"steps": steps}

    check_agreement(model, FEEDS)


def test_states_of_many_axes_in_a_search_over_frames_of_an_lstm() -> None:
    """RETURNN has frames of an LSTM in time-major layout, but selects those of hypotheses in batch-major layout."""
    hidden = nn.Dim(3, "hidden")

    class Searcher(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.keys = nn.Lstm(FEATURES, hidden), nn.Linear(hidden, LABELS)
            self.embedding = nn.Embedding(LABELS, LABELS)

        def forward(self) -> nn.Tensor:
            keys = self.keys(self.encoder(frames())[0])
            loop = nn.Loop(max_seq_len=4)
            loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
            loop.state.seen = nn.zeros([nn.batch_dim, TIME, LABELS])
            loop.state.most = nn.expand(nn.zeros([nn.batch_dim]), [LABELS])
            with loop:
                before = self.embedding(loop.state.label)
                loop.state.seen = keys + nn.tanh(loop.state.seen) * before
                most = nn.reduce_max(nn.reduce_sum(loop.state.seen, TIME), LABELS)
                scores = nn.reduce_sum(loop.state.seen, TIME) - loop.state.most
                loop.state.most = nn.where(nn.range_over(LABELS, like=scores) == 1, nn.expand(most, [LABELS]), before)
                loop.state.label = nn.choice(scores)
                loop.end(loop.state.label == 1, include_eos=False)
                return loop.stack(loop.state.label)

    network = nn.Network(Searcher(), search=nn.BeamSearch(3, length_normalization=0.0))
    check_agreement(network, FEEDS, train=False, gradients=False)
