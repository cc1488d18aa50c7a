"""What Python's operators and protocols mean for values of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy

from ..plain.errors import NetworkError

if TYPE_CHECKING:
    from .tensor import Tensor, TensorLike

_OF_NUMPY = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "true_divide": "truediv",
    "floor_divide": "floordiv",
    "remainder": "mod",
    "power": "pow",
}
"""NumPy's functions behind operators, such as ``numpy.float32(2) * x``."""


class Arithmetic:
    """The arithmetic operators, which record an op."""

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

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return _combine("floordiv", other, self)

    def __mod__(self, other: TensorLike) -> Tensor:
        return _combine("mod", self, other)

    def __rmod__(self, other: TensorLike) -> Tensor:
        return _combine("mod", other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return _combine("pow", self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return _combine("pow", other, self)

    def __neg__(self) -> Tensor:
        from ..ops.activation import negative

        return negative(self)  # type: ignore[arg-type]

    def __abs__(self) -> Tensor:
        from ..ops.activation import absolute

        return absolute(self)  # type: ignore[arg-type]

    def __matmul__(self, other: Any) -> NoReturn:
        raise NetworkError(f"{self} @ {other}: write nn.dot(a, b, reduce=dim), which names the dim that is summed over")

    __rmatmul__ = __matmul__

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> Tensor:
        """Operators with a NumPy scalar on the left; all else that NumPy would compute at once is refused."""
        kind = _OF_NUMPY.get(function.__name__)
        if method == "__call__" and kind is not None and not options and not numpy.ndim(inputs[0]):
            return _combine(kind, *inputs)
        raise NetworkError(_no_numpy(self, function.__name__))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise NetworkError(_no_numpy(self, function.__name__))

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NetworkError(_no_numpy(self, "asarray"))


class Comparisons:
    """Comparisons, and the operators that join them; each gives a tensor of bool."""

    def __and__(self, other: TensorLike) -> Tensor:
        return _combine("logical_and", self, other)

    def __or__(self, other: TensorLike) -> Tensor:
        return _combine("logical_or", self, other)

    def __rand__(self, other: TensorLike) -> Tensor:
        return _combine("logical_and", other, self)

    def __ror__(self, other: TensorLike) -> Tensor:
        return _combine("logical_or", other, self)

    def __invert__(self) -> Tensor:
        from ..ops.activation import logical_not

        return logical_not(cast("Tensor", self))

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


class ComputedLater:
    """What Python asks of values that are known, refused with what to write instead: there is no value yet."""

    def __bool__(self) -> NoReturn:
        raise NetworkError(
            f"{self} has no value while the network is being written, so `if`, `while`, `and`, `or`, `not`, `in`, "
            "max() and the like cannot test it. Write nn.where(condition, a, b) or nn.Cond, and for conditions "
            "nn.logical_and, nn.logical_or, nn.logical_not (or & | ~)"
        )

    def __iter__(self) -> NoReturn:
        raise NetworkError(
            f"{self} cannot be iterated over in Python: how many frames it has is known only when the network runs. "
            "Write `with nn.Loop() as loop:` and loop.unstack(x), or nn.split(x, n) for parts of its features"
        )

    def __len__(self) -> NoReturn:
        raise NetworkError(
            f"{self} has no len(): x.seq_len is the tensor of its lengths, dim.size the size of a dim of fixed size. "
            "For one step per frame write `with nn.Loop() as loop:` and loop.unstack(x)"
        )

    def __float__(self) -> NoReturn:
        raise self._no_number("float")

    def __int__(self) -> NoReturn:
        raise self._no_number("int")

    def __index__(self) -> NoReturn:
        raise NetworkError(
            f"{self} has no value while the network is being written, so it cannot be an index of a list, nor range() "
            "go up to it. Write nn.gather(x, position) or x[t] for a frame of a tensor, and nn.Loop() to go over frames"
        )

    def __round__(self, digits: int | None = None) -> NoReturn:
        raise self._no_number("round")

    def __format__(self, specification: str) -> str:
        if specification:
            raise NetworkError(
                f"{self} has no value while the network is being written, so it cannot be printed as "
                f"{specification!r}. nn.run_numpy(network, feeds, trace=True) shows values"
            )
        return repr(self)

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise NetworkError(
            f"{self} cannot be written into: a tensor never changes. Write nn.where(condition, new, x), or in a loop "
            "keep the value as loop.state.name and stack it"
        )

    def _no_number(self, function: str) -> NetworkError:
        return NetworkError(
            f"{self} has no value while the network is being written, so {function}() and functions of `math` cannot "
            "compute with it. Use the functions and operators of nn, such as nn.tanh(x) and nn.cast(x, 'float32')"
        )


def _no_numpy(value: Any, function: str) -> str:
    from .. import __all__ as names

    here = {
        "concatenate": "concat",
        "power": "x ** y",
        "asarray": "the tensor as it is",
        "array": "the tensor as it is",
    }
    known = [name for name in (function, f"reduce_{function}") if name in names]
    instead = f"nn.{known[0]}" if known else here.get(function, "a function of nn")
    instead = f"nn.{instead}" if instead in names else instead
    return (
        f"numpy.{function} cannot compute with {value}, which has no value while the network is being written: use "
        f"{instead}"
    )


def _combine(kind: str, left: Any, right: Any) -> Tensor:
    from ..ops.elementwise import combine

    return combine(kind, left, right)


def _compare(kind: str, left: Any, right: Any) -> Tensor:
    from ..ops.elementwise import compare

    return compare(kind, left, right)
