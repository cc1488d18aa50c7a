"""Attention with several heads, of a sequence to itself or to another one, in a loop or of all frames at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..language.module import Module
from ..ops.array import replace_dim
from ..ops.as_tensor import as_tensor
from ..ops.dot import dot
from ..ops.dropout import dropout
from ..ops.elementwise import combine, maximum, minimum, where
from ..ops.history import cum_concat
from ..ops.indexing import gather
from ..ops.lengths import range_over
from ..ops.reshape import merge_dims, split_dims
from ..ops.rotary_encoding import rotary_encoding
from ..ops.softmax import softmax_over_spatial
from ..ops.windows import fold
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..record.graph import Tensor
from ..record.parameter import Parameter
from ..record.recording import current_recording
from .attended import Attended, Projected, axis_of_keys, checked_mask, number_of_step, positions_of_query
from .attention_bounds import Bounds, both
from .attention_windows import in_windows
from .linear import Linear

_UNSEEN = -1e20
"""The energy of frames that are not seen: less than any other, and more than that of padding."""


class MultiHeadAttention(Module):
    """
    Attention with several heads (Vaswani et al. 2017), for each head ``h`` of ``d = dim / num_heads`` features::

        q_t = (W_q query_t + b_q)_h,    k_s = (W_k keys_s + b_k)_h,    v_s = (W_v values_s + b_v)_h
        e_ts = q_t . k_s / sqrt(d)  where t sees s,    c_t = sum_s softmax(e_t)_s v_s
        y_t = W_o (c_t of all heads, joined) + b_o

    The same in a loop, frame by frame, and of all frames at once::

        y = attention(x, causal=True)     # self attention: x is [batch, time, dim]; in a loop [batch, dim], of its step
        y = attention(query, keys)        # keys [batch, frames, keys_dim], the query with or without an axis of its own

    With ``relative=n``, how far keys are from the query has a part (Shaw et al. 2018, without vectors for values), the
    distance cut to ``n`` frames: ``e_ts = q_t . (k_s + r_(s - t)) / sqrt(d)``. With ``rotary=True``, queries and keys
    are turned by their positions (Su et al. 2021, see :func:`nn.rotary_encoding`).

    Parameters: ``W`` [in, out] and ``b`` [out] of ``query``, ``key``, ``value`` and ``output``, and ``relative``
    [2 * n + 1, d], which all heads share. PyTorch's ``in_proj_weight`` is those of the first three, transposed, one
    behind the other, its ``out_proj`` is ``output``.

    :param dim: features of the query and of the result, of all heads together
    :param num_heads: how many heads
    :param keys_dim: features of the keys, PyTorch's ``kdim``; default: ``dim``
    :param values_dim: features of the values, PyTorch's ``vdim``; default: those of the keys
    :param with_bias: whether there are biases
    :param dropout: of the weights, in training
    :param relative: up to how many frames distances count; default: they do not
    :param rotary: whether queries and keys are turned by their positions
    :raises NetworkError: if the heads cannot have equally many features, or an odd number with ``rotary``
    """

    def __init__(
        self,
        dim: DimLike,
        num_heads: int,
        *,
        keys_dim: DimLike | None = None,
        values_dim: DimLike | None = None,
        with_bias: bool = True,
        dropout: Any = 0.0,
        relative: int | None = None,
        rotary: bool = False,
    ):
        super().__init__()
        self.dim = as_dim(dim)
        if not is_size(num_heads) or (self.dim.known_size or num_heads) % num_heads:
            raise NetworkError(
                f"MultiHeadAttention({self.dim}, {num_heads!r}): {self.dim} cannot be parted into as many"
            )
        self.heads, self.head = Dim(num_heads, "heads"), (self.dim // num_heads).with_name("head")
        if rotary and (self.head.known_size or 0) % 2:
            raise NetworkError(f"rotary positions turn pairs of features, but each head has {self.head.size} of them")
        keys_dim = keys_dim if keys_dim is not None else self.dim
        self.query = Linear(self.dim, self.dim, with_bias=with_bias)
        self.key = Linear(keys_dim, self.dim, with_bias=with_bias)
        self.value = Linear(values_dim if values_dim is not None else keys_dim, self.dim, with_bias=with_bias)
        self.output = Linear(self.dim, self.dim, with_bias=with_bias)
        self.dropout, self.rotary = dropout, rotary
        self.greatest_distance = relative
        self.relative: Parameter | None = None
        if relative is not None:
            if not is_size(relative):
                raise NetworkError(f"relative={relative!r}: up to how many frames distances are told apart, from 1 on")
            self.relative = Parameter([Dim(2 * relative + 1, "distance"), self.head])

    def forward(
        self,
        query: Tensor,
        keys: Tensor | None = None,
        values: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        left: int | None = None,
        right: int | None = None,
        chunk: int | None = None,
        axis: DimLike | str | None = None,
        query_axis: DimLike | str | None = None,
    ) -> Tensor:
        """
        A frame is seen if all that is said allows it. Where a query sees none, the mean is 0.

        Of a whole sequence to itself with numbers for both ``left`` and ``right``, time and memory grow with its
        length, not with its square: blocks of queries see windows of keys.

        :param query: [batch, dim] or [batch, query_axis, dim]
        :param keys: [batch, axis, keys_dim]; default: the query itself, in a step of a loop that of all steps so far
        :param values: [batch, axis, values_dim]; default: the keys
        :param mask: bool, True where a key is seen, with some of the dims of the batch, the query and the keys
        :param causal: whether only frames up to the query's position are seen; the same as ``right=0``
        :param left: how many frames before the query's position are seen; default: all. 0 is its own frame
        :param right: how many frames after it
        :param chunk: positions count in chunks of so many frames, and ``left`` and ``right`` (default 0) are chunks:
            ``chunk=16, left=1`` sees the frames of the query's chunk and of the one before
        :param axis: of the keys; default: their only axis with lengths (that the query has not, if there are several)
        :param query_axis: the positions of the query; default: its only axis with lengths, or the step of the loop
        :return: the dims of the query
        :raises NetworkError: if it is not clear what attends to what
        """
        query = as_tensor(query)
        frames = query if keys is None else as_tensor(keys)
        bounds = Bounds.of(causal, left, right, chunk)
        x = Projected(
            self._heads(self.query, query),
            self._heads(self.key, frames),
            self._heads(self.value, frames if values is None else as_tensor(values)),
        )
        if keys is None and axis is None and not any(dim.is_dynamic for dim in query.dims):
            attended = self._in_steps(query, x, bounds)
        else:
            attended = self._of_frames(query, frames, x, bounds, axis, query_axis, mask)
        seen = None if attended.positions is None else attended.bounds.seen(*attended.positions)
        seen = both(seen, attended.inside)
        if mask is not None:
            seen = both(checked_mask(as_tensor(mask), attended), seen)
        context = self._context(attended, seen, sees_itself=attended.is_of_itself and mask is None)
        if attended.blocks is not None and attended.shared is not None:
            blocks, block = attended.blocks
            context = fold(context, block, axis=blocks, like=range_over(attended.shared, like=query))
        return self.output(merge_dims(context, [self.heads, self.head], out_dim=self.dim))

    if TYPE_CHECKING:
        __call__ = forward

    def _heads(self, linear: Linear, x: Tensor) -> Tensor:
        """The features of each head."""
        return split_dims(linear(x), [self.heads, self.head], axis=self.dim)

    def _in_steps(self, query: Tensor, x: Projected, bounds: Bounds) -> Attended:
        """Of a step of a loop to those of all steps so far."""
        loop = current_recording().body.loop
        if loop is None:
            raise NetworkError(
                f"MultiHeadAttention(x) attends to x itself, a sequence or a value of a loop's steps, but {query} is "
                "neither. To attend to something else, write attention(query, keys)"
            )
        if bounds.right != 0 or bounds.chunk != 1:
            raise NetworkError(
                f"{query} is a value of a loop's steps, of which it can only see those so far. Write "
                "attention(x, causal=True); left=n sees n steps before it and no more"
            )
        bounds = bounds._replace(right=None)
        step = number_of_step() if self._needs_positions(bounds) else None
        if self.rotary and step is not None:
            x = x._replace(query=self._turned(x.query, step), keys=self._turned(x.keys, step))
        x = x._replace(keys=cum_concat(x.keys), values=cum_concat(x.values))
        history = x.keys.spatial_dim
        positions = None if step is None else (step, range_over(history, like=x.keys))
        return Attended(x, history, None, bounds, positions, is_of_itself=True)

    def _of_frames(
        self,
        query: Tensor,
        keys: Tensor,
        x: Projected,
        bounds: Bounds,
        axis: DimLike | str | None,
        query_axis: DimLike | str | None,
        mask: Tensor | None,
    ) -> Attended:
        """Of frames, or one, to all frames of a sequence, which gets an axis of its own; or to those around."""
        dim = axis_of_keys(query, keys, axis)
        is_of_itself = dim in query.dims and query_axis is None
        position = of_keys = None
        if self._needs_positions(bounds):
            position = range_over(dim, like=query) if is_of_itself else positions_of_query(query, keys, query_axis)
            of_keys = range_over(dim, like=keys)
            if self.rotary:
                x = x._replace(query=self._turned(x.query, position), keys=self._turned(x.keys, of_keys))
        if is_of_itself and mask is None and dim.is_dynamic and bounds.are_narrow:
            return in_windows(x, dim, bounds, keys)
        shared = dim if dim in query.dims else None
        if shared is not None:
            own = dim.with_name(f"{dim.name}_of_keys")
            x = x._replace(
                keys=replace_dim(x.keys, axis=dim, out_dim=own), values=replace_dim(x.values, axis=dim, out_dim=own)
            )
            dim, of_keys = own, None if of_keys is None else range_over(own, like=x.keys)
        positions = None if position is None or of_keys is None else (position, of_keys)
        return Attended(x, dim, shared, bounds, positions, is_of_itself)

    def _needs_positions(self, bounds: Bounds) -> bool:
        return self.rotary or self.relative is not None or not bounds.are_none

    def _turned(self, x: Tensor, position: Tensor) -> Tensor:
        return rotary_encoding(x, position, axis=self.head)

    def _context(self, attended: Attended, seen: Tensor | None, *, sees_itself: bool) -> Tensor:
        """
        The mean of the values.

        :param seen: where keys are seen
        :param sees_itself: whether each query sees a key, its own
        """
        x = attended.projected
        energy = dot(x.query, x.keys, reduce=self.head)
        if self.relative is not None:
            assert attended.positions is not None
            energy = energy + self._of_distances(x.query, *attended.positions)
        if seen is not None:
            energy = where(seen, energy, _UNSEEN)
        weights = softmax_over_spatial(energy, attended.axis, energy_factor=self.head.size**-0.5)
        if seen is not None and not sees_itself:
            weights = where(seen, weights, 0.0)
        return dot(dropout(weights, self.dropout), x.values, reduce=attended.axis)

    def _of_distances(self, query: Tensor, position: Tensor, of_keys: Tensor) -> Tensor:
        """What the distances add to the energies."""
        assert self.relative is not None and self.greatest_distance is not None
        greatest = self.greatest_distance
        distance = combine("sub", of_keys, position, allow_broadcast_all_sources=True)
        entry = maximum(minimum(distance, greatest), -greatest) + greatest
        return gather(dot(query, self.relative, reduce=self.head), entry, axis=self.relative.dims[0])
