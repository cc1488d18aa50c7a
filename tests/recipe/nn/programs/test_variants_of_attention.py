"""Variants of attention: to the loop's own sequence, to histories, to what steps made."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .inputs import OTHER, TIME, grid_, v_, x_, z_
from .variants import Layers, check_variant, variants


class NearFramesCountMore(Layers):
    """Relative positions penalised by distance."""

    def forward(self) -> Any:
        x = x_()
        with nn.Loop() as loop:
            f = loop.unstack(x)
            d = nn.cast(nn.range_over(TIME, like=x) - loop.iter_idx, "float32")
            e = nn.dot(self.k(x), self.q(f)) - d * d
            return loop.stack(nn.dot(nn.softmax_over_spatial(e), self.v(x), reduce=TIME))


class GatedAttentions(Layers):
    """Both own and other, gated, norm, loss."""

    def forward(self) -> Any:
        x, z = x_(), z_()
        with nn.Loop() as loop:
            f = loop.unstack(x)
            g = nn.sigmoid(self.lin(f))
            y = self.norm(g * self.att(f, x) + (1.0 - g) * self.add(f, z))
            nn.reduce_mean(y * y).mark_as_loss("l")
            return loop.stack(y)


class FramesToCome(Layers):
    """Future only, last step has nothing left."""

    def forward(self) -> Any:
        x = x_()
        with nn.Loop() as loop:
            f = loop.unstack(x)
            e = nn.where(nn.range_over(TIME, like=x) >= loop.iter_idx, nn.dot(x, f), -1e9)
            w = nn.softmax_over_spatial(e)
            return {
                "c": loop.stack(nn.dot(w, x, reduce=TIME)),
                "m": loop.stack(nn.reduce_max(w, TIME)),
                "n": loop.last(nn.reduce_sum(nn.cast(e > 0.0, "int32"), TIME)),
            }


class Coverage(Layers):
    """Coverage state over the own axis."""

    def forward(self) -> Any:
        x = x_()
        loop = nn.Loop()
        loop.state.cov = nn.zeros([nn.batch_dim, TIME])
        with loop:
            f = loop.unstack(x)
            w = nn.softmax_over_spatial(nn.dot(x, f) - loop.state.cov)
            loop.state.cov = loop.state.cov + w
            return {"c": loop.stack(nn.dot(w, x, reduce=TIME))}


class PairsWithAllFrames(Layers):
    """Pairwise features: concat of each frame with the own one."""

    def forward(self) -> Any:
        x = x_()
        with nn.Loop() as loop:
            f = loop.unstack(x)
            y = nn.tanh(self.lin(x) + f)
            return loop.stack(nn.reduce_mean(y, TIME))


class RankByCumulativeSums(Layers):
    """Rank + reverse cumulative."""

    def forward(self) -> Any:
        x = x_()
        s = nn.reduce_sum(x)
        with nn.Loop() as loop:
            a = loop.unstack(s)
            c = nn.cum_sum(nn.cast(s > a, "float32"), axis=TIME)
            return {
                "r": loop.stack(nn.reduce_max(c, TIME)),
                "g": loop.stack(nn.gather(c, loop.iter_idx, axis=TIME)),
                "first": loop.stack(c[0]),
            }


class ConvolvedInEachStep(Layers):
    """Convolution of the whole sequence scaled by the step's frame, no state."""

    def forward(self) -> Any:
        x = x_()
        with nn.Loop() as loop:
            f = loop.unstack(x)
            y = self.conv(x * f)
            return loop.stack(nn.gather(y, loop.iter_idx))


class AttentionUntilALimit(Layers):
    """No more steps than two."""

    def forward(self) -> Any:
        x = x_()
        loop = nn.Loop(max_seq_len=2)
        with loop:
            f = loop.unstack(x)
            return loop.stack(self.att(f, x) - f)


class ConstantsOverStrides(Layers):
    """A strided convolution, and constants along its axis."""

    def forward(self) -> Any:
        e = self.sconv(x_())
        t = e.spatial_dim
        m = nn.ones([nn.batch_dim, t]) * 0.5
        loop = nn.Loop()
        loop.state.w = nn.zeros([nn.batch_dim, t])
        with loop:
            f = loop.unstack(z_())
            loop.state.w = nn.softmax_over_spatial(nn.dot(e, f) + loop.state.w * m)
            return loop.stack(nn.dot(loop.state.w, e, reduce=t))


