"""Tensor: a value of the network that is being written, with named dims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from .dim import Dim, DimLike, as_dim, dims_text
from .errors import NetworkError

if TYPE_CHECKING:
    from .op import Op
    from .parameter import Parameter

TensorLike = Union["Tensor", "Parameter", int, float, bool]


class Tensor:
    """
    The result of an op: a value per step and sequence, known when the network runs.

    :param op: what computes it
    :param index: which of the op's results
    """

    def __init__(self, op: Op, index: int):
        self.op = op
        self.index = index
        self.known_dims: tuple[Dim, ...] | None = None
        self.dtype = "float32"
        self.sparse_dim: Dim | None = None

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
            if dim.is_static:
                return dim
        raise NetworkError(f"{self} has no feature dim")

    @property
    def spatial_dim(self) -> Dim:
        """The only dim with a length per sequence.

        :raises NetworkError: if there is none, or more than one
        """
        dynamic = [dim for dim in self.dims if dim.is_dynamic]
        if len(dynamic) != 1:
            raise NetworkError(f"{self} has {len(dynamic)} dims with lengths; say which axis is meant: axis=...")
        return dynamic[0]

    @property
    def seq_len(self) -> Tensor:
        """The lengths along the spatial dim, one per sequence: int32 [batch]."""
        from .ops.lengths import length

        return length(self.spatial_dim, like=self)

    def resolve_axis(self, axis: DimLike | str | None) -> Dim:
        """The dim meant by ``axis``: a Dim of this tensor, "T" or None for the spatial dim, "F" for the feature dim.

        :raises NetworkError: if the tensor has no such axis
        """
        if axis is None or axis == "T":
            return self.spatial_dim
        if axis == "F":
            return self.feature_dim
        if isinstance(axis, str):
            named = [dim for dim in self.dims if dim.name == axis]
            if len(named) != 1:
                raise NetworkError(f"{self} has no axis {axis!r}, it has {dims_text(self.dims)}")
            return named[0]
        axis = as_dim(axis)
        if axis not in self.dims:
            raise NetworkError(f"{self} has no axis {axis}, it has {dims_text(self.dims)}")
        return axis

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
        return self.op.describe(self)

    def __bool__(self) -> bool:
        raise NetworkError(
            f"{self} has no value while the network is being written, so `if`, `while`, `and`, `or`, `not` cannot test "
            "it. Write nn.where(condition, a, b), or use nn.logical_and, nn.logical_or, nn.logical_not (or & | ~)"
        )

    def __iter__(self) -> Any:
        raise NetworkError(f"{self} cannot be iterated over in Python. Use nn.Loop, or nn.split for its parts")

    def __deepcopy__(self, memo: dict) -> Tensor:
        return self

    def __getitem__(self, index: TensorLike) -> Tensor:
        """``x[t]``: the frames at position ``t`` (int or int32 tensor) along the spatial dim."""
        from .ops.indexing import gather

        return gather(self, index, axis=self.spatial_dim)

    def __add__(self, other: TensorLike) -> Tensor:
        return _combine("add", self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return _combine("add", other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return _combine("sub", self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return _combine("sub", other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return _combine("mul", self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return _combine("mul", other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return _combine("truediv", self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return _combine("truediv", other, self)

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return _combine("floordiv", self, other)

    def __mod__(self, other: TensorLike) -> Tensor:
        return _combine("mod", self, other)

    def __pow__(self, other: TensorLike) -> Tensor:
        return _combine("pow", self, other)

    def __neg__(self) -> Tensor:
        from .ops.elementwise import negative

        return negative(self)

    def __abs__(self) -> Tensor:
        from .ops.elementwise import absolute

        return absolute(self)

    def __and__(self, other: TensorLike) -> Tensor:
        return _combine("logical_and", self, other)

    def __or__(self, other: TensorLike) -> Tensor:
        return _combine("logical_or", self, other)

    def __rand__(self, other: TensorLike) -> Tensor:
        return _combine("logical_and", other, self)

    def __ror__(self, other: TensorLike) -> Tensor:
        return _combine("logical_or", other, self)

    def __invert__(self) -> Tensor:
        from .ops.elementwise import logical_not

        return logical_not(self)

    def __eq__(self, other: TensorLike) -> Tensor:  # type: ignore[override]
        return _compare("equal", self, other)

    def __ne__(self, other: TensorLike) -> Tensor:  # type: ignore[override]
        return _compare("not_equal", self, other)

    def __lt__(self, other: TensorLike) -> Tensor:
        return _compare("less", self, other)

    def __le__(self, other: TensorLike) -> Tensor:
        return _compare("less_equal", self, other)

    def __gt__(self, other: TensorLike) -> Tensor:
        return _compare("greater", self, other)

    def __ge__(self, other: TensorLike) -> Tensor:
        return _compare("greater_equal", self, other)

    __hash__ = object.__hash__


def _combine(kind: str, left: Any, right: Any) -> Tensor:
    from .ops.elementwise import combine

    return combine(kind, left, right)


def _compare(kind: str, left: Any, right: Any) -> Tensor:
    from .ops.elementwise import compare

    return compare(kind, left, right)


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
                else " Each dim of the one must be a dim of the other; nn.expand adds one on purpose."
            )
            raise NetworkError(
                f"dims do not match in {op_name}: {tensor} has {dims_text(missing)}, which {largest} has not.{hint}"
            )
    return largest.dims
