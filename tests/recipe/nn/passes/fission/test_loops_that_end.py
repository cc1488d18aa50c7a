"""Loops with an end condition or a limit, loops inside of loops, and loops in which labels are chosen."""

from __future__ import annotations

import pytest

from recipe import nn

from ...inputs import FEATURES, LABELS, frames, other_frames, vector
from .splitting import names, split, steps
from .test_what_stays import feeds_of_lengths


class Ended(nn.Module):
    """
    A recurrent loop over frames with an end.

    :param by: what ends it: the "state", the "frame", the "step", a "limit" or a limit that is a "tensor"
    """

    def __init__(self, by: str, include_eos: bool = False):
        super().__init__()
        self.by, self.include_eos = by, include_eos
        self.input, self.recurrent = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)
        self.output, self.cell = nn.Linear(FEATURES, 3), nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        limit: int | nn.Tensor | None = 2 if self.by == "limit" else None
        if self.by == "tensor":
            limit = nn.reduce_max(frames().seq_len, nn.batch_dim) - 1
        loop = nn.Loop(max_seq_len=limit)
        loop.state.h, loop.state.before, loop.state.frame = (vector() for _ in range(3))
        loop.state.cell = self.cell.initial_state()
        with loop:
            frame = loop.unstack(frames())
            x = nn.tanh(self.input(frame))
            loop.state.h = nn.tanh(x + self.recurrent(loop.state.h))
            y = self.output(loop.state.h)
            late, loop.state.cell = self.cell(loop.state.h, loop.state.cell)
            values = {"core": loop.state.h, "late": y, "early": x, "frame": frame, "fixed": vector(), "cell": late}
            values |= {"before": loop.state.before, "joined": late + x + loop.state.frame}
            loop.state.before, loop.state.frame = late, frame
            if self.by == "state":
                loop.end(nn.reduce_sum(loop.state.h) > 0.3, include_eos=self.include_eos)
            elif self.by == "frame":
                loop.end(nn.reduce_sum(frame) > 0.3, include_eos=self.include_eos)
            elif self.by == "step":
                loop.end(loop.iter_idx >= 1, include_eos=self.include_eos)
            outputs = {f"all_{name}": loop.stack(value) for name, value in values.items()}
            outputs |= {f"last_{name}": loop.last(value) for name, value in values.items()}
        states = {"h": loop.state.h, "before": loop.state.before, "frame": loop.state.frame}
        return {**outputs, **states, "cell_h": loop.state.cell.h}


@pytest.mark.parametrize("by", ["state", "frame", "step", "limit", "tensor"])
@pytest.mark.parametrize("include_eos", [False, True])
def test_end(by: str, include_eos: bool) -> None:
    """The input layer is before the loop, the readout and an LSTM after it."""
    after = split(Ended(by, include_eos))
    layers = [op.module_path() for op in after.all_ops() if op.body.loop is not None and op.name in ("linear", "lstm")]
    assert layers == ["recurrent"]
    assert "lstm" in names(after)


@pytest.mark.parametrize("by", ["state", "frame", "step", "limit"])
@pytest.mark.parametrize("lengths", [(2, 0, 3), (0, 0), (1,)])
def test_sequences_without_steps(by: str, lengths: tuple[int, ...]) -> None:
    split(Ended(by), feeds_of_lengths(*lengths))


@pytest.mark.parametrize("steps", [0, 3])
def test_last_values_that_are_the_same_for_all_sequences(steps: int) -> None:
    """They have no batch dim, as the loop ends at once for all."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.state.s * 2.0)
            loop.end(loop.iter_idx >= steps)
            number = loop.iter_idx * 2
            results = {"all": loop.stack(number), "last": loop.last(number), "odd": loop.last(number > 1)}
            return {
                **results,
                "label": loop.last(nn.cast(number, "int32", sparse_dim=LABELS)),
                "s": loop.stack(loop.state.s),
            }

    after = split(model)
    assert [tensor.dims for name, tensor in after.outputs if name in ("last", "odd", "label")] == [()] * 3


def test_number_of_steps_is_not_known() -> None:
    """Nothing can be computed for all steps before the loop, but after it."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent, self.output = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, 3)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop(max_seq_len=4)
            loop.state.h = vector()
            with loop:
                number = nn.cast(loop.iter_idx, "float32")
                loop.state.h = nn.tanh(self.recurrent(loop.state.h) * number)
                loop.end(nn.reduce_sum(loop.state.h) > 0.3)
                return loop.stack(self.output(loop.state.h * nn.sqrt(number)))

    after = split(Model())
    assert steps(after).count("linear") == 1 and "cast" in steps(after) and "sqrt" in names(after)


def test_labels_are_only_made_in_steps_that_are_run() -> None:
    """The number of a step after the end may be no label, and TensorFlow refuses to look up its vector."""
    few = nn.Dim(2, "few")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(few, FEATURES)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop(max_seq_len=2)
            loop.state.h = vector()
            with loop:
                number = self.embedding(nn.cast(loop.iter_idx, "int32", sparse_dim=few))
                loop.state.h = nn.tanh(loop.unstack(frames()) * loop.state.h + number)
                return loop.stack(loop.state.h)

    assert "linear" in steps(split(Model()))


# loops inside of loops


