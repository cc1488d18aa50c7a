"""Initial values of parameters."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any

import numpy

from .delayed import Delayed, delayed_or, is_delayed, resolved
from .errors import NetworkError
from .formula import Formula
from .number import is_number, plain_number


class Initializer:
    """How a parameter starts: the text for RETURNN, and the same distribution in NumPy."""

    def returnn(self) -> Any:
        """The ``init`` option of RETURNN's variable layer."""
        raise TypeError(f"{type(self).__name__} does not say its RETURNN name")

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """A float32 array of this shape."""
        raise TypeError(f"{type(self).__name__} does not say its distribution")


@dataclasses.dataclass(frozen=True)
class Constant(Initializer):
    """All values the same."""

    value: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", delayed_or(self.value, "an initial value", is_number, "a number"))

    def returnn(self) -> float | Delayed:
        """The value itself."""
        return self.value if isinstance(self.value, Delayed) else float(self.value)

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """The value everywhere."""
        return numpy.full(shape, resolved(self.value), "float32")


@dataclasses.dataclass(frozen=True)
class Uniform(Initializer):
    """
    Uniform between -limit and limit.

    :param limit: the bound; None for Glorot's ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010)
    """

    limit: float | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and not is_number(self.limit):
            raise NetworkError(f"the limit of Uniform must be a number, not {self.limit!r}")

    @classmethod
    def glorot(cls) -> Uniform:
        """Glorot's bound, from the first and the last dim."""
        return cls(None)

    def returnn(self) -> str:
        """RETURNN's name of the initializer."""
        if self.limit is None:
            return "glorot_uniform"
        return f"random_uniform_initializer({-self.limit!r}, {self.limit!r})"

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """Values from the generator."""
        limit = self.limit
        if limit is None:
            fan = 2 * shape[0] if len(shape) == 1 else shape[0] + shape[-1]
            limit = math.sqrt(6.0 / max(fan, 1))
        return generator.uniform(-limit, limit, shape).astype("float32")


@dataclasses.dataclass(frozen=True)
class Normal(Initializer):
    """
    Gaussian around 0.

    :param deviation: standard deviation
    """

    deviation: float = 1.0

    def __post_init__(self) -> None:
        if not is_number(self.deviation):
            raise NetworkError(f"the deviation of Normal must be a number, not {self.deviation!r}")

    def returnn(self) -> str:
        """RETURNN's name of the initializer."""
        return f"random_normal_initializer(0.0, {self.deviation!r})"

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """Values from the generator."""
        return (generator.standard_normal(shape) * self.deviation).astype("float32")


@dataclasses.dataclass(frozen=True)
class NumpyFile(Initializer):
    """
    The values in a file that ``numpy.save`` wrote, of the parameter's shape, such as embeddings trained elsewhere.

    :param path: of the file, a ``tk.Path``: hashed by where it comes from, and an input of the job
    """

    path: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", delayed_or(self.path, "the path of a NumpyFile", _is_path, "a path"))

    def returnn(self) -> Formula:
        """A constant that is read from the file."""
        return Formula("constant_initializer(numpy.load({0!r}))", self.path)

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """
        The values in the file.

        :raises NetworkError: if they are not of this shape
        """
        path = resolved(self.path)
        values = numpy.load(path).astype("float32")
        if values.shape != shape:
            raise NetworkError(f"{path} has an array of shape {values.shape}, but the parameter has {shape}")
        return values


def as_initializer(initial: Any) -> Initializer:
    """
    An initializer; a number (or what gives one later) means :class:`Constant`.

    :raises NetworkError: for anything else
    """
    if isinstance(initial, Initializer):
        return initial
    if not is_delayed(initial) and not is_number(plain_number(initial)):
        raise NetworkError(
            "the initial value of a parameter is a number, nn.Uniform, nn.Normal, nn.Constant or nn.NumpyFile, not "
            f"{initial!r}"
        )
    return Constant(initial)


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))
