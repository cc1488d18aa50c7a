"""How the model of a program makes sequences, and reads them."""

from __future__ import annotations

from recipe import nn

from .parts import Parts, SequenceOfVectors
from .program import Frames

FAR = -1e9
"""The energy of frames that attention must not see."""
STEP_OUTSIDE = 1
"""What stands for the number of the step outside of loops."""


class FramesOfModel(Parts):
    """Methods ``_frames_KIND`` make sequences, ``_read_KIND`` give one vector for a sequence and another vector."""

    # sequences

    def _frames_input(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int) -> SequenceOfVectors:
        return SequenceOfVectors(self.inputs[f"data{number}"], self.times[number])

    def _frames_table(self, values: list[nn.Tensor], loop: nn.Loop | None) -> SequenceOfVectors:
        return SequenceOfVectors(self.inputs["table"], self.positions)

    def _frames_over(self, values: list[nn.Tensor], loop: nn.Loop | None) -> SequenceOfVectors:
        return self.main_sequence

    def _frames_stacked(self, values: list[nn.Tensor], loop: nn.Loop | None) -> SequenceOfVectors:
        return SequenceOfVectors(self.outputs["steps"], self.main_axis)

    def _frames_found(self, values: list[nn.Tensor], loop: nn.Loop | None) -> SequenceOfVectors:
        return SequenceOfVectors(nn.tanh(self.embedding(self.outputs["labels"])), self.main_axis)

    def _frames_made(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int) -> SequenceOfVectors:
        return self.sequences[number]

    def _frames_memory(self, values: list[nn.Tensor], loop: nn.Loop | None) -> SequenceOfVectors:
        return SequenceOfVectors(self.memory.get(), self.times[1])

    def _frames_history(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> SequenceOfVectors:
        history = nn.cum_concat(self.pick(values, source))
        return SequenceOfVectors(history, history.spatial_dim)

    def _frames_split(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> SequenceOfVectors:
        wide = nn.tanh(self.wide(self.pick(values, source)))
        return SequenceOfVectors(nn.split_dims(wide, [self.parts, self.features]), self.parts)

    def _frames_add(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, source: int
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return SequenceOfVectors(nn.tanh(x.tensor + self.pick(values, source)), x.axis)

    def _frames_where(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, source: int
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return SequenceOfVectors(nn.where(self.condition(values, source), x.tensor, -x.tensor), x.axis)

    def _frames_linear(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, number: int
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return SequenceOfVectors(nn.tanh(self.linear[number](x.tensor)), x.axis)

    def _frames_lstm(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, number: int, start: int | None
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        state = None
        if start is not None:
            state = nn.LstmState(h=self.pick(values, start), c=nn.zeros([nn.batch_dim, self.features]))
        h, _ = self.lstm[number](x.tensor, state, axis=x.axis)
        return SequenceOfVectors(h, x.axis)

    def _frames_pool(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, size: int, mode: str
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return self._with_new_axis(x, nn.pool(x.tensor, size, mode=mode, axis=x.axis))

    def _frames_conv(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, stride: int
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        y = nn.tanh(self.conv[stride - 1](x.tensor, axis=x.axis))
        return SequenceOfVectors(y, x.axis) if stride == 1 else self._with_new_axis(x, y)

    def _frames_postfix(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, value: float
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return self._with_new_axis(x, nn.postfix_in_time(x.tensor, value, axis=x.axis))

    def _frames_reverse(self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return SequenceOfVectors(nn.reverse(x.tensor, axis=x.axis), x.axis)

    def _frames_replace(self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return self._with_new_axis(x, nn.replace_dim(x.tensor, axis=x.axis))

    def _frames_cum_sum(self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return SequenceOfVectors(nn.tanh(nn.cum_sum(x.tensor, axis=x.axis)), x.axis)

    def _frames_constant(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, value: float
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        return SequenceOfVectors(nn.constant(value, x.tensor.dims) + x.tensor, x.axis)

    def _frames_gather(
        self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames, where: str
    ) -> SequenceOfVectors:
        x = self.sequence(values, loop, frames)
        count = nn.range_over(x.axis, like=x.tensor)
        if where == "back":
            length = nn.length(x.axis, like=x.tensor)
            position = nn.combine("sub", length - 1, count, allow_broadcast_all_sources=True)
        elif where == "window":
            position = nn.range_over(self.positions, like=self.inputs["table"]) + self._step(loop)
        else:
            position = count + (1 if where == "next" else self._step(loop))
        axis = self.positions if where == "window" else x.axis
        return SequenceOfVectors(nn.gather(x.tensor, position, axis=x.axis), axis)

    def _with_new_axis(self, x: SequenceOfVectors, y: nn.Tensor) -> SequenceOfVectors:
        """``y``, which has another axis in place of that of ``x``."""
        (axis,) = (dim for dim in y.dims if dim not in x.tensor.dims)
        return SequenceOfVectors(y, axis)

    def _step(self, loop: nn.Loop | None) -> nn.Tensor | int:
        return STEP_OUTSIDE if loop is None else loop.iter_idx

    # readers

    def read(self, kind: str, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        """
        A vector that depends on a sequence and another vector.

        :param kind: how
        """
        value: nn.Tensor = getattr(self, f"_read_{kind}")(x, v, loop)
        return value

    def _read_sum(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.tanh(nn.reduce_sum(x.tensor, x.axis) * 0.3)

    def _read_mean(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.reduce_mean(x.tensor, x.axis)

    def _read_max(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.reduce_max(x.tensor, x.axis)

    def _read_min(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.reduce_min(x.tensor, x.axis)

    def _read_rank(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        less = nn.cast(x.tensor < v - 0.05, "float32")  # an equal frame is never nearly less
        return nn.tanh(nn.reduce_sum(less, x.axis) * 0.3)

    def _read_distance(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.tanh(nn.reduce_max(abs(x.tensor - v), x.axis))

    def _read_dot(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return self.attention(v, x.tensor, axis=x.axis)

    def _read_additive(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return self.additive(v, x.tensor, axis=x.axis)

    def _read_softmax(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return self._attended(x, nn.dot(x.tensor, v))

    def _read_weighted(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.tanh(nn.dot(nn.tanh(nn.dot(x.tensor, v) + 0.5), x.tensor, reduce=x.axis))

    def _read_causal(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return self._attended(x, self._seen(x, v, nn.range_over(x.axis, like=x.tensor) <= self._step(loop)))

    def _read_before(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return self._attended(x, self._seen(x, v, nn.range_over(x.axis, like=x.tensor) < self._step(loop)))

    def _read_near(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        distance = nn.range_over(x.axis, like=x.tensor) - self._step(loop)
        return self._attended(x, self._seen(x, v, distance * distance <= 1))

    def _read_causal_of_main(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return self._read_causal(x, v, self.main_loop)

    def _read_first(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.gather(x.tensor, 0, axis=x.axis)

    def _read_last(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.gather(x.tensor, -1, axis=x.axis)

    def _read_step(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.gather(x.tensor, self._step(loop), axis=x.axis)

    def _read_next(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.gather(x.tensor, self._step(loop) + 1, axis=x.axis)

    def _read_count(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.gather(x.tensor, self.count.get(), axis=x.axis)

    def _read_best(self, x: SequenceOfVectors, v: nn.Tensor, loop: nn.Loop | None) -> nn.Tensor:
        return nn.gather(x.tensor, nn.cast(nn.argmax(self.readout(v)), "int32"), axis=x.axis)

    def _seen(self, x: SequenceOfVectors, v: nn.Tensor, sees: nn.Tensor) -> nn.Tensor:
        return nn.where(sees, nn.dot(x.tensor, v), FAR)

    def _attended(self, x: SequenceOfVectors, energy: nn.Tensor) -> nn.Tensor:
        return nn.dot(nn.softmax_over_spatial(energy, x.axis), x.tensor, reduce=x.axis)


READERS = tuple(name.removeprefix("_read_") for name in vars(FramesOfModel) if name.startswith("_read_"))
