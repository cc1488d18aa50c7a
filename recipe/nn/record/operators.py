"""What Python's operators and protocols mean for values of a network: functions that ops give, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeVar

import numpy

from ..plain.errors import NetworkError
from ..plain.public_names import PUBLIC_NAMES

T = TypeVar("T")
"""What an operator gives: a tensor."""

F = TypeVar("F", bound=Callable[..., Any])

_FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The functions that operators call, by name: ops register theirs with :func:`operator`."""


def operator(name: str) -> Callable[[F], F]:
    """Makes a function the one that operators call under this name."""

    def register(function: F) -> F:
        _FUNCTIONS[name] = function
        return function

    return register


def function(name: str) -> Callable[..., Any]:
    """The function of this name."""
    return _FUNCTIONS[name]


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


class Arithmetic(Generic[T]):
    """The arithmetic operators, which record an op."""

    __slots__ = ()

    is_of_network = True
    """Tells it from what jobs give: Sisyphus' operators would take it in as it is."""

    def __add__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("add", self, other)  # type: ignore[no-any-return]

    def __radd__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("add", other, self)  # type: ignore[no-any-return]

    def __sub__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("sub", self, other)  # type: ignore[no-any-return]

    def __rsub__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("sub", other, self)  # type: ignore[no-any-return]

    def __mul__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("mul", self, other)  # type: ignore[no-any-return]

    def __rmul__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("mul", other, self)  # type: ignore[no-any-return]

    def __truediv__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("truediv", self, other)  # type: ignore[no-any-return]

    def __rtruediv__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("truediv", other, self)  # type: ignore[no-any-return]

    def __floordiv__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("floordiv", self, other)  # type: ignore[no-any-return]

    def __rfloordiv__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("floordiv", other, self)  # type: ignore[no-any-return]

    def __mod__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("mod", self, other)  # type: ignore[no-any-return]

    def __rmod__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("mod", other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("pow", self, other)  # type: ignore[no-any-return]

    def __rpow__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("pow", other, self)  # type: ignore[no-any-return]

    def __neg__(self) -> T:
        return _FUNCTIONS["negative"](self)  # type: ignore[no-any-return]

    def __abs__(self) -> T:
        return _FUNCTIONS["absolute"](self)  # type: ignore[no-any-return]

    def __pos__(self) -> T:
        return _FUNCTIONS["as_tensor"](self)  # type: ignore[no-any-return]

    def __divmod__(self, other: Any) -> NoReturn:
        raise NetworkError("divmod() gives two numbers at once: write x // y and x % y")

    __rdivmod__ = __divmod__

    def __lshift__(self, other: Any) -> NoReturn:
        raise NetworkError("x << n and x >> n are no operators of tensors: write x * 2**n and x // 2**n")

    __rlshift__ = __rshift__ = __rrshift__ = __lshift__

    def __matmul__(self, other: Any) -> NoReturn:
        raise NetworkError(f"{self} @ {other}: write nn.dot(a, b, reduce=dim), which names the dim that is summed over")

    __rmatmul__ = __matmul__

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> T:
        """Operators with a NumPy scalar on the left; all else that NumPy would compute at once is refused."""
        kind = _OF_NUMPY.get(function.__name__)
        if method == "__call__" and kind is not None and not options and not numpy.ndim(inputs[0]):
            return _FUNCTIONS["combine"](kind, *inputs)  # type: ignore[no-any-return]
        raise NetworkError(_no_numpy(self, function.__name__))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise NetworkError(_no_numpy(self, function.__name__))

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NetworkError(_no_numpy(self, "asarray"))


class Comparisons(Generic[T]):
    """Comparisons, and the operators that join them; each gives a tensor of bool."""

    __slots__ = ()

    def __and__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("logical_and", self, other)  # type: ignore[no-any-return]

    def __or__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("logical_or", self, other)  # type: ignore[no-any-return]

    def __rand__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("logical_and", other, self)  # type: ignore[no-any-return]

    def __ror__(self, other: Any) -> T:
        return _FUNCTIONS["combine"]("logical_or", other, self)  # type: ignore[no-any-return]

    def __xor__(self, other: Any) -> T:
        return _FUNCTIONS["exclusive_or"](self, other)  # type: ignore[no-any-return]

    __rxor__ = __xor__

    def __invert__(self) -> T:
        return _FUNCTIONS["logical_not"](self)  # type: ignore[no-any-return]

    def __eq__(self, other: Any) -> T:  # type: ignore[override]
        return _FUNCTIONS["compare"]("equal", self, other)  # type: ignore[no-any-return]

    def __ne__(self, other: Any) -> T:  # type: ignore[override]
        return _FUNCTIONS["compare"]("not_equal", self, other)  # type: ignore[no-any-return]

    def __lt__(self, other: Any) -> T:
        return _FUNCTIONS["compare"]("less", self, other)  # type: ignore[no-any-return]

    def __le__(self, other: Any) -> T:
        return _FUNCTIONS["compare"]("less_equal", self, other)  # type: ignore[no-any-return]

    def __gt__(self, other: Any) -> T:
        return _FUNCTIONS["compare"]("greater", self, other)  # type: ignore[no-any-return]

    def __ge__(self, other: Any) -> T:
        return _FUNCTIONS["compare"]("greater_equal", self, other)  # type: ignore[no-any-return]

    __hash__ = object.__hash__


class ComputedLater:
    """What Python asks of values that are known, refused with what to write instead: there is no value yet."""

    __slots__ = ()

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
    here = {
        "concatenate": "concat",
        "power": "x ** y",
        "asarray": "the tensor as it is",
        "array": "the tensor as it is",
    }
    known = [name for name in (function, f"reduce_{function}") if name in PUBLIC_NAMES]
    instead = f"nn.{known[0]}" if known else here.get(function, "a function of nn")
    instead = f"nn.{instead}" if instead in PUBLIC_NAMES else instead
    return (
        f"numpy.{function} cannot compute with {value}, which has no value while the network is being written: use "
        f"{instead}"
    )
