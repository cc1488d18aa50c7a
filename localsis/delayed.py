"""
Operations on values that jobs will write: ``variable + 1``, ``variable["key"]``, ``path.rformat("{}.gz")``.

Names of classes and attributes are those of Sisyphus: they are hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .hashing import hash_bytes

_LAST_ENTRY = 2**17
"""At which entry of a delayed value it is said that there is no end of them."""


def resolve(value: Any) -> Any:
    """The value itself, or what a delayed one stands for."""
    return value.get() if isinstance(value, DelayedBase) else value


def is_set(value: Any) -> bool:
    """Whether a value is known already."""
    return value.is_set() if isinstance(value, DelayedBase) else True


class DelayedBase:
    """
    A value that :meth:`get` gives once the jobs are done that it comes from.

    :param a: first operand
    :param b: second operand
    """

    def __init__(self, a: Any, b: Any = None):
        self.a = a
        self.b = b

    def is_set(self) -> bool:
        """Whether all that it comes from is known."""
        return is_set(self.a) and is_set(self.b)

    def get(self) -> Any:
        """The value."""
        raise TypeError(f"{type(self).__name__} does not define get()")

    def __add__(self, other: Any) -> DelayedAdd:
        return DelayedAdd(self, other)

    def __radd__(self, other: Any) -> DelayedAdd:
        return DelayedAdd(other, self)

    def __sub__(self, other: Any) -> DelayedSub:
        return DelayedSub(self, other)

    def __rsub__(self, other: Any) -> DelayedSub:
        return DelayedSub(other, self)

    def __mul__(self, other: Any) -> DelayedMul:
        return DelayedMul(self, other)

    def __rmul__(self, other: Any) -> DelayedMul:
        return DelayedMul(other, self)

    def __truediv__(self, other: Any) -> DelayedTrueDiv:
        return DelayedTrueDiv(self, other)

    def __rtruediv__(self, other: Any) -> DelayedTrueDiv:
        return DelayedTrueDiv(other, self)

    def __floordiv__(self, other: Any) -> DelayedFloorDiv:
        return DelayedFloorDiv(self, other)

    def __rfloordiv__(self, other: Any) -> DelayedFloorDiv:
        return DelayedFloorDiv(other, self)

    def __mod__(self, other: Any) -> DelayedMod:
        return DelayedMod(self, other)

    def __pow__(self, other: Any, modulo: Any = None) -> DelayedBase:
        power = DelayedPow(self, other)
        return power if modulo is None else DelayedMod(power, modulo)

    def __rpow__(self, other: Any) -> DelayedPow:
        return DelayedPow(other, self)

    def __round__(self, digits: Any = None) -> DelayedRound:
        return DelayedRound(self, digits)

    def __getitem__(self, key: Any) -> DelayedGetItem:
        """
        An entry. Python also takes entries from it, one after the other, where it is iterated over.

        :raises TypeError: where nothing ends that, as in ``list(variable)``, with which Sisyphus never comes to an end
        """
        if type(key) is int and key == _LAST_ENTRY:
            raise TypeError(
                f"a {type(self).__name__} is known only when its job is done, so it cannot be iterated over without an "
                "end: take the entries that you need, as [variable[0], variable[1]] or zip(variable, range(2))"
            )
        return DelayedGetItem(self, key)

    def __call__(self, *args: Any, **kwargs: Any) -> DelayedFunctionV2:
        """What the value, a function, gives for arguments."""
        return DelayedFunctionV2(self, args, kwargs)

    def format(self, *args: Any, **kwargs: Any) -> DelayedFormat:
        """``value.format(...)``."""
        return DelayedFormat(self, *args, **kwargs)

    def rformat(self, template: Any, *args: Any, **kwargs: Any) -> DelayedFormat:
        """``template.format(value, ...)``."""
        return DelayedFormat(template, self, *args, **kwargs)

    def replace(self, *args: Any, **kwargs: Any) -> DelayedReplace:
        """``value.replace(...)``."""
        return DelayedReplace(self, *args, **kwargs)

    def function(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> DelayedFunction:
        """``func(value, ...)``."""
        return DelayedFunction(self, func, *args, **kwargs)

    def fallback(self, other: Any) -> DelayedFallback:
        """The other value as long as this one is not set."""
        return DelayedFallback(self, other)

    def __repr__(self) -> str:
        return str(self.get())

    def __str__(self) -> str:
        return str(self.get())


class DelayedAdd(DelayedBase):
    """``a + b``."""

    def get(self) -> Any:
        """The sum."""
        return resolve(self.a) + resolve(self.b)


class DelayedSub(DelayedBase):
    """``a - b``."""

    def get(self) -> Any:
        """The difference."""
        return resolve(self.a) - resolve(self.b)


class DelayedMul(DelayedBase):
    """``a * b``."""

    def get(self) -> Any:
        """The product."""
        return resolve(self.a) * resolve(self.b)


class DelayedTrueDiv(DelayedBase):
    """``a / b``."""

    def get(self) -> Any:
        """The quotient."""
        return resolve(self.a) / resolve(self.b)


class DelayedFloorDiv(DelayedBase):
    """``a // b``."""

    def get(self) -> Any:
        """The quotient, rounded down."""
        return resolve(self.a) // resolve(self.b)


