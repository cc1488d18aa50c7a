"""Puts functions of a sequence into all places of a program: alone, in steps, in inner steps, branches, searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recipe import nn

from ..agreement import nan_in_padding, ragged_frames
from ..inputs import CLASSES, FEATURES, FRAMES, LABELS, LENGTHS
from ..inputs import FEEDS as _FEEDS

OTHER_TIME = nn.Dim(None, "other_time")
OTHER_LENGTHS = (3, 5, 1)
OTHERS = nn.ExternData("others", [nn.batch_dim, OTHER_TIME, FEATURES])

SequenceFunction = Callable[[nn.Tensor], nn.Tensor]
"""Of a sequence of vectors [batch, some time, features]."""
Functions = Mapping[str, SequenceFunction]
Outputs = dict[str, nn.Tensor]


FEEDS: dict[str, Any] = {
    "data": nan_in_padding(FRAMES, _FEEDS["data"]),
    "others": nan_in_padding(OTHERS, ragged_frames(OTHER_LENGTHS, 5, seed=9)),
    "classes": _FEEDS["classes"],
}
SEQUENCES = [row[:length] for row, length in zip(_FEEDS["data"][0], LENGTHS)]
"""The frames of each sequence of the batch."""
LABEL_SEQUENCES = [row[:length] for row, length in zip(_FEEDS["classes"][0], LENGTHS)]
"""The labels of each sequence of the batch."""


def frames() -> nn.Tensor:
    """Random vectors [batch, time, features]."""
    return nn.get_extern_data(FRAMES)


def others() -> nn.Tensor:
    """Random vectors along another axis, [batch, other_time, features]."""
    return nn.get_extern_data(OTHERS)


def classes() -> nn.Tensor:
    """Random labels [batch, time]."""
    return nn.get_extern_data(CLASSES)


def as_frame(x: nn.Tensor) -> nn.Tensor:
    """A vector per sequence that depends on all of a value: [batch, features]."""
    x = x if x.dtype.startswith("float") else nn.cast(x, "float32")
    x = nn.clip(x, -9.0, 9.0)
    rest = [dim for dim in x.dims if not dim.is_batch and dim is not FEATURES]
    x = nn.reduce_sum(x, rest) if rest else x
    return nn.tanh(0.1 * (x if FEATURES in x.dims else nn.expand(x, [FEATURES])))


def values_of(functions: Functions, x: nn.Tensor) -> tuple[Outputs, nn.Tensor]:
    """The values of functions of a sequence, and a vector per sequence that depends on all of them."""
    values = {name: function(x) for name, function in functions.items()}
    return values, nn.tanh(sum((as_frame(value) for value in values.values()), nn.constant(0.0)))


def alone(functions: Functions) -> Any:
    """Of an input."""
    return lambda: values_of(functions, frames())[0]


def in_steps(functions: Functions) -> Any:
    """In each step, of a sequence that depends on the step before."""

    def model() -> Outputs:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            values, frame = values_of(functions, others() * nn.sigmoid(loop.state.h))
            loop.state.h = nn.tanh(loop.unstack(frames()) + frame)
            stacked = {name: loop.stack(value) for name, value in values.items()}
            return {**stacked, "steps": loop.stack(loop.state.h)}

    return model


def in_steps_without_state(functions: Functions) -> Any:
    """In each step, of a sequence that depends on the frame alone: all steps are computed at once."""

    def model() -> Outputs:
        with nn.Loop() as loop:
            values, _ = values_of(functions, others() * nn.sigmoid(loop.unstack(frames())))
            return {name: loop.stack(value) for name, value in values.items()}

    return model


def in_inner_steps(functions: Functions) -> Any:
    """In each step of an inner loop, of a sequence that depends on the step before."""

    def model() -> nn.Tensor:
        outer = nn.Loop()
        outer.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with outer:
            inner = nn.Loop()
            inner.state.g = outer.unstack(frames()) + outer.state.h
            with inner:
                _, frame = values_of(functions, others() * nn.sigmoid(inner.state.g))
                inner.state.g = nn.tanh(inner.unstack(others()) + inner.state.g + frame)
            outer.state.h = inner.state.g
            return outer.stack(outer.state.h)

    return model


def before_inner_loop(functions: Functions) -> Any:
    """In each step, of what an inner loop stacked; another inner loop goes over the result."""

    def model() -> nn.Tensor:
        outer = nn.Loop()
        outer.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with outer:
            inner = nn.Loop()
            inner.state.g = outer.unstack(frames()) + outer.state.h
            with inner:
                inner.state.g = nn.tanh(inner.unstack(others()) + inner.state.g)
                stacked = inner.stack(inner.state.g)
            outer.state.h = nn.tanh(inner.state.g + values_of(functions, stacked)[1])
            return outer.stack(outer.state.h)

    return model


def of_frames_so_far(functions: Functions) -> Any:
    """In each step, of the frames that came so far."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            _, loop.state.h = values_of(functions, nn.cum_concat(loop.unstack(frames()) + loop.state.h))
            return loop.stack(loop.state.h)

    return model


