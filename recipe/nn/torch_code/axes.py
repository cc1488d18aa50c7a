"""Axes: the variables that hold how far axes reach, how long sequences are, and where they are padded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..plain.dim import Dim, batch_dim
from .layout import aligned, primary
from .text import Text


class Axes(Text):
    """
    A text that knows axes.

    :param reserved: further names that have a meaning
    """

    def __init__(self, reserved: Iterable[str] = ()):
        super().__init__(reserved)
        self.dims_of_steps: set[Dim] = set()
        """The dims whose lengths are another one in each step of a loop."""
        self._has_batch = False
        self._sizes: dict[Dim, str] = {}
        self._lengths: dict[Dim, str] = {}
        self._masks: dict[Dim, str] = {}
        self._paddings: dict[Dim, str] = {}

    def size(self, dim: Dim) -> str:
        """How far an axis reaches, as an int of Python: its size, or the greatest length."""
        if dim.is_batch:
            return "batch"
        return str(dim.size) if dim.is_static else self._sizes[dim]

    def shape(self, dims: Iterable[Dim]) -> str:
        """The shape of a tensor with these dims, as a tuple."""
        sizes = [self.size(dim) for dim in dims]
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    def knows_lengths(self, dim: Dim) -> bool:
        """Whether the lengths along a dim are known by now."""
        return dim in self._lengths

    def lengths(self, dim: Dim) -> str:
        """The lengths along a dim: int32, over its ``length_dims``."""
        if dim.is_static:
            return f"torch.full((batch,), {dim.size}, dtype=torch.int32, device=device)"
        return self._lengths[dim]

    def lengths_along(self, dim: Dim, dims: Sequence[Dim]) -> str:
        """The lengths along a dim, which broadcast to dims; the size of a static one."""
        if dim.is_static:
            return str(dim.size)
        return aligned(self._lengths[dim], dim.length_dims, dims)

    def lengths_of_each(self, dim: Dim, dims: Sequence[Dim]) -> str:
        """The lengths along a dim at each place of dims, in full size: int32."""
        if dim.is_static:
            return f"torch.full({self.shape(dims)}, {dim.size}, dtype=torch.int32, device=device)"
        lengths = self.lengths_along(dim, dims)
        if set(dim.length_dims) >= set(dims):
            return lengths
        return f"{primary(lengths)}.expand({', '.join(self.size(one) for one in dims)})"

    def mask(self, dim: Dim, dims: Sequence[Dim]) -> str | None:
        """Where frames along a dim are no padding, which broadcasts to dims; None if there is no padding."""
        if not dim.is_dynamic or batch_dim not in dims:
            return None
        return aligned(self._masks[dim], (*dim.length_dims, dim), dims)

    def padding(self, dim: Dim, dims: Sequence[Dim]) -> str | None:
        """Where frames along a dim are padding, which broadcasts to dims; None if there is no padding."""
        if self.mask(dim, dims) is None:
            return None
        return aligned(self._paddings[dim], (*dim.length_dims, dim), dims)

    def masks(self, axes: Iterable[Dim], dims: Sequence[Dim]) -> str | None:
        """Where places are no padding along any of several dims; None if there is no padding."""
        masks = [mask for mask in (self.mask(axis, dims) for axis in axes) if mask is not None]
        return " & ".join(masks) if masks else None

    def set_lengths(self, dim: Dim, lengths: str, size: str | None = None) -> None:
        """
        Writes how long the sequences are along a dim; what nothing reads of it is left out.

        :param lengths: int32, over the ``length_dims``
        :param size: the greatest length; default: that of the lengths
        """
        stem = self._sizes.get(dim) or self.names.new(dim.name)
        name = self._lengths.get(dim) or self.names.new(f"{stem}_lengths")
        self.lines.add(f"{name} = {lengths}", defines=name)
        if size is None:
            self.lines.add(f"{stem} = {self.function('greatest')}({name})", defines=stem)
        else:
            self.lines.add(f"{stem} = {size}", defines=stem)
        mask = self._masks.get(dim) or self.names.new(f"{stem}_mask")
        places = with_lengths_axis(name, dim)
        self.lines.add(f"{mask} = torch.arange({stem}, device=device) < {places}", defines=mask)
        padding = self._paddings.get(dim) or self.names.new(f"{stem}_padding")
        self.lines.add(f"{padding} = ~{mask}", defines=padding)
        self._sizes[dim], self._lengths[dim], self._masks[dim], self._paddings[dim] = stem, name, mask, padding
        if self.lines.is_in_block:
            self.dims_of_steps.add(dim)

    def same_lengths(self, dim: Dim, other: Dim) -> None:
        """Says that a dim has the lengths of another one."""
        if other.is_static:
            self.set_lengths(dim, self.lengths(other), self.size(other))
            return
        for known in (self._sizes, self._lengths, self._masks, self._paddings):
            known[dim] = known[other]
        if other in self.dims_of_steps:
            self.dims_of_steps.add(dim)

    def set_batch(self, size: str, device: str) -> None:
        """Writes how many sequences there are, and where they are; for the first input."""
        if not self._has_batch:
            self.lines.add(f"batch = {size}", defines="batch")
            self.lines.add(f"device = {device}", defines="device")
        self._has_batch = True


def with_lengths_axis(name: str, dim: Dim) -> str:
    """The code of lengths with one more axis, over the positions."""
    return f"{name}[{', '.join([':'] * len(dim.length_dims))}, None]"
