"""Elementwise ops: arithmetic, comparisons, conditions, casts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from ..plain.dim import Dim, DimLike, as_dim
from ..plain.dims import ordered_dims
from ..plain.dtype import as_dtype
from ..plain.errors import NetworkError, warn
from ..plain.number import is_number, plain_number
from ..record.arrays import Arrays
from ..record.common_dims import all_dims, common_dims
from ..record.form import AnyForm, Form
from ..record.graph import Op, Tensor
from ..record.operators import operator
from ..record.parameter import Parameter
from ..record.unknown_start import wrong_type
from .as_tensor import TensorLike, as_tensor
from .constants import constant
from .operands import as_tensors, check_alike, without_ones
from .whole_numbers import check_exponents, check_whole_numbers


class Elementwise(Op):
    """Base: the results have the dims of the input that has all dims of the others; or all dims, if it broadcasts."""

    broadcast = False
    """Whether it has the dims of all inputs, where none has all of the others'."""

    def result_dims(self) -> tuple[Dim, ...] | None:
        """
        The dims of the result.

        :raises NetworkError: if no input has all of them, and it does not broadcast
        """
        return all_dims(self.inputs) if self.broadcast else common_dims(self.name, self.inputs)

    def broadcast_option(self) -> dict[str, bool]:
        """RETURNN's option for it."""
        return {"allow_broadcast_all_sources": True} if self.broadcast else {}

    def aligned(self, run: Arrays, arrays: tuple[numpy.ndarray, ...]) -> list[numpy.ndarray]:
        """The arrays, made ready to broadcast to the result."""
        dims = self.output.dims
        return [run.aligned(array, tensor.dims, dims) for array, tensor in zip(arrays, self.inputs)]

    def numpy(self, run: Arrays, *arrays: numpy.ndarray) -> numpy.ndarray:
        """:meth:`compute` on each place."""
        result: Any = self.compute(*self.aligned(run, arrays))
        shape = numpy.broadcast_shapes(result.shape, run.shape(self.output.dims))
        return numpy.broadcast_to(result, shape).astype(run.array_dtype(self.output.dtype))

    def compute(self, *arrays: Any) -> Any:
        """The function on arrays that broadcast."""
        raise TypeError(f"{type(self).__name__} does not say what it computes")


ARITHMETIC = {
    "add": (numpy.add, "{0} + {1}"),
    "sub": (numpy.subtract, "{0} - {1}"),
    "mul": (numpy.multiply, "{0} * {1}"),
    "truediv": (numpy.true_divide, "{0} / {1}"),
    "floordiv": (numpy.floor_divide, "{0} // {1}"),
    "mod": (numpy.mod, "{0} % {1}"),
    "pow": (numpy.power, "{0} ** {1}"),
    "maximum": (numpy.maximum, "tf.maximum({0}, {1})"),
    "minimum": (numpy.minimum, "tf.minimum({0}, {1})"),
    "logical_and": (numpy.logical_and, "tf.logical_and({0}, {1})"),
    "logical_or": (numpy.logical_or, "tf.logical_or({0}, {1})"),
}
COMBINE_KINDS = {"add", "sub", "mul", "truediv", "maximum", "minimum", "logical_and", "logical_or"}


class Combine(Elementwise):
    """Two values by one arithmetic or logical function."""

    def __init__(self, kind: str, left: Tensor, right: Tensor, broadcast: bool = False):
        self.kind = kind
        self.name = kind
        self.broadcast = broadcast
        super().__init__(left, right)

    def infer(self) -> None:
        """The dims of the larger one, or those of both; dtypes must agree."""
        left, right = self.inputs
        logical = self.kind.startswith("logical")
        for tensor in self.inputs:
            if logical and tensor.dtype != "bool":
                message = f"{self.kind} is for conditions (bool), but {tensor} is {tensor.dtype}"
                raise wrong_type(tensor, "bool", message)
        check_alike(self.kind, left, right)
        if left.dtype == "bool" and not logical:
            raise NetworkError(
                f"{self.kind} is for numbers, but {left} and {right} are conditions (bool). Write & | ~, or "
                "nn.cast(x, 'float32') for 0 and 1"
            )
        if self.kind == "truediv" and not left.dtype.startswith("float"):
            raise NetworkError(
                f"{left} / {right}: both are whole numbers ({left.dtype}), so it is not said what becomes of the rest. "
                "Write nn.cast(x, 'float32') / y for fractions, x // y for whole numbers"
            )
        check_whole_numbers(self.kind, left, right)
        sparse = left.sparse_dim or right.sparse_dim
        self.set_output(self.result_dims(), sparse_dim=sparse)

    def numpy(self, run: Arrays, *arrays: numpy.ndarray) -> numpy.ndarray:
        """
        :meth:`compute` on each place.

        :raises NetworkError: of whole numbers, if an exponent is negative
        """
        if self.kind == "pow" and not self.output.dtype.startswith("float"):
            check_exponents(self, arrays[1], run.counts(self.inputs[1]))
            arrays = (arrays[0], numpy.maximum(arrays[1], 0))
        return super().numpy(run, *arrays)

    def compute(self, *arrays: Any) -> Any:
        """NumPy's function of that name; a whole number divided by 0 is 0, and so is the rest."""
        if self.kind in ("floordiv", "mod") and not self.output.dtype.startswith("float"):
            with numpy.errstate(divide="ignore"):
                return ARITHMETIC[self.kind][0](*arrays)
        return ARITHMETIC[self.kind][0](*arrays)

    def form(self) -> Form:
        """``combine``, or ``eval`` where the kind is none of combine's."""
        if self.kind not in COMBINE_KINDS:
            formula = ARITHMETIC[self.kind][1].format("source(0)", "source(1)")
            return Form("eval", {"from": list(self.inputs), "eval": formula, **self.broadcast_option()})
        return Form("combine", {"from": list(self.inputs), "kind": self.kind, **self.broadcast_option()})


