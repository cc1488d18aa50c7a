"""What came so far in each step becomes the whole sequence under a mask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipe import nn

from ...inputs import FEATURES, FEEDS, frames, other_frames, vector
from .splitting import names, split, steps
from .test_what_stays import feeds_of_lengths


def attention(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    weights = nn.softmax_over_spatial(nn.dot(x, nn.cum_concat(x)), energy_factor=0.7)
    return nn.dot(weights, nn.cum_concat(nn.tanh(x)), reduce=weights.spatial_dim)


def attention_with_dropout(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    weights = nn.dropout(nn.softmax_over_spatial(nn.dot(x, nn.cum_concat(x))), 0.1)
    return nn.dot(weights, nn.cum_concat(x), reduce=weights.spatial_dim)


def log_weights(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(x)
    weights = nn.log_softmax(nn.dot(x, history), history.spatial_dim)
    return nn.dot(weights, history, reduce=weights.spatial_dim)


def negative_factor(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(x)
    weights = nn.softmax_over_spatial(nn.dot(x, history), energy_factor=-0.5)
    return nn.dot(weights, history, reduce=weights.spatial_dim)


def query_that_is_the_same_in_each_step(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    weights = nn.softmax_over_spatial(nn.dot(vector(), nn.cum_concat(x)))
    return nn.dot(weights, nn.cum_concat(x), reduce=weights.spatial_dim)


def two_histories(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    keys, values = nn.cum_concat(x), nn.cum_concat(nn.sigmoid(x))
    return nn.reduce_sum(keys * values, keys.spatial_dim)


def linear_attention(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    """A matrix of keys and values, summed over all frames so far."""
    key_dim = nn.Dim(5, "key")
    keys = nn.cum_concat(nn.replace_dim(nn.sigmoid(x), axis=FEATURES, out_dim=key_dim))
    memory = nn.dot(keys, nn.cum_concat(x), reduce=keys.spatial_dim)
    return nn.dot(memory, nn.replace_dim(x, axis=FEATURES, out_dim=key_dim), reduce=key_dim)


def sums_of_sums(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(x)
    return nn.reduce_max(nn.cum_sum(history), history.spatial_dim)


def newest(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    return nn.gather(nn.cum_concat(x), loop.iter_idx) + nn.gather(nn.cum_concat(x), 1)


def newest_but_one(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(x)
    return nn.gather(history, nn.length(history.spatial_dim, like=history) - 2)


def decaying(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    """Each frame by its distance to the step."""
    history = nn.cum_concat(x)
    age = nn.cast(loop.iter_idx - nn.range_over(history.spatial_dim, like=history), "float32")
    return nn.dot(nn.exp(age * -0.5), history, reduce=history.spatial_dim)


def number_of_frames(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(x)
    return x * nn.cast(nn.length(history.spatial_dim, like=history), "float32")


def mean_of_all_places(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(x)
    return x * nn.reduce_mean(history, [history.spatial_dim, FEATURES])


def labels(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
    history = nn.cum_concat(nn.argmax(x))
    return x * nn.cast(nn.reduce_max(nn.cast(history, "int32"), history.spatial_dim), "float32")


def reduced(mode: str) -> Callable[[nn.Tensor, nn.Loop], nn.Tensor]:
    def step(x: nn.Tensor, loop: nn.Loop) -> nn.Tensor:
        history = nn.cum_concat(x)
        return getattr(nn, f"reduce_{mode}")(history, history.spatial_dim)

    step.__name__ = f"reduce_{mode}"
    return step


STEPS = [
    attention,
    attention_with_dropout,
    log_weights,
    query_that_is_the_same_in_each_step,
    two_histories,
    linear_attention,
    sums_of_sums,
    newest,
    newest_but_one,
    decaying,
    number_of_frames,
    mean_of_all_places,
    labels,
    *(reduced(mode) for mode in ("sum", "mean", "max", "min")),
]


def in_a_loop(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor]) -> Callable[[], dict[str, nn.Tensor]]:
    """The step on each frame, given out for all steps and for the last."""

    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            y = step(loop.unstack(frames()), loop)
            return {"steps": loop.stack(y), "last": loop.last(y)}

    return model


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_no_loop_is_left(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor]) -> None:
    assert not split(in_a_loop(step)).loops


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("lengths", [(2, 0, 3), (0, 0)])
def test_sequences_without_steps(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor], lengths: tuple[int, ...]) -> None:
    split(in_a_loop(step), feeds_of_lengths(*lengths))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_of_what_a_state_leads_to(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor]) -> None:
    """After the loop, on the stacked values of the state."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.unstack(frames()) - loop.state.s)
            y = step(loop.state.s, loop)
            return {"steps": loop.stack(y), "last": loop.last(y)}

    assert "cum_concat" not in steps(split(model))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_that_leads_to_a_state(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor]) -> None:
    """Before the loop."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(step(loop.unstack(frames()), loop) - loop.state.s)
            return {"steps": loop.stack(loop.state.s)}

    assert "cum_concat" not in steps(split(model))


@pytest.mark.parametrize("step", [*STEPS, negative_factor], ids=lambda step: step.__name__)
def test_fed_back(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor]) -> None:
    """Then it has to stay."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(step(loop.unstack(frames()) - loop.state.s, loop))
            return {"steps": loop.stack(loop.state.s)}

    assert "cum_concat" in steps(split(model))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("include_eos", [False, True])
def test_in_a_loop_that_ends_itself(step: Callable[[nn.Tensor, nn.Loop], nn.Tensor], include_eos: bool) -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            before = step(loop.unstack(frames()), loop)
            loop.state.s = nn.tanh(before - loop.state.s)
            loop.end(nn.reduce_sum(loop.state.s) > 0.5, include_eos=include_eos)
            y = step(loop.state.s + before, loop)
            return {"steps": loop.stack(y), "last": loop.last(y)}

    split(model)


def test_keys_before_and_values_in_the_loop() -> None:
    """What has the frames so far is in the loop all together, or not at all."""

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            x = loop.unstack(other_frames())
            weights = nn.softmax_over_spatial(nn.dot(x, nn.cum_concat(x)))
            loop.state.s = nn.dot(weights, nn.cum_concat(x - loop.state.s), reduce=weights.spatial_dim)
            return loop.stack(loop.state.s)

    after = split(model)
    assert steps(after).count("cum_concat") == 2


def test_loop_over_a_history() -> None:
    """A loop inside stays, and the frames that it runs over with it."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            history = nn.cum_concat(nn.tanh(loop.unstack(frames())))
            inner = nn.Loop()
            inner.state.s = vector()
            with inner:
                inner.state.s = nn.tanh(inner.unstack(history) - inner.state.s)
            return loop.stack(nn.sigmoid(inner.state.s))

    after = split(model)
    assert "cum_concat" in steps(after) and "sigmoid" in names(after) and "tanh" in names(after)


def test_softmax_with_a_negative_factor_stays() -> None:
    """A mask of minus infinity would become infinity."""
    assert "softmax" in steps(split(in_a_loop(negative_factor), FEEDS))