def of_frames_so_far_without_state(functions: Functions) -> Any:
    """The same, where all steps can be computed at once."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(values_of(functions, nn.cum_concat(nn.tanh(loop.unstack(frames()))))[1])

    return model


def in_a_branch(functions: Functions) -> Any:
    """In one branch, in each step."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            frame = loop.unstack(frames())
            with nn.Cond(nn.reduce_sum(frame) > 0.0) as cond:
                cond.true = values_of(functions, others() * nn.sigmoid(loop.state.h))[1]
            with cond.false_branch():
                cond.false = 0.5 * frame
            loop.state.h = nn.tanh(frame + cond.result)
            return loop.stack(loop.state.h)

    return model


def under_a_mask(functions: Functions) -> Any:
    """In some steps alone."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            frame = loop.unstack(frames())
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0.0):
                loop.state.h = nn.tanh(frame + values_of(functions, others() * nn.sigmoid(loop.state.h))[1])
            return loop.stack(loop.state.h)

    return model


class _Decoder(nn.Module):
    def __init__(self, functions: Functions, where: str):
        super().__init__()
        self.functions, self.where = functions, where
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> Outputs:
        loop = nn.Loop(max_seq_len=4)
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            h = nn.tanh(self.embedding(loop.state.label) + loop.state.h)
            seen = others() * nn.sigmoid(h)
            if self.where == "of the frames so far":
                h = h + values_of(self.functions, nn.cum_concat(h))[1]
            elif self.where == "in the steps":
                h = h + values_of(self.functions, seen)[1]
            loop.state.h = h + 0.1 * nn.reduce_max(seen, OTHER_TIME)
            loop.state.label = nn.choice(self.output(loop.state.h), search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0, include_eos=False)
            labels, states = loop.stack(loop.state.label), loop.stack(loop.state.h)
        return values_of(self.functions, states)[0] if self.where == "after it" else {"labels": labels}


def in_a_search(functions: Functions) -> Any:
    """In the steps of a search, of a sequence that depends on the hypothesis."""
    return _Decoder(functions, "in the steps")


def of_frames_so_far_in_a_search(functions: Functions) -> Any:
    """In the steps of a search, of the frames that came so far of each hypothesis."""
    return _Decoder(functions, "of the frames so far")


def after_a_search(functions: Functions) -> Any:
    """Of what a search found, of which each hypothesis has its own length, and some none at all."""
    return _Decoder(functions, "after it")


PLACES: dict[str, Callable[[Functions], Any]] = {
    place.__name__: place
    for place in (
        alone,
        in_steps,
        in_steps_without_state,
        in_inner_steps,
        before_inner_loop,
        of_frames_so_far,
        of_frames_so_far_without_state,
        in_a_branch,
        under_a_mask,
        in_a_search,
        of_frames_so_far_in_a_search,
        after_a_search,
    )
}
SEARCHES = ("in_a_search", "of_frames_so_far_in_a_search", "after_a_search")


def check_placed(place: str, functions: Functions, check: Callable[..., Any]) -> None:
    """
    Checks functions of a sequence in one place.

    :param place: one of PLACES
    :param check: :func:`tests.recipe.nn.agreement.check_agreement`
    """
    is_search = place in SEARCHES
    check(PLACES[place](functions), FEEDS, train=not is_search, gradients=not is_search)