def test_inner_loop_with_its_own_input_layer() -> None:
    """What leaves the inner loop leaves the outer one as well, where it depends on nothing there."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.input, self.output = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            memory = nn.replace_dim(other_frames())
            with nn.Loop() as outer:
                x = outer.unstack(frames())
                inner = nn.Loop()
                inner.state.s = x
                with inner:
                    inner.state.s = nn.tanh(self.input(inner.unstack(memory)) * inner.state.s)
                    steps_of_inner = inner.stack(self.output(inner.state.s))
                return outer.stack(nn.reduce_max(steps_of_inner, steps_of_inner.spatial_dim) + inner.state.s)

    after = split(Model())
    assert "linear" not in steps(after) and len(after.loops) == 2


def test_inner_loop_that_depends_on_no_step() -> None:
    def model() -> nn.Tensor:
        memory = nn.replace_dim(other_frames())
        with nn.Loop() as outer:
            inner = nn.Loop()
            inner.state.s = vector()
            with inner:
                inner.state.s = nn.tanh(inner.unstack(memory) * inner.state.s)
            return outer.stack(outer.unstack(frames()) * inner.state.s)

    (loop,) = split(model).loops
    assert loop.body.loop is None


def test_dropout_in_an_inner_loop_is_another_one_in_each_step() -> None:
    """So that loop depends on the step, although it reads nothing of it."""

    def model() -> nn.Tensor:
        memory = nn.replace_dim(other_frames())
        with nn.Loop() as outer:
            inner = nn.Loop()
            inner.state.s = vector()
            with inner:
                inner.state.s = nn.dropout(nn.tanh(inner.unstack(memory) * inner.state.s), 0.1)
            return outer.stack(outer.unstack(frames()) * inner.state.s)

    assert [loop.body.loop is None for loop in split(model).loops] == [True, False]


def test_inner_loop_of_other_length_in_each_step() -> None:
    """Its steps have no common axis, so what reduces them is in the loop; what is made of that is not."""

    def model() -> nn.Tensor:
        with nn.Loop() as outer:
            x = outer.unstack(frames())
            inner = nn.Loop(max_seq_len=3)
            inner.state.s = x
            with inner:
                inner.state.s = nn.tanh(inner.state.s + 0.3)
                inner.end(nn.reduce_sum(inner.state.s) > 1.5, include_eos=True)
                values = inner.stack(inner.state.s * 0.5)
            return outer.stack(nn.sigmoid(nn.reduce_sum(nn.relu(values), values.spatial_dim)))

    after = split(model)
    assert "relu" in steps(after) and "sigmoid" in names(after)


def test_both_loops_over_one_axis_with_states() -> None:
    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = vector()
        with outer:
            x = outer.unstack(other_frames())
            inner = nn.Loop()
            inner.state.t = outer.state.s
            with inner:
                inner.state.t = nn.tanh(inner.unstack(frames()) - inner.state.t)
                all_steps = inner.stack(nn.sigmoid(inner.state.t))
            outer.state.s = nn.tanh(inner.state.t + x)
            y = nn.reduce_sum(all_steps, all_steps.spatial_dim)
            return {"y": outer.stack(y), "s": outer.stack(outer.state.s)}

    split(model)


def test_loop_over_features_of_a_frame() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as outer:
            x = outer.unstack(frames())
            inner = nn.Loop()
            inner.state.s = nn.zeros([nn.batch_dim])
            with inner:
                inner.state.s = nn.tanh(inner.unstack(x, axis=FEATURES) - inner.state.s)
            return outer.stack(inner.state.s)

    split(model)


# loops in which labels are chosen


class Search(nn.Module):
    """
    A search along frames, or until the label 0 is found.

    :param over_frames: whether it runs over frames
    """

    def __init__(self, over_frames: bool):
        super().__init__()
        self.over_frames = over_frames
        self.embedding, self.input = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, FEATURES)
        self.readout, self.after = nn.Linear(FEATURES, LABELS), nn.Linear(FEATURES, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=None if self.over_frames else 4)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        loop.state.fixed = vector()
        with loop:
            x = loop.unstack(frames()) if self.over_frames else vector()
            y = nn.tanh(self.input(x) + self.embedding(loop.state.label) + loop.state.fixed)
            loop.state.fixed = nn.ones([nn.batch_dim, FEATURES])
            loop.state.label = nn.choice(self.readout(y), search=nn.BeamSearch(3, length_normalization=0.0))
            if not self.over_frames:
                loop.end(loop.state.label == 0)
            outputs = {"labels": loop.stack(loop.state.label), "after": loop.stack(self.after(y))}
            outputs |= {"x": loop.stack(x), "number": loop.stack(loop.iter_idx), "last": loop.last(self.after(y))}
        return {**outputs, "fixed": loop.state.fixed}


@pytest.mark.parametrize("over_frames", [False, True])
def test_search(over_frames: bool) -> None:
    """Frames are computed before it, and after it what nothing is chosen by."""
    after = split(Search(over_frames))
    modules = {op.module_path() for op in after.all_ops() if op.body.loop is not None and op.name == "linear"}
    assert modules == {"embedding", "readout"}


@pytest.mark.parametrize("over_frames", [False, True])
def test_search_without_steps(over_frames: bool) -> None:
    split(Search(over_frames), feeds_of_lengths(2, 0, 1))


def test_loop_over_what_was_found_is_left_as_it_is() -> None:
    """How many times its steps are computed, once for each hypothesis or not, is not known from the record."""

    class Model(Search):
        def forward(self) -> dict[str, nn.Tensor]:
            outputs = super().forward()
            with nn.Loop() as loop:
                outputs["again"] = loop.stack(nn.tanh(self.embedding(loop.unstack(outputs["labels"])) * vector()))
            return outputs

    assert [loop.source.text.strip() for loop in split(Model(False)).loops][1] == "with nn.Loop() as loop:"
