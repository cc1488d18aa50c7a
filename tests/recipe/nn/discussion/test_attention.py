"""The discussion's self-attention in a loop: ``cum_concat``, ``dot``, ``softmax_over_spatial``."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn import Linear, Loop, cum_concat, dot, softmax_over_spatial, split

from ..inputs import FEEDS, LENGTHS, frames
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-1")


@pytest.mark.parametrize("sizes", ["numbers", "dims"])
def test_self_attention(sizes: str) -> None:
    """Queries of one step, keys and values of all steps so far; dims in place of texts such as ``stag:history``."""
    K, V = (4, 3) if sizes == "numbers" else (nn.Dim(4, "K"), nn.Dim(3, "V"))

    def model() -> nn.Tensor:
        x = frames()
        with Loop() as loop:
            qkv = Linear(2 * K + V)(loop.unstack(x))
            q, k, v = split(qkv, size_splits=[K, K, V])
            k_accum = cum_concat(k)
            v_accum = cum_concat(v)
            energy = dot(q, k_accum)
            att_weights = softmax_over_spatial(energy)
            att = dot(v_accum, att_weights, reduce="T")
            return loop.stack(att)

    run = check_trained(model)
    p, value = run.in_returnn.parameters, run.in_numpy.outputs["output"].value
    for row, length in enumerate(LENGTHS):
        q, k, v = numpy.split(FEEDS["data"][0][row, :length] @ p["linear/W"] + p["linear/b"], [4, 8], axis=-1)
        energy = numpy.where(numpy.tri(length, dtype=bool), q @ k.T, -numpy.inf)
        weights = numpy.exp(energy) / numpy.exp(energy).sum(axis=-1, keepdims=True)
        numpy.testing.assert_allclose(value[row, :length], weights @ v, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("projected", [True, False])
def test_history_of_a_loop_with_an_end(projected: bool) -> None:
    """What came so far, attended to by what is written next; no input is iterated over."""

    def model() -> nn.Tensor:
        key = Linear(4)
        combine, start = Linear(4), nn.reduce_mean(frames(), "T")
        query, first = Linear(4), Linear(4)
        loop = Loop(max_seq_len=5)
        loop.state.y = nn.tanh(first(start))
        with loop:
            history = cum_concat(key(loop.state.y) if projected else loop.state.y)
            weights = softmax_over_spatial(dot(query(start), history))
            context = dot(history, weights, reduce="T")
            loop.state.y = nn.tanh(combine([context, loop.state.y]))
            loop.end(loop.iter_idx + 2 >= frames().seq_len, include_eos=True)
            return loop.stack(loop.state.y)

    run = check_trained(model)
    (lengths,) = run.in_numpy.outputs["output"].lengths.values()
    assert list(lengths) == [3, 1, 2]
