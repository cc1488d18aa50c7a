"""What Python asks of numbers and of lists, refused by a dim with what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import MissingAttributeError, NetworkError
from .familiar_results import OF_DIMS
from .number import is_number, plain_number


class NoNumber:
    """Base of dims: a size is asked for, as it may be one that a job gives, and lengths are known only in a run."""

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: Any) -> bool:
        if self is other:
            return True
        number = plain_number(other)
        if is_number(number):
            raise self._no_number(f"is an axis, which is compared with no number, as with {number}")
        return False

    __hash__ = object.__hash__

    def __len__(self) -> NoReturn:
        raise self._no_number("has no len()")

    def __iter__(self) -> NoReturn:
        raise self._no_number("cannot be iterated over in Python")

    def __index__(self) -> NoReturn:
        raise self._no_number("is no whole number, so it cannot be an index, a length in a shape, nor range() go to it")

    def __int__(self) -> NoReturn:
        raise self._no_number("is no number, so int() cannot make one of it")

    def __float__(self) -> NoReturn:
        raise self._no_number("is no number, so float() and functions of `math` cannot compute with it")

    def __lt__(self, other: Any) -> NoReturn:
        raise self._no_number("cannot be compared by < or >, nor by max() and min()")

    __le__ = __gt__ = __ge__ = __lt__

    def __pow__(self, other: Any) -> NoReturn:
        raise self._no_number("has no power: dims are added, subtracted, multiplied, and divided by //")

    __rpow__ = __pow__

    def __mod__(self, other: Any) -> NoReturn:
        raise self._no_number("has no %: dims are added, subtracted, multiplied, and divided by //")

    __rmod__ = __divmod__ = __rdivmod__ = __mod__

    def __rtruediv__(self, other: Any) -> NoReturn:
        raise self._no_number("divides no number: dims are added, subtracted, multiplied, and divided by //")

    def __neg__(self) -> NoReturn:
        raise self._no_number("has no negative")

    def __abs__(self) -> NoReturn:
        raise self._no_number("is no number, so abs() cannot compute with it")

    def __round__(self, digits: int | None = None) -> NoReturn:
        raise self._no_number("is no number, so round() cannot compute with it")

    def __format__(self, specification: str) -> str:
        if specification:
            raise self._no_number(f"cannot be printed as {specification!r}")
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        if name in OF_DIMS:
            raise MissingAttributeError(f"dim {self!r} has no attribute {name!r}: write {OF_DIMS[name]}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _no_number(self, what: str) -> NetworkError:
        static: bool = getattr(self, "is_static", False)
        instead = "dim.size for its size" if static else "nn.length(dim, like=x) for the tensor of its lengths, [batch]"
        loop = "; for a step per frame `with nn.Loop(axis=dim) as loop:`" if "iterated" in what else ""
        return NetworkError(f"dim {self!r} {what}. Write {instead}{loop}")
