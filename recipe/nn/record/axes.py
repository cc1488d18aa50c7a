"""The axes of a tensor, and which one is meant by what a user says."""

from __future__ import annotations

from typing import Any

from ..plain.dim import Dim, DimLike
from ..plain.errors import NetworkError, did_you_mean


class HasAxes:
    """
    Something with axes.

    :ivar known_dims: its axes; None for a state without initial value before its first assignment
    :ivar sparse_dim: for indices of labels, the dim of the labels
    """

    __slots__ = ()

    known_dims: tuple[Dim, ...] | None
    sparse_dim: Dim | None

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The axes, in the order in which NumPy holds them.

        :raises NetworkError: for a state without initial value before its first assignment
        """
        if self.known_dims is None:
            raise NetworkError(
                f"the dims of {self} are needed here, but not known: it is a state without initial value. "
                "Give it one before the loop body, for example loop.state.x = nn.zeros([nn.batch_dim, dim])"
            )
        return self.known_dims

    @property
    def feature_dim(self) -> Dim:
        """The last static dim; for indices of labels, the dim of the labels.

        :raises NetworkError: if there is none
        """
        if self.sparse_dim is not None:
            return self.sparse_dim
        for dim in reversed(self.dims):
            if dim.is_static and not dim.is_beam:
                return dim
        raise NetworkError(f"{self} has no feature dim: none of its dims has a fixed size")

    @property
    def spatial_dim(self) -> Dim:
        """The only dim with a length per sequence.

        :raises NetworkError: if there is none, or more than one
        """
        dynamic = [dim for dim in self.dims if dim.is_dynamic]
        if not dynamic:
            raise NetworkError(
                f"{self} is no sequence: it has no dim with a length per sequence. If a dim of fixed size is meant, "
                "say which: axis=..."
            )
        if len(dynamic) > 1:
            raise NetworkError(f"{self} has {len(dynamic)} dims with lengths; say which is meant: axis=...")
        return dynamic[0]

    def resolve_axis(self, axis: DimLike | str | None) -> Dim:
        """The dim meant by ``axis``: a Dim of this tensor, "T" or None for the spatial dim, "F" for the feature dim.

        :raises NetworkError: if the tensor has no such axis
        """
        if isinstance(axis, Dim) and axis in self.dims:
            return axis
        if isinstance(axis, HasAxes):
            raise NetworkError(f"an axis of {self} is a Dim, not the tensor {axis}. Of several tensors each has a call")
        if axis is None or axis == "T":
            return self.spatial_dim
        if axis == "F":
            return self.feature_dim
        if isinstance(axis, str):
            named = [dim for dim in self.dims if dim.name == axis]
        elif isinstance(axis, Dim):
            named = []
        else:
            named = [dim for dim in self.dims if dim.is_anonymous and dim.known_size == axis]
        if len(named) != 1:
            raise NetworkError(
                f"{self} has {'more than one' if named else 'no'} axis {axis!r}.{_axis_hint(self, axis)}"
            )
        return named[0]


def _axis_hint(x: HasAxes, axis: Any) -> str:
    """What to write instead of an axis that a tensor does not have."""
    if isinstance(axis, str):
        return did_you_mean(axis, [dim.name for dim in x.dims])
    if isinstance(axis, Dim):
        alike = [dim for dim in x.dims if dim.known_size is not None and dim.known_size == axis.known_size]
        return f" {alike[0].name!r} has the same size, but is another dim: use one Dim object" if alike else ""
    numbers = " Axes have no numbers." if isinstance(axis, int) else ""
    return f'{numbers} An axis is named by its Dim, or as "T" (with lengths) or "F" (features)'
