"""Tensor: a value of the network that is being written, with named dims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from ..plain.dim import Dim, DimLike, dims_text
from ..plain.errors import (
    MissingAttributeError,
    NetworkError,
    SourceLine,
    did_you_mean,
    user_source_line,
    variable_name,
)
from .operators import Arithmetic, Comparisons, ComputedLater

if TYPE_CHECKING:
    from ..language.state import State
    from .op import Op
    from .parameter import Parameter

TensorLike = Union["Tensor", "Parameter", "State", int, float, bool]


class Tensor(Arithmetic, Comparisons, ComputedLater):
    """
    The result of an op: a value per step and sequence, known when the network runs.

    :param op: what computes it
    :param index: which of the op's results
    """

    op: Op
    index: int
    known_dims: tuple[Dim, ...] | None
    dtype: str
    sparse_dim: Dim | None

    def __init__(self, op: Op, index: int):
        self.__dict__.update(op=op, index=index, known_dims=None, dtype="float32", sparse_dim=None)

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

    @property
    def seq_len(self) -> Tensor:
        """The lengths along the spatial dim, one per sequence: int32 [batch]."""
        from ..ops.lengths import length

        return length(self.spatial_dim, like=self)

    def resolve_axis(self, axis: DimLike | str | None) -> Dim:
        """The dim meant by ``axis``: a Dim of this tensor, "T" or None for the spatial dim, "F" for the feature dim.

        :raises NetworkError: if the tensor has no such axis
        """
        if isinstance(axis, Dim) and axis in self.dims:
            return axis
        if axis is None or axis == "T":
            return self.spatial_dim
        if axis == "F":
            return self.feature_dim
        if isinstance(axis, str):
            named = [dim for dim in self.dims if dim.name == axis]
        else:
            named = [dim for dim in self.dims if dim.is_anonymous and dim.known_size == axis]
        if len(named) != 1:
            raise NetworkError(
                f"{self} has {'more than one' if named else 'no'} axis {axis!r}.{_axis_hint(self, axis)}"
            )
        return named[0]

    def mark_as_loss(self, name: str | None = None, *, scale: float = 1.0, as_error: bool = False) -> Tensor:
        """
        Makes it a training loss.

        RETURNN minimises the sum over all frames of the batch; the scores that it reports are the mean.
        Gradient clipping and weight decay therefore act beside the sum.


        :param name: how scores are called (``dev_loss_NAME``); default: from the op
        :param scale: factor in the total loss
        :param as_error: only reported, as an error rate, and not trained on
        """
        from .recording import current_recording

        current_recording().add_loss(self, name, scale, as_error)
        return self

    def mark_as_output(self, name: str | None = None) -> Tensor:
        """Makes it an output of the network, under this name."""
        from .recording import current_recording

        current_recording().add_output(self, name)
        return self

    def __repr__(self) -> str:
        return self.seen_from(user_source_line())

    def seen_from(self, line: SourceLine) -> str:
        """How a message about a line calls it: the user's variable, what it is, its dims, and where it was made."""
        name = variable_name(self)
        where = self.op.place.seen_from(line) if self.op.place is not None else ""
        if where and name is None and self.op.place is not None:
            where = f"{where}: {self.op.place.text}"
        return f"{name + ' ' if name else ''}<{self.op.describe(self)}{', ' + where if where else ''}>"

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _ATTRIBUTES:
            raise NetworkError(
                f"{self} has no part {name!r} that could be assigned: it would be lost. For a state of several parts "
                f"assign the whole, for example loop.state.s = {{{name!r}: value, ...}}"
            )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _ATTRIBUTES:  # the latter of one that is being unpickled
            raise AttributeError(name)
        raise MissingAttributeError(f"{self} has no attribute {name!r}{_instead_of_attribute(name)}")

    def __deepcopy__(self, memo: dict) -> Tensor:
        return self

    def __getitem__(self, index: TensorLike) -> Tensor:
        """``x[t]``: the frames at position ``t`` (int or int32 tensor) along the spatial dim."""
        from ..ops.indexing import gather

        return gather(self, index)


def _axis_hint(tensor: Tensor, axis: Any) -> str:
    """What to write instead of an axis that a tensor does not have."""
    if isinstance(axis, str):
        return did_you_mean(axis, [dim.name for dim in tensor.dims])
    if isinstance(axis, Dim):
        alike = [dim for dim in tensor.dims if dim.known_size is not None and dim.known_size == axis.known_size]
        return f" {alike[0].name!r} has the same size, but is another dim: use one Dim object" if alike else ""
    numbers = " Axes have no numbers." if isinstance(axis, int) else ""
    return f'{numbers} An axis is named by its Dim, or as "T" (with lengths) or "F" (features)'


_ATTRIBUTES = frozenset({"op", "index", "known_dims", "dtype", "sparse_dim"})


def _instead_of_attribute(name: str) -> str:
    from .. import __all__ as functions

    known = {
        "shape": "x.dims, and dim.size for the size of one",
        "ndim": "len(x.dims)",
        "T": "dims by name, in any order",
    }
    for function in (name, f"reduce_{name}"):
        known.setdefault(name, f"nn.{function}(x)") if function in functions else None
    return f": write {known[name]}" if name in known else did_you_mean(name, ("dims", "dtype", "sparse_dim", "seq_len"))


def common_dims(op_name: str, tensors: Sequence[Tensor]) -> tuple[Dim, ...]:
    """
    The dims of an elementwise result: those of the one tensor that has all dims of the others.

    :raises NetworkError: if no tensor has all of them: which dims do not match, and of which tensor
    """
    known = [tensor for tensor in tensors if tensor.known_dims is not None]
    largest = max(known, key=lambda tensor: len(tensor.dims))
    for tensor in known:
        missing = [dim for dim in tensor.dims if dim not in largest.dims]
        if missing:
            same_size = [(a, b) for a in missing for b in largest.dims if a.known_size == b.known_size is not None]
            hint = (
                f" {same_size[0][0].name!r} and {same_size[0][1].name!r} have the same size, but are two dims: "
                "use one Dim object in both places."
                if same_size
                else " Each dim of the one must be a dim of the other; nn.expand(x, [dim]) adds one on purpose."
            )
            raise NetworkError(
                f"dims do not match in {op_name}: {tensor} has {dims_text(missing)}, which {largest} has not.{hint}"
            )
    return largest.dims
