"""What a loop runs over, and what says how many steps it makes."""

from __future__ import annotations

from typing import Any

from ..plain.delayed import Delayed
from ..plain.dim import Dim, batch_dim
from .graph import Body, Op, Tensor


class OverAxis(Op):
    """
    An op that makes steps along an axis: as many as there are frames, up to a limit, until a condition holds.

    :param axis: what it runs over; None until it is known
    :param max_seq_len: the most steps, as a number
    :param max_seq_len_tensor: the most steps, as a scalar tensor
    """

    def __init__(self, axis: Dim | None, *, max_seq_len: int | Delayed | None, max_seq_len_tensor: Tensor | None):
        self.axis = axis
        self.axis_is_given = axis is not None
        self._own_axis: Dim | None = None
        self._history_dim: Dim | None = None
        self._length_source: Tensor | None = None
        self.max_seq_len = max_seq_len
        self.end: Tensor | None = None
        """The condition that ends it."""
        self.unstacked: list[Any] = []
        """The ops that read the frame of a step, each a :class:`recipe.nn.record.loops.UnstackOp`."""
        super().__init__(*([max_seq_len_tensor] if max_seq_len_tensor is not None else []), outputs=0)

    @property
    def history_dim(self) -> Dim:
        """The axis over the steps so far, which all results of ``nn.cum_concat`` in it have."""
        if self._history_dim is None:
            self._history_dim = Dim(None, "history")
        return self._history_dim

    @property
    def known_history_dim(self) -> Dim | None:
        """The same; None if there is no ``nn.cum_concat`` in it."""
        return self._history_dim

    @property
    def input_axis(self) -> Dim:
        """The axis of what is unstacked."""
        assert self.axis is not None
        return self.axis

    def get_axis(self) -> Dim:
        """The axis over the steps: that of the input; a new one if there is none, or if an end condition cuts it."""
        if self.axis is not None and not self.has_own_axis:
            return self.axis
        return self._make_own_axis()

    @property
    def length_source(self) -> Tensor | None:
        """A tensor from outside of the loop that has its axis, and so the lengths; None if the axis is a new one."""
        if self.unstacked:
            return self.unstacked[0].inputs[0]
        if self._length_source is None and self.axis_is_given:
            self._length_source = self._find_length_source()
        return self._length_source

    def set_length_source(self, tensor: Tensor) -> None:
        """Says of which tensor it has the lengths, if nothing is unstacked; for loops that a pass makes."""
        self._length_source = tensor

    def _find_length_source(self) -> Tensor | None:
        body: Body | None = self.body
        while body is not None:
            for op in body.ops:
                for tensor in op.outputs:
                    if self.axis in (tensor.known_dims or ()) and getattr(op, "result_of", None) is not self:
                        return tensor
            body = body.parent
        return None

    @property
    def axis_is_known(self) -> bool:
        """Whether the lengths along the axis are known before the loop runs."""
        return self.length_source is not None

    @property
    def has_limit(self) -> bool:
        """Whether max_seq_len was given."""
        return self.max_seq_len is not None or bool(self.inputs)

    @property
    def has_own_axis(self) -> bool:
        """
        Whether the steps have another axis than the input: because a condition may end the loop before, or a loop
        around runs over the same one.
        """
        return self.axis_is_known and (self.end is not None or self.has_limit or self.is_axis_of_loop_around)

    @property
    def runs_to_the_end(self) -> bool:
        """Whether it makes a step for each frame of its input: no condition and no limit ends it before."""
        return self.axis_is_known and self.end is None and not self.has_limit

    @property
    def counts_steps(self) -> bool:
        """Whether RETURNN's loop has an axis of its own: it has none of fixed size, and no end over known lengths."""
        return self.has_own_axis or self.has_fixed_length

    @property
    def has_fixed_length(self) -> bool:
        """Whether it runs over an axis of fixed size to its end."""
        return self.axis is not None and self.axis.is_static and not self.has_own_axis

    @property
    def rec_axis(self) -> Dim:
        """The axis of RETURNN's ``rec`` layer."""
        return self._make_own_axis() if self.counts_steps else self.get_axis()

    def _make_own_axis(self) -> Dim:
        if self._own_axis is None:
            self._own_axis = Dim(None, "steps")
        return self._own_axis

    @property
    def is_axis_of_loop_around(self) -> bool:
        """Whether a loop around runs over the same axis."""
        loop = self.body.loop
        while loop is not None:
            if loop.axis is self.axis:
                return True
            loop = loop.body.loop
        return False

    @property
    def ends_per_sequence(self) -> bool:
        """Whether the sequences of a batch may have different numbers of steps."""
        by_input = self.axis_is_known and self.input_axis.is_dynamic
        return by_input or (self.end is not None and batch_dim in self.end.dims)
