"""Initial values of parameters."""

from __future__ import annotations

import dataclasses
import math

import numpy


class Initializer:
    """How a parameter starts: the text for RETURNN, and the same distribution in NumPy."""

    def returnn(self, shape: tuple[int, ...]) -> str | float:
        """The ``init`` option of RETURNN's variable layer."""
        raise TypeError(f"{type(self).__name__} does not say its RETURNN name")

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """A float32 array of this shape."""
        raise TypeError(f"{type(self).__name__} does not say its distribution")


@dataclasses.dataclass(frozen=True)
class Constant(Initializer):
    """All values the same."""

    value: float = 0.0

    def returnn(self, shape: tuple[int, ...]) -> float:
        """The value itself."""
        return self.value

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """The value everywhere."""
        return numpy.full(shape, self.value, "float32")


@dataclasses.dataclass(frozen=True)
class Uniform(Initializer):
    """
    Uniform between -limit and limit.

    :param limit: the bound; None for Glorot's ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010)
    """

    limit: float | None = None

    @classmethod
    def glorot(cls) -> Uniform:
        """Glorot's bound, from the first and the last dim."""
        return cls(None)

    def returnn(self, shape: tuple[int, ...]) -> str:
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

    def returnn(self, shape: tuple[int, ...]) -> str:
        """RETURNN's name of the initializer."""
        return f"random_normal_initializer(0.0, {self.deviation!r})"

    def sample(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
        """Values from the generator."""
        return (generator.standard_normal(shape) * self.deviation).astype("float32")


def as_initializer(initial: Initializer | float) -> Initializer:
    """An initializer; a number means :class:`Constant`."""
    return initial if isinstance(initial, Initializer) else Constant(float(initial))
