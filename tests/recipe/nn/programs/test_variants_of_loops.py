"""Variants of loops: without steps, without batch, over histories, states over other axes, loops in loops."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .inputs import FEATURES, OTHER, TIME, grid_, label, v_, x_, z_
from .variants import Layers, check_variant, variants


class ChainOfEmptyLoops(Layers):
    """Each goes over what the one before stacked: nothing."""

    def forward(self) -> Any:
        x = x_()
        a = nn.Loop()
        with a:
            f = a.unstack(x)
            a.end(nn.reduce_sum(f * f) > 0.0)
            s = a.stack(f)
        b = nn.Loop()
        b.state.n = v_()
        with b:
            b.state.n = nn.tanh(b.state.n + b.unstack(self.lin(s)))
        y = self.att(z_(), s) + b.state.n
        nn.reduce_sum(y).mark_as_loss("l")
        return y


class LimitOfOneStepLess(Layers):
    """Decoder steps limited by a tensor that is zero."""

    def forward(self) -> Any:
        lim = nn.reduce_max(x_().seq_len, nn.batch_dim) - 1
        loop = nn.Loop(max_seq_len=lim)
        loop.state.s = v_()
        with loop:
            loop.state.s = nn.tanh(self.lin(loop.state.s))
            loop.end(loop.iter_idx > 100)
            st = loop.stack(loop.state.s)
        return {"st": st, "s": loop.state.s, "conv": self.conv(st), "n": st.seq_len}


def fibonacci() -> Any:
    loop = nn.Loop()
    loop.state.a, loop.state.b = nn.constant(1), nn.constant(1)
    with loop:
        loop.state.a, loop.state.b = loop.state.b, loop.state.a + loop.state.b
        loop.end(loop.state.b > 30)
    return x_() * nn.cast(loop.state.a, "float32")


def newton() -> Any:
    """Sqrt of a number, no batch; its steps as a sequence."""
    loop = nn.Loop(max_seq_len=6)
    loop.state.r = nn.constant(3.0)
    with loop:
        loop.state.r = 0.5 * (loop.state.r + 2.0 / loop.state.r)
        loop.end(abs(loop.state.r * loop.state.r - 2.0) < 0.001)
        rs = loop.stack(loop.state.r)
    return {"x": x_() / loop.state.r, "rs": nn.reduce_sum(rs, rs.spatial_dim) * v_()}


def counts_in_steps() -> Any:
    with nn.Loop() as outer:
        f = outer.unstack(x_())
        inner = nn.Loop()
        inner.state.i = nn.constant(0)
        with inner:
            inner.state.i = inner.state.i + 2
            inner.end(inner.state.i >= outer.iter_idx + 3)
        return outer.stack(f * nn.cast(inner.state.i, "float32"))


def sequence_until_its_end() -> Any:
    loop = nn.Loop()
    loop.state.x = x_()
    with loop:
        loop.state.x = nn.where(
            nn.range_over(TIME, like=loop.state.x) >= loop.iter_idx, nn.tanh(loop.state.x * 1.5), loop.state.x
        )
        loop.end(loop.iter_idx + 1 >= x_().seq_len, include_eos=True)
    return loop.state.x


def grid_in_rounds() -> Any:
    loop = nn.Loop(max_seq_len=3)
    loop.state.g = grid_()
    with loop:
        loop.state.g = loop.state.g * 0.5 + nn.reduce_mean(loop.state.g, OTHER)
        loop.end(loop.iter_idx >= 1)
    return {"g": loop.state.g, "m": nn.reduce_sum(loop.state.g, TIME)}


class CellOverHistory(Layers):
    """Inner loop over history with cell."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            f = outer.unstack(x_())
            h = nn.cum_concat(nn.tanh(f + outer.state.s))
            inner = nn.Loop()
            inner.state.c = self.cell.initial_state()
            with inner:
                _, inner.state.c = self.cell(inner.unstack(h), inner.state.c)
            outer.state.s = inner.state.c.h
            nn.reduce_sum(outer.state.s).mark_as_loss("l")
            return outer.stack(outer.state.s)


class BackwardsOverHistory(Layers):
    """From the newest frame to the oldest."""

    def forward(self) -> Any:
        with nn.Loop() as outer:
            h = nn.cum_concat(outer.unstack(x_()))
            with nn.Loop() as inner:
                inner.state.m = nn.maximum(inner.state.m * 0.9, inner.unstack(nn.reverse(h)))
            return outer.stack(inner.state.m)