class Compare(Elementwise):
    """A comparison of two values: bool."""

    _FUNCTIONS = {
        "equal": numpy.equal,
        "not_equal": numpy.not_equal,
        "less": numpy.less,
        "less_equal": numpy.less_equal,
        "greater": numpy.greater,
        "greater_equal": numpy.greater_equal,
    }

    def __init__(self, kind: str, left: Tensor, right: Tensor, broadcast: bool = False):
        self.kind = kind
        self.name = kind
        self.broadcast = broadcast
        super().__init__(left, right)

    def infer(self) -> None:
        """The dims of the larger one, or those of both; dtypes must agree."""
        left, right = self.inputs
        check_alike(self.kind, left, right)
        self.set_output(self.result_dims(), dtype="bool")

    def compute(self, *arrays: Any) -> Any:
        """NumPy's function of that name."""
        return self._FUNCTIONS[self.kind](*arrays)

    def form(self) -> Form:
        """``compare``."""
        return Form("compare", {"from": list(self.inputs), "kind": self.kind, **self.broadcast_option()})


class Where(Elementwise):
    """One of two values, by a condition."""

    name = "where"

    def __init__(self, condition: Tensor, true: Tensor, false: Tensor, broadcast: bool = False):
        self.broadcast = broadcast
        super().__init__(condition, true, false)

    def infer(self) -> None:
        """The dims of the largest of the three."""
        condition, true, false = self.inputs
        if condition.dtype != "bool":
            swapped = " The condition comes first: nn.where(condition, a, b)" if true.dtype == "bool" else ""
            message = f"the condition of where is bool, but {condition} is {condition.dtype}.{swapped}"
            raise wrong_type(condition, "bool", message)
        check_alike("where", true, false, same_labels=False)
        if true.sparse_dim is not false.sparse_dim:
            raise NetworkError(
                f"where has labels of {true.sparse_dim} and of {false.sparse_dim} to choose from: {true} and {false}. "
                "nn.cast(x, 'int32', sparse_dim=...) makes them labels of one dim"
            )
        dims = all_dims((true, false, condition)) if self.broadcast else self.result_dims()
        self.set_output(dims, dtype=true.dtype, sparse_dim=true.sparse_dim)

    def compute(self, *arrays: Any) -> Any:
        """``numpy.where``."""
        return numpy.where(*arrays)

    def form(self) -> Form:
        """``switch``."""
        condition, true, false = self.inputs
        options: dict[str, Any] = {"condition": condition, "true_from": true, "false_from": false}
        return Form("switch", {**options, **self.broadcast_option()})


