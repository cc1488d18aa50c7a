"""Variants of layers, positions and axes of fixed size in the steps of loops."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .inputs import FEATURES, LABELS, TIME, grid_, v_, w_, x_, y_, z_
from .variants import Layers, check_variant, variants

WIN = nn.Dim(2, "win")
HALF = nn.Dim(2, "half")
THREE = nn.Dim(3, "three")


class PairsOfLabels(Layers):
    """Embeddings of two sequences of labels."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            letter = outer.unstack(y_())
            e = self.emb(letter)
            with nn.Loop() as inner:
                outer.state.s = nn.tanh(outer.state.s + self.emb2(inner.unstack(w_())) * e)
            nn.cross_entropy(self.out(outer.state.s), letter).mark_as_loss("ce")
            return outer.stack(outer.state.s)


class LabelsOfTheModelItself(Layers):
    """Embedding of predicted label in inner loop."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            f = outer.unstack(x_())
            with nn.Loop() as inner:
                lab = nn.argmax(self.out(outer.state.s + inner.unstack(z_())))
                outer.state.s = nn.tanh(self.emb(lab) + f)
            nn.reduce_sum(outer.state.s).mark_as_loss("l")
            return outer.stack(outer.state.s)


def numbers_over_derived_axis() -> Any:
    e = nn.postfix_in_time(nn.pool(x_(), 2), 0.0)
    n = nn.cast(nn.range_over(e.spatial_dim, like=e), "float32")
    return e * nn.expand(n, [nn.batch_dim])


def state_over_derived_axis() -> Any:
    e = nn.pool(nn.pool(x_(), 2), 2)
    loop = nn.Loop()
    loop.state.a = nn.zeros([nn.batch_dim, e.spatial_dim, FEATURES])
    with loop:
        loop.state.a = loop.state.a * 0.5 + loop.unstack(z_())
    return loop.state.a + e


def window_by_positions() -> Any:
    with nn.Loop() as loop:
        loop.unstack(x_())
        w = nn.gather(x_(), loop.iter_idx - 1 + nn.range_over(THREE, like=nn.zeros([THREE])))
        return loop.stack(nn.reduce_mean(w, THREE))


def shifted_positions() -> Any:
    x = x_()
    t = nn.range_over(TIME, like=x)
    return {"next": nn.gather(x, t + 1), "half": nn.gather(x, t // 2), "other": nn.gather(z_(), t * 2)}


class HalvesOfAFrame(Layers):
    """A frame cut into two halves, gone over one after the other."""

    def forward(self) -> Any:
        with nn.Loop() as loop:
            f = loop.unstack(x_())
            parts = nn.split_dims(self.lin(f), [WIN, HALF])
            inner = nn.Loop()
            inner.state.s = nn.zeros([nn.batch_dim, HALF])
            with inner:
                inner.state.s = nn.tanh(inner.state.s + inner.unstack(parts, axis=WIN))
                y = inner.stack(inner.state.s)
            nn.reduce_sum(inner.state.s, HALF).mark_as_loss("l")
            return loop.stack(nn.merge_dims(y, [WIN, HALF], out_dim=FEATURES))


def features_until_a_sum() -> Any:
    with nn.Loop() as loop:
        f = loop.unstack(x_())
        inner = nn.Loop()
        inner.state.p = nn.zeros([nn.batch_dim])
        with inner:
            inner.state.p = inner.state.p * 0.5 + inner.unstack(f, axis=FEATURES)
            inner.end(inner.state.p > 1.5, include_eos=True)
        return loop.stack(inner.state.p)


class SumsOfProbabilities(Layers):
    """Probabilities added up label by label."""

    def forward(self) -> Any:
        with nn.Loop() as loop:
            sc = nn.softmax(self.out(loop.unstack(x_())))
            inner = nn.Loop()
            inner.state.c = nn.zeros([nn.batch_dim])
            with inner:
                inner.state.c = inner.state.c + inner.unstack(sc, axis=LABELS)
                cdf = inner.stack(inner.state.c)
            return loop.stack(cdf)


class NormedConvolutionAndLstm(Layers):
    """A layer norm of a convolution, and an LSTM from a state, in each step."""

    def forward(self) -> Any:
        loop = nn.Loop()
        loop.state.h = v_()
        with loop:
            y = self.norm(self.conv(z_() * loop.state.h))
            o, st = self.lstm(y, nn.LstmState(loop.state.h, v_()))
            loop.state.h = nn.tanh(st.h + loop.unstack(x_()))
            nn.reduce_sum(o, [o.spatial_dim, FEATURES]).mark_as_loss("l")
            return loop.stack(nn.reduce_max(o, o.spatial_dim))


class LstmOverRowsOfAGrid(Layers):
    """An LSTM over each row."""

    def forward(self) -> Any:
        with nn.Loop() as loop:
            row = loop.unstack(grid_(), axis=TIME)
            o, st = self.lstm(row)
            return {"h": loop.stack(st.h), "o": loop.stack(o), "p": loop.stack(st.c)}


class DepthwiseInSteps(Layers):
    """A convolution of a state in each step."""

    def __init__(self) -> None:
        super().__init__()
        self.dw = nn.DepthwiseConv1d(FEATURES, 3)

    def forward(self) -> Any:
        loop = nn.Loop()
        loop.state.x = z_()
        with loop:
            loop.state.x = nn.tanh(self.dw(loop.state.x) + loop.unstack(x_()))
        return loop.state.x


def all_products() -> Any:
    with nn.Loop() as outer:
        f = outer.unstack(x_())
        with nn.Loop() as inner:
            y = inner.stack(inner.unstack(z_()) * f)
        return outer.stack(y)


def mean_over_the_batch() -> Any:
    n = nn.cast(nn.length(nn.batch_dim, like=x_()), "float32")
    loop = nn.Loop()
    loop.state.s = v_()
    with loop:
        loop.state.s = loop.state.s + loop.unstack(x_()) / n
    return loop.state.s


def centered() -> Any:
    v = v_()
    return v - nn.reduce_sum(v, nn.batch_dim) / nn.cast(nn.length(nn.batch_dim, like=v), "float32")


class LossOverFeatures(Layers):
    """Loss in an inner loop over features."""

    def forward(self) -> Any:
        with nn.Loop() as outer:
            f = self.lin(outer.unstack(x_()))
            with nn.Loop() as inner:
                a = inner.unstack(f, axis=FEATURES)
                (a * a).mark_as_loss("sq")
                s = inner.stack(a)
            return outer.stack(s)


class MeansOfSegments(Layers):
    """Segment means: cumulative sums and gathers."""

    def forward(self) -> Any:
        x = x_()
        c = nn.cum_sum(x, axis=TIME)
        with nn.Loop() as loop:
            i = loop.iter_idx
            loop.unstack(x)
            lo = nn.maximum(i - 2, nn.constant(0))
            return loop.stack((nn.gather(c, i) - nn.gather(c, lo)) * 0.5)


class LayersByAnAxis(Layers):
    """Lstm on history, depth-wise recurrent over layers by static dim axis loop."""

    def forward(self) -> Any:
        loop = nn.Loop(axis=THREE)
        loop.state.x = x_()
        with loop:
            loop.state.x = self.norm(nn.tanh(self.lin(loop.state.x)) + loop.state.x * nn.cast(loop.iter_idx, "float32"))
        nn.reduce_sum(loop.state.x).mark_as_loss("l")
        return loop.state.x


class LstmOfProducts(Layers):
    """Combine broadcast: outer difference with own sequence in a step then LSTM over it."""

    def forward(self) -> Any:
        x = x_()
        with nn.Loop() as loop:
            f = loop.unstack(z_())
            o, st = self.lstm(nn.tanh(self.lin(x) * f))
            return loop.stack(st.h)


class StridesOverHistory(Layers):
    """Conv of history then max; strided."""

    def forward(self) -> Any:
        with nn.Loop() as loop:
            h = nn.cum_concat(loop.unstack(x_()))
            y = self.sconv(h)
            return loop.stack(nn.reduce_max(y, y.spatial_dim))


class SoftmaxOverFeatures(Layers):
    """Softmax over features in loop over features, with iter_idx mask."""

    def forward(self) -> Any:
        with nn.Loop() as loop:
            f = loop.unstack(x_())
            with nn.Loop() as inner:
                a = inner.unstack(f, axis=FEATURES)
                w = nn.softmax(f * a)
                y = inner.stack(nn.dot(w, f))
            return loop.stack(y)


@variants(
    [
        PairsOfLabels,
        LabelsOfTheModelItself,
        numbers_over_derived_axis,
        state_over_derived_axis,
        window_by_positions,
        shifted_positions,
        HalvesOfAFrame,
        features_until_a_sum,
        SumsOfProbabilities,
        NormedConvolutionAndLstm,
        LstmOverRowsOfAGrid,
        DepthwiseInSteps,
        all_products,
        mean_over_the_batch,
        centered,
        LossOverFeatures,
        MeansOfSegments,
        LayersByAnAxis,
        LstmOfProducts,
        StridesOverHistory,
        SoftmaxOverFeatures,
    ]
)
def test_variants_of_layers(model: Any, engine: str) -> None:
    check_variant(model, engine)