class ProductsWithHistory(Layers):
    """What the inner loop stacks is reduced."""

    def forward(self) -> Any:
        with nn.Loop() as outer:
            f = outer.unstack(x_())
            h = nn.cum_concat(self.lin(f))
            with nn.Loop() as inner:
                s = inner.stack(nn.dot(inner.unstack(h), f))
            return outer.stack(nn.reduce_max(s, s.spatial_dim))


def grid_row_by_row() -> Any:
    outer = nn.Loop()
    outer.state.g = nn.zeros([nn.batch_dim, OTHER, FEATURES])
    with outer:
        row = outer.unstack(grid_(), axis=TIME)
        with nn.Loop() as inner:
            inner.state.l = nn.tanh(inner.state.l * 0.5 + inner.unstack(row))
            ys = inner.stack(inner.state.l)
        outer.state.g = outer.state.g * 0.5 + ys
        return outer.stack(outer.state.g)


class LabelsOfInnerLoops(Layers):
    """Labels as states in inner loops, ends by label, no search."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.l = label(1)
        with outer:
            f = outer.unstack(x_())
            inner = nn.Loop(max_seq_len=4)
            inner.state.l = outer.state.l
            with inner:
                inner.state.l = nn.argmax(
                    self.out(f + self.emb(inner.state.l) * nn.cast(inner.iter_idx + 1, "float32"))
                )
                inner.end(inner.state.l == 0, include_eos=False)
                ls = inner.stack(inner.state.l)
            outer.state.l = inner.state.l
            n = nn.reduce_sum(nn.cast(ls == 2, "int32"), ls.spatial_dim)
            return {"n": outer.stack(n), "l": outer.stack(outer.state.l)}


class StateOfTwoKinds(Layers):
    """The state is a dict of sequence and vector; inner loop over the sequence in it."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.m = {"seq": z_(), "v": v_()}
        with outer:
            f = outer.unstack(x_())
            seq = outer.state.m["seq"]
            v = outer.state.m["v"]
            inner = nn.Loop()
            inner.state.t = v
            with inner:
                inner.state.t = nn.tanh(inner.state.t + inner.unstack(seq))
                new = inner.stack(inner.state.t + f)
            outer.state.m = {"seq": nn.tanh(new), "v": inner.state.t}
        return {"seq": outer.state.m["seq"], "v": outer.state.m["v"]}


class CountWithoutBatch(Layers):
    """Inner loop over batchless count, writes a table."""

    def forward(self) -> Any:
        with nn.Loop() as loop:
            f = loop.unstack(x_())
            inner = nn.Loop()
            inner.state.k = nn.constant(0)
            inner.state.s = f
            with inner:
                inner.state.k = inner.state.k + 1
                inner.state.s = inner.state.s * 0.5 + nn.gather(x_(), inner.state.k)
                inner.end(inner.state.k > loop.iter_idx)
            return loop.stack(inner.state.s)


class BackwardsUntilAnEnd(Layers):
    """Backward loop over reversed with end, reversed again."""

    def forward(self) -> Any:
        x = nn.reverse(x_())
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            loop.state.s = nn.tanh(self.lin(loop.state.s) + loop.unstack(x))
            loop.end(loop.iter_idx >= 1, include_eos=True)
            st = loop.stack(loop.state.s)
        y = nn.reverse(st)
        nn.reduce_sum(y).mark_as_loss("l")
        return {"y": y, "first": y[0]}


class ColumnByColumn(Layers):
    """Over OTHER of a grid, inner over TIME of column, state crosses."""

    def forward(self) -> Any:
        outer = nn.Loop()
        outer.state.s = v_()
        with outer:
            col = outer.unstack(grid_(), axis=OTHER)
            with nn.Loop() as inner:
                outer.state.s = nn.tanh(self.lin(outer.state.s) + inner.unstack(col))
                st = inner.stack(outer.state.s)
            nn.reduce_sum(st).mark_as_loss("l")
            return {"s": outer.stack(outer.state.s), "all": outer.stack(st)}


@variants(
    [
        ChainOfEmptyLoops,
        LimitOfOneStepLess,
        fibonacci,
        newton,
        counts_in_steps,
        sequence_until_its_end,
        grid_in_rounds,
        CellOverHistory,
        BackwardsOverHistory,
        ProductsWithHistory,
        grid_row_by_row,
        LabelsOfInnerLoops,
        StateOfTwoKinds,
        CountWithoutBatch,
        BackwardsUntilAnEnd,
        ColumnByColumn,
    ]
)
def test_variants_of_loops(model: Any, engine: str) -> None:
    check_variant(model, engine)