class SelfAttentionOfAState(Layers):
    """Three levels, attention over own sequence of second level, trained."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            f = outer.unstack(x_())
            z = self.lin(z_() * outer.state.s)
            with nn.Loop() as inner:
                g = inner.unstack(z)
                c = inner.stack(self.att(g, z))
            outer.state.s = nn.tanh(f + nn.reduce_sum(c, c.spatial_dim))
            nn.reduce_sum(outer.state.s).mark_as_loss("l")
            return outer.stack(outer.state.s)


class AttentionUnderConditions(Layers):
    """Cond with attention to own sequence in a branch, mask around a cell."""

    def forward(self) -> Any:
        x = x_()
        loop = nn.Loop()
        loop.state.c = self.cell.initial_state()
        loop.state.s = v_()
        with loop:
            f = loop.unstack(x)
            with nn.MaskedComputation(mask=nn.reduce_sum(f) > 0.0):
                h, loop.state.c = self.cell(self.att(f, x), loop.state.c)
            with nn.Cond(loop.iter_idx % 2 == 0) as cond:
                loop.state.s = nn.tanh(loop.state.s + h)
            with cond.false_branch():
                loop.state.s = self.lin(loop.state.s)
            nn.reduce_sum(loop.state.s).mark_as_loss("l")
            return {"h": loop.stack(h), "s": loop.stack(loop.state.s)}


class TwoHistories(Layers):
    """History attention with a state in the query; history of the state."""

    def forward(self) -> Any:
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            f = loop.unstack(x_())
            h = nn.cum_concat(f)
            hs = nn.cum_concat(loop.state.s)
            loop.state.s = nn.tanh(self.att(loop.state.s, h) + self.add(f, hs))
            nn.reduce_sum(loop.state.s).mark_as_loss("l")
            return loop.stack(loop.state.s)


class JumpsThroughFrames(Layers):
    """Loop with end over given axis, positions, stacked then pooled then looped."""

    def forward(self) -> Any:
        x = x_()
        loop = nn.Loop(axis=TIME)
        loop.state.p = nn.constant(0, [nn.batch_dim])
        with loop:
            f = x[loop.state.p]
            loop.state.p = loop.state.p + nn.cast(nn.reduce_sum(f) > 0.0, "int32") + 1
            loop.end(loop.state.p >= x.seq_len, include_eos=True)
            st = loop.stack(f)
        with nn.Loop() as again:
            y = again.stack(self.att(again.unstack(nn.pool(st, 2)), st))
        nn.reduce_sum(y).mark_as_loss("l")
        return y


class LoopAsLongAsAnother(Layers):
    """Two loops in step, second ends by first's length."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            f = outer.unstack(x_())
            a = nn.Loop(max_seq_len=5)
            a.state.t = outer.state.s
            with a:
                a.state.t = nn.tanh(a.state.t * 1.3 + f)
                a.end(nn.reduce_sum(a.state.t) > 0.0, include_eos=True)
                ra = a.stack(a.state.t)
            b = nn.Loop()
            b.state.t = f
            with b:
                b.state.t = nn.tanh(b.state.t + b.unstack(z_()))
                b.end(b.iter_idx + 1 >= ra.seq_len, include_eos=True)
                rb = b.stack(b.state.t)
            outer.state.s = nn.tanh(self.att(f, ra) + self.att(f, rb))
            nn.reduce_sum(outer.state.s).mark_as_loss("l")
            return outer.stack(outer.state.s)


class RowsAndColumns(Layers):
    """Cross attention on grid: attention over OTHER of own row, own column."""

    def forward(self) -> Any:
        g = grid_()
        with nn.Loop() as loop:
            row = loop.unstack(g, axis=TIME)
            e = nn.dot(row, v_())
            w = nn.softmax_over_spatial(e, axis=OTHER)
            c = nn.dot(w, row, reduce=OTHER)
            col = nn.dot(g, c)
            return {"c": loop.stack(c), "m": loop.stack(nn.reduce_sum(col, [TIME, OTHER]))}


class AttentionToItself(Layers):
    """Iteration inside: power iteration of attention matrix on own sequence."""

    def forward(self) -> Any:
        x = x_()
        loop = nn.Loop(max_seq_len=3)
        loop.state.p = nn.softmax_over_spatial(nn.dot(x, v_()))
        with loop:
            c = nn.dot(loop.state.p, x, reduce=TIME)
            loop.state.p = nn.softmax_over_spatial(nn.dot(x, c))
            loop.end(loop.iter_idx >= 2)
            cs = loop.stack(c)
        return {"p": loop.state.p, "cs": cs}


@variants(
    [
        NearFramesCountMore,
        GatedAttentions,
        FramesToCome,
        Coverage,
        PairsWithAllFrames,
        RankByCumulativeSums,
        ConvolvedInEachStep,
        AttentionUntilALimit,
        ConstantsOverStrides,
        SelfAttentionOfAState,
        AttentionUnderConditions,
        TwoHistories,
        JumpsThroughFrames,
        LoopAsLongAsAnother,
        RowsAndColumns,
        AttentionToItself,
    ]
)
def test_variants_of_attention(model: Any, engine: str) -> None:
    check_variant(model, engine)
