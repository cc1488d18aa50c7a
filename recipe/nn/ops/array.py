"""Joining and parting tensors along an axis, and axes with lengths made longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from ..plain.dim import Dim, DimLike, as_dim, pending_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..record.arrays import Arrays
from ..record.form import AnyForm, Form, FormPart
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor


class Concat(Op):
    """Feature vectors put one behind the other."""

    name = "concat"

    def __init__(self, inputs: Sequence[Tensor], axes: Sequence[DimLike] | None):
        self.axes = [as_dim(axis) for axis in axes] if axes is not None else None
        self._pending: Dim | None = None
        super().__init__(*inputs)

    def infer(self) -> None:
        """The dims of the first, with the sum of all feature dims in place of its own."""
        known = [tensor for tensor in self.inputs if tensor.known_dims is not None]
        axes = [self._axis(index) for index, tensor in enumerate(self.inputs) if tensor.known_dims is not None]
        first, axis_of_first = max(zip(known, axes), key=lambda pair: len(pair[0].dims))
        for tensor, axis in zip(known, axes):
            self.require_float(tensor)
            others = {dim for dim in tensor.dims if dim is not axis}
            if not others <= {dim for dim in first.dims if dim is not axis_of_first}:
                extra = [dim for dim in tensor.dims if dim in others and dim not in first.dims]
                raise NetworkError(
                    f"concat joins features, and needs the same dims beside them, but {tensor} has {dims_text(extra)}, "
                    f"which {first} does not have"
                )
        if len(known) < len(self.inputs):
            self._pending = self._pending or pending_dim("concat")
            joined = self._pending
        else:
            self.axes = axes
            joined = sum(axes[1:], axes[0])
            if self._pending is not None:
                self._pending.become(joined)
                joined = self._pending
        self.set_output([joined if dim is axis_of_first else dim for dim in first.dims])

    def _axis(self, index: int) -> Dim:
        return self.axes[index] if self.axes is not None else self.inputs[index].feature_dim

    def numpy(self, run: Arrays, *arrays: numpy.ndarray) -> numpy.ndarray:
        """``numpy.concatenate``."""
        dims = self.output.dims
        new = next(
            dim for dim in dims if all(dim not in tensor.dims for tensor in self.inputs) or len(self.inputs) == 1
        )
        parts = []
        for index, array in enumerate(arrays):
            axis = self._axis(index)
            target = tuple(axis if dim is new else dim for dim in dims)
            array = run.aligned(array, self.inputs[index].dims, target)
            shape = [axis.size if dim is new else run.size(dim) for dim in dims]
            parts.append(numpy.broadcast_to(array, shape))
        return numpy.concatenate(parts, axis=dims.index(new))

    def form(self) -> Form:
        """``concat``."""
        new = next(dim for dim in self.output.dims if all(dim not in x.dims for x in self.inputs))
        sources = [(tensor, self._axis(index)) for index, tensor in enumerate(self.inputs)]
        options: dict[str, Any] = {"from": sources, "out_dim": new}
        outside = [self.body.loop is not None and not x.op.body.is_inside(self.body) for x in self.inputs]
        if len(set(outside)) > 1 or any(len(tensor.dims) < len(self.output.dims) for tensor in self.inputs):
            options["allow_broadcast"] = True
        return Form("concat", options)


class Split(Op):
    """A feature vector cut into parts."""

    name = "split"

    def __init__(self, x: Tensor, axis: Dim, parts: Sequence[Dim]):
        self.axis, self.parts = axis, tuple(parts)
        super().__init__(x, outputs=len(self.parts))

    def infer(self) -> None:
        """The dims of the input, with each part in place of the axis."""
        x = self.inputs[0]
        if all(dim.known_size is not None for dim in (self.axis, *self.parts)):
            self._check_sizes()
        for index, part in enumerate(self.parts):
            self.set_output([part if dim is self.axis else dim for dim in x.dims], index=index)

    def _check_sizes(self) -> None:
        if sum(part.size for part in self.parts) != self.axis.size:
            sizes = " + ".join(str(part.size) for part in self.parts)
            raise NetworkError(
                f"split of {self.inputs[0]} along {self.axis}: the parts {sizes} do not add up to {self.axis.size}",
                self.source,
            )

    def numpy(self, run: Arrays, x: numpy.ndarray) -> tuple:
        """``numpy.split``."""
        self._check_sizes()
        bounds = numpy.cumsum([part.size for part in self.parts])[:-1]
        return tuple(numpy.split(x, bounds, axis=self.inputs[0].dims.index(self.axis)))

    def form(self) -> Sequence[AnyForm]:
        """``split``."""
        split = Form("split", {"from": self.inputs[0], "axis": self.axis, "out_dims": list(self.parts)})
        return [FormPart(split, str(index)) for index in range(len(self.parts))]


class PostfixInTime(Op):
    """One more frame behind each sequence's last."""

    name = "postfix_in_time"
    takes_more_axes = False

    def __init__(self, x: Tensor, value: int | float, axis: Dim, out_dim: Dim):
        self.value, self.axis, self.out_dim = value, axis, out_dim
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input, with the longer axis."""
        x = self.inputs[0]
        self.set_output([self.out_dim if dim is self.axis else dim for dim in x.dims], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The value is put at each sequence's own end."""
        run.set_lengths(self.out_dim, run.lengths(self.axis) + 1)
        dims = self.output.dims
        one_frame = [1 if dim is self.out_dim else size for dim, size in zip(dims, x.shape)]
        longer = numpy.concatenate([x, numpy.zeros(one_frame, x.dtype)], axis=dims.index(self.out_dim))
        is_end = run.positions(self.out_dim, dims) == run.lengths_along(self.axis, dims)
        return numpy.where(is_end, numpy.asarray(self.value, x.dtype), longer)

    def form(self) -> Form:
        """``postfix_in_time``."""
        options = {"from": self.inputs[0], "axis": self.axis, "postfix": self.value, "out_dim": self.out_dim}
        return Form("postfix_in_time", {**options, "repeat": 1})