class Cast(Elementwise):
    """The same values in another dtype."""

    name = "cast"

    def __init__(self, x: Tensor, dtype: str, sparse_dim: DimLike | None):
        self.dtype = as_dtype(dtype)
        self.sparse_dim = as_dim(sparse_dim) if sparse_dim is not None else None
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input, in the other dtype."""
        self.set_output(self.inputs[0].known_dims, dtype=self.dtype, sparse_dim=self.sparse_dim)

    def compute(self, *arrays: Any) -> Any:
        """The same, which gets its type as any result does."""
        return arrays[0]

    def form(self) -> Form:
        """``cast``; what labels it holds, if any, is said with ``reinterpret_data``."""
        tensor, sparse_dim = self.inputs[0], self.sparse_dim
        x: AnyForm = tensor
        if sparse_dim is not None:
            if tensor.dtype != self.dtype:
                x = Form("cast", {"from": x, "dtype": self.dtype}, name="cast_values")
            return Form("reinterpret_data", {"from": x, "set_sparse": True, "set_sparse_dim": sparse_dim})
        if tensor.sparse_dim is not None and self.dtype == "bool":
            return Form("compare", {"from": x, "value": 0, "kind": "not_equal"})
        if tensor.sparse_dim is not None and not self.dtype.startswith("float"):
            x = Form("reinterpret_data", {"from": x, "set_sparse": False}, name="no_labels")
            if tensor.dtype == self.dtype:
                return x
        return Form("cast", {"from": x, "dtype": self.dtype})


@operator("combine")
def combine(kind: str, left: TensorLike, right: TensorLike, *, allow_broadcast_all_sources: bool = False) -> Tensor:
    """
    ``left`` and ``right`` by a function: add, sub, mul, truediv, floordiv, mod, pow, maximum, ...

    :param allow_broadcast_all_sources: whether the result may have the dims of both, where none has all of the other's;
        for what RETURNN's ``combine`` has: add, sub, mul, truediv, maximum, minimum, logical_and, logical_or
    :raises NetworkError: if it is to broadcast for another function
    """
    left, right = as_tensors(left, right)
    if allow_broadcast_all_sources:
        if kind not in COMBINE_KINDS:
            raise NetworkError(f"{kind} cannot broadcast both sides, only {', '.join(sorted(COMBINE_KINDS))} can")
        return Combine(kind, left, right, broadcast=True).output
    return Combine(kind, without_ones(left, right), without_ones(right, left)).output


@operator("compare")
def compare(kind: str, left: TensorLike, right: TensorLike, *, allow_broadcast_all_sources: bool = False) -> Tensor:
    """
    ``left`` and ``right`` compared: equal, not_equal, less, less_equal, greater, greater_equal.

    :param allow_broadcast_all_sources: whether the result may have the dims of both, where none has all of the other's
    """
    labels, number = (left, right) if isinstance(left, Tensor) else (right, left)
    if isinstance(number, int) and isinstance(labels, Tensor) and kind in ("equal", "not_equal"):
        _warn_if_no_label(labels, number)
    left, right = as_tensors(left, right)
    return Compare(kind, left, right, allow_broadcast_all_sources).output


@operator("exclusive_or")
def _exclusive_or(left: TensorLike, right: TensorLike) -> Tensor:
    """Whether one of two conditions holds and the other one not."""
    left, right = as_tensors(left, right)
    for tensor in (left, right):
        if tensor.dtype != "bool":
            message = f"a ^ b is for conditions (bool), but {tensor} is {tensor.dtype}. A power is x ** y"
            raise wrong_type(tensor, "bool", message)
    return compare("not_equal", left, right)


def _warn_if_no_label(labels: Tensor, number: int) -> None:
    dim = labels.sparse_dim
    size = dim.known_size if dim is not None else None
    if size is not None and not 0 <= number < size:
        warn(f"{labels} are never {number}: the labels of {dim} are 0 to {size - 1}")


def where(condition: Tensor, true: TensorLike, false: TensorLike) -> Tensor:
    """``true`` where the condition holds, else ``false``. Beside labels, a number is a label."""
    true, false = plain_number(true), plain_number(false)
    if is_number(true) and isinstance(true, int) and isinstance(false, Tensor) and false.sparse_dim is not None:
        true = constant(true, dtype=false.dtype, sparse_dim=false.sparse_dim)
    if is_number(false) and isinstance(false, int) and isinstance(true, Tensor) and true.sparse_dim is not None:
        false = constant(false, dtype=true.dtype, sparse_dim=true.sparse_dim)
    true, false = as_tensors(true, false)
    return Where(as_tensor(condition), true, false).output


def expand(x: Tensor | Parameter, dims: Sequence[DimLike]) -> Tensor:
    """
    The same values along more dims.

    :param dims: those to add, such as ``[nn.batch_dim]``
    """
    x = as_tensor(x)
    kind, nothing = ("logical_or", False) if x.dtype == "bool" else ("add", 0)
    more = constant(nothing, [*ordered_dims(dims), *x.dims], dtype=x.dtype, sparse_dim=x.sparse_dim)
    return combine(kind, more, x)


def cast(x: Tensor, dtype: str, *, sparse_dim: DimLike | None = None) -> Tensor:
    """The same values in another dtype: "float32", "int32", "bool". With ``sparse_dim`` ints become labels of it."""
    return Cast(as_tensor(x), dtype, sparse_dim).output


def maximum(left: TensorLike, right: TensorLike) -> Tensor:
    """The greater of two."""
    return combine("maximum", left, right)


def minimum(left: TensorLike, right: TensorLike) -> Tensor:
    """The smaller of two."""
    return combine("minimum", left, right)


def logical_and(left: TensorLike, right: TensorLike) -> Tensor:
    """Whether both hold."""
    return combine("logical_and", left, right)


def logical_or(left: TensorLike, right: TensorLike) -> Tensor:
    """Whether one holds."""
    return combine("logical_or", left, right)