class DelayedMod(DelayedBase):
    """``a % b``."""

    def get(self) -> Any:
        """The remainder."""
        return resolve(self.a) % resolve(self.b)


class DelayedPow(DelayedBase):
    """``a ** b``."""

    def get(self) -> Any:
        """The power."""
        return resolve(self.a) ** resolve(self.b)


class DelayedRound(DelayedBase):
    """``round(a, b)``."""

    def get(self) -> Any:
        """The rounded value."""
        return round(resolve(self.a), resolve(self.b))


class DelayedGetItem(DelayedBase):
    """``a[b]``."""

    def get(self) -> Any:
        """The entry."""
        return resolve(self.a)[resolve(self.b)]


class DelayedFallback(DelayedBase):
    """``a`` where it is set, else ``b``."""

    def get(self) -> Any:
        """The one or the other."""
        return self.a.get() if self.a.is_set() else resolve(self.b)


class Delayed(DelayedBase):
    """A known value with the operations of a delayed one; hashed as the value itself."""

    def __init__(self, a: Any):
        super().__init__(a)

    def get(self) -> Any:
        """The value."""
        return resolve(self.a)

    def _sis_hash(self) -> bytes:
        return hash_bytes(self.a)


class DelayedFunctionBase(DelayedBase):
    """
    Something called on a value.

    :param string: the value
    :param args: further arguments
    """

    def __init__(self, string: Any, *args: Any, **kwargs: Any):
        self.string = string
        self.args = args
        self.kwargs = kwargs

    def is_set(self) -> bool:
        """Whether the value and all arguments are known."""
        return all(is_set(value) for value in (self.string, *self.args, *self.kwargs.values()))


class DelayedFunction(DelayedFunctionBase):
    """``func(string, ...)``."""

    def __init__(self, string: Any, func: Callable[..., Any], *args: Any, **kwargs: Any):
        self.func = func
        if func.__name__ == "<lambda>":
            raise TypeError("a lambda cannot be hashed: give a function that has a name in a module")
        super().__init__(string, *args, **kwargs)

    def get(self) -> Any:
        """What the function gives."""
        return self.func(resolve(self.string), *self.args, **self.kwargs)


class DelayedFormat(DelayedFunctionBase):
    """``string.format(...)``."""

    def get(self) -> Any:
        """The text."""
        return resolve(self.string).format(*(resolve(value) for value in self.args), **self.kwargs)


class DelayedReplace(DelayedFunctionBase):
    """``string.replace(...)``."""

    def get(self) -> Any:
        """The text."""
        return resolve(self.string).replace(*self.args, **self.kwargs)


class DelayedFunctionV2(DelayedBase):
    """``func(*args, **kwargs)``, of which each may be delayed."""

    def __init__(self, func: Any, args: Any, kwargs: Any):
        self.func = func
        self.args = args
        self.kwargs = kwargs

    def is_set(self) -> bool:
        """Whether function and arguments are known."""
        return is_set(self.func) and is_set(self.args) and is_set(self.kwargs)

    def get(self) -> Any:
        """What the function gives."""
        args = [resolve(value) for value in resolve(self.args)]
        kwargs = {key: resolve(value) for key, value in resolve(self.kwargs).items()}
        return resolve(self.func)(*args, **kwargs)


class DelayedSlice(DelayedBase):
    """``iterable[index_start:index_end:step]``."""

    def __init__(self, iterable: Any, index_start: Any = 0, index_end: Any = -1, step: Any = 1):
        self.iterable = iterable
        self.index_start = index_start
        self.index_end = index_end
        self.step = step

    def is_set(self) -> bool:
        """Whether all is known."""
        return all(is_set(value) for value in vars(self).values())

    def get(self) -> Any:
        """The part."""
        return resolve(self.iterable)[resolve(self.index_start) : resolve(self.index_end) : resolve(self.step)]


class DelayedJoin(DelayedBase):
    """``separator.join(iterable)``."""

    def __init__(self, iterable: Iterable[Any], separator: str):
        self.iterable = iterable
        self.separator = separator

    def is_set(self) -> bool:
        """Whether all parts are known."""
        return all(is_set(value) for value in self.iterable)

    def get(self) -> str:
        """The text."""
        return self.separator.join([resolve(value) for value in self.iterable])