def concat(*tensors: Tensor | Sequence[Tensor], axes: Sequence[DimLike] | None = None) -> Tensor:
    """
    Feature vectors joined: ``[..., a]`` and ``[..., b]`` become ``[..., a+b]``.

    :param tensors: the parts, as arguments or as one list
    :param axes: the axis of each; default: its feature dim
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    parts = [as_tensor(tensor) for tensor in tensors]
    if not parts:
        raise NetworkError("concat wants tensors, at least one: nn.concat(a, b) or nn.concat([a, b])")
    return parts[0] if len(parts) == 1 else Concat(parts, axes).output


def split(
    x: Tensor, num: int | None = None, *, size_splits: Sequence[DimLike] | None = None, axis: DimLike | None = None
) -> tuple[Tensor, ...]:
    """
    A feature vector cut into parts: ``[..., a+b]`` becomes ``[..., a]`` and ``[..., b]``.

    :param num: into so many equal ones
    :param size_splits: or into parts of these sizes
    :param axis: default: the feature dim
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis) if axis is not None else x.feature_dim
    if (num is None) == (size_splits is None):
        raise NetworkError(
            "split wants either the number of parts or their sizes: split(x, 4), split(x, size_splits=[..])"
        )
    if size_splits is not None:
        parts = [as_dim(size) for size in size_splits]
    else:
        if not is_size(num):
            hint = f": for sizes, write split(x, size_splits={num!r})" if isinstance(num, (list, tuple)) else ""
            raise NetworkError(f"split of {x} into {num!r} parts: the number of parts is an int from 1 on{hint}")
        assert num is not None
        if dim.known_size is not None and dim.known_size % num:
            raise NetworkError(
                f"{dim} of {x} cannot be split into {num} equal parts; size_splits=[...] gives the sizes of others"
            )
        parts = [dim // num] * num
    return Split(x, dim, parts).outputs


def postfix_in_time(x: Tensor, value: int | float, *, axis: DimLike | str | None = None) -> Tensor:
    """
    One more frame of this value after each sequence's last, for example an end-of-sequence label.

    :param axis: default: the only axis with lengths
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis)
    size = x.sparse_dim.known_size if x.sparse_dim is not None else None
    if size is not None and not (isinstance(value, int) and 0 <= value < size):
        raise NetworkError(f"{value} is no label of {x.sparse_dim}, which are 0 to {size - 1}, to be put behind {x}")
    return PostfixInTime(x, value, dim, Dim(None, f"{dim.name}+1")).output


class Slice(Op):
    """A part of an axis of fixed size."""

    name = "slice"

    def __init__(self, x: Tensor, axis: Dim, start: int, out_dim: Dim):
        self.axis, self.start, self.out_dim = axis, start, out_dim
        super().__init__(x)

    def infer(self) -> None:
        """The dims of the input, with the part in place of the axis."""
        x = self.inputs[0]
        sizes_known = self.axis.known_size is not None and self.out_dim.known_size is not None
        if self.start < 0 or (sizes_known and self.start + self.out_dim.size > self.axis.size):
            raise NetworkError(
                f"slice of {x}: {self.axis} has the entries 0 to {self.axis.size - 1}, not {self.start} to "
                f"{self.start + self.out_dim.size - 1}"
            )
        self.set_output([self.out_dim if dim is self.axis else dim for dim in x.dims], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``x[..., start : start + size, ...]``."""
        positions = range(self.start, self.start + self.out_dim.size)
        return numpy.take(x, positions, axis=self.inputs[0].dims.index(self.axis))

    def form(self) -> Form:
        """``slice``; where it ends, its dim says."""
        options = {"from": self.inputs[0], "axis": self.axis, "slice_start": self.start, "out_dim": self.out_dim}
        return Form("slice", options)


class Reverse(Op):
    """Frames in the opposite order, each sequence from its own end."""

    name = "reverse"

    def __init__(self, x: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        x = self.inputs[0]
        self.set_output(x.dims, sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """Frame ``length - 1 - t`` at ``t``; padding stays."""
        dims = self.inputs[0].dims
        if self.axis.is_static:
            return numpy.flip(x, dims.index(self.axis))
        frame, lengths = run.positions(self.axis, dims), run.lengths_along(self.axis, dims)
        position = numpy.where(frame < lengths, lengths - 1 - frame, frame)
        return numpy.take_along_axis(x, position, axis=dims.index(self.axis))

    def form(self) -> Form:
        """``gather`` of the frames counted from the end."""
        x = {"from": self.inputs[0], "axis": self.axis}
        count, number = (
            Form("length", dict(x), name="reverse_length"),
            Form("range_in_axis", dict(x), name="reverse_range"),
        )
        formula = "tf.where(source(0) > source(1), source(0) - source(1) - 1, source(1))"
        options = {"from": [count, number], "eval": formula, "allow_broadcast_all_sources": True}
        return Form("gather", {**x, "position": Form("eval", options, name="reverse_position")})


class ReplaceDim(Op):
    """The same values with another Dim for an axis."""

    name = "replace_dim"

    def __init__(self, x: Tensor, axis: Dim, out_dim: Dim):
        self.axis, self.out_dim = axis, out_dim
        super().__init__(x)

    def infer(self) -> None:
        """The dims of the input with the other one in place of the axis."""
        x = self.inputs[0]
        sizes = self.axis.known_size, self.out_dim.known_size
        if (self.axis.is_dynamic and self.out_dim.is_static) or (None not in sizes and sizes[0] != sizes[1]):
            raise _different_sizes(x, self.axis, self.out_dim)
        self.set_output([self.out_dim if dim is self.axis else dim for dim in x.dims], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The array as it is."""
        if self.out_dim.is_dynamic:
            lengths = run.lengths(self.axis)
            if not (run.knows_lengths(self.out_dim) and numpy.array_equal(run.lengths(self.out_dim), lengths)):
                run.set_lengths(self.out_dim, lengths)  # else they may be those of sequences, these of hypotheses
        return x

    def form(self) -> Form:
        """``reinterpret_data``."""
        return Form("reinterpret_data", {"from": self.inputs[0], "set_dim_tags": {self.axis: self.out_dim}})


class Squeeze(Op):
    """A tensor without an axis of size 1."""

    name = "squeeze"

    def __init__(self, x: Tensor, axis: Dim):
        self.axis = axis
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input without the axis."""
        x = self.inputs[0]
        if self.axis.known_size != 1:
            raise NetworkError(f"squeeze removes an axis of size 1, but {self.axis} of {x} is not")
        self.set_output([dim for dim in x.dims if dim is not self.axis], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.squeeze``."""
        return numpy.squeeze(x, self.inputs[0].dims.index(self.axis))

    def form(self) -> Form:
        """``squeeze``."""
        return Form("squeeze", {"from": self.inputs[0], "axis": self.axis})


def squeeze(x: Tensor, axis: DimLike | str | None = None) -> Tensor:
    """
    The same values without an axis of size 1, such as the result of ``Linear(1)``.

    :param axis: default: the feature dim
    :raises NetworkError: if it has another size
    """
    x = as_tensor(x)
    return Squeeze(x, x.feature_dim if axis is None else x.resolve_axis(axis)).output


def reverse(x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
    """
    Each sequence from its last frame to its first; the dims are those of ``x``.

    :param axis: default: the only axis with lengths
    """
    x = as_tensor(x)
    return Reverse(x, x.resolve_axis(axis)).output


def replace_dim(x: Tensor, *, axis: DimLike | str | None = None, out_dim: Dim | None = None) -> Tensor:
    """
    The same values with another Dim for an axis, as for attention of a sequence to itself.

    :param axis: default: the only axis with lengths
    :param out_dim: default: a new one
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis)
    if out_dim is not None and dim.is_static != out_dim.is_static:
        raise _different_sizes(x, dim, out_dim)
    return ReplaceDim(x, dim, out_dim or dim.with_name(f"{dim.name}_2")).output


def _different_sizes(x: Tensor, axis: Dim, out_dim: Dim) -> NetworkError:
    return NetworkError(f"replace_dim: {axis} of {x} and {out_dim} have different sizes")
