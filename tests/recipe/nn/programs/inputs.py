"""What the programs read: two sequences of vectors, labels beside each, a grid over both, a vector per sequence."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from recipe import nn

TIME = nn.Dim(None, "time")
OTHER = nn.Dim(None, "other")
FEATURES = nn.Dim(4, "features")
LABELS = nn.Dim(5, "labels")
X = nn.ExternData("x", [nn.batch_dim, TIME, FEATURES])
Z = nn.ExternData("z", [nn.batch_dim, OTHER, FEATURES])
Y = nn.ExternData("y", [nn.batch_dim, TIME], sparse_dim=LABELS)
W = nn.ExternData("w", [nn.batch_dim, OTHER], sparse_dim=LABELS)
GRID = nn.ExternData("grid", [nn.batch_dim, TIME, OTHER, FEATURES])
V = nn.ExternData("v", [nn.batch_dim, FEATURES])


class Batch(NamedTuple):
    """
    The lengths of the sequences of a batch.

    :ivar time: along TIME
    :ivar other: along OTHER
    """

    time: tuple[int, ...]
    other: tuple[int, ...]

    def feeds(self, padding: float = 77.0) -> dict[str, Any]:
        """
        Random inputs by name.

        :param padding: what stands after the ends of sequences of vectors; after those of labels it is other labels
        """
        generator = numpy.random.default_rng(sum(self.time) + 10 * sum(self.other))
        x, z = self._vectors(generator, padding, self.time), self._vectors(generator, padding, self.other)
        y, w = self._labels(generator, self.time), self._labels(generator, self.other)
        v = generator.standard_normal((len(self.time), FEATURES.size)).astype("float32")
        grid = self._vectors(generator, padding, self.time, self.other)
        return {"x": x, "z": z, "y": y, "w": w, "v": v, "grid": grid}

    def _vectors(
        self, generator: numpy.random.Generator, padding: float, *lengths: tuple[int, ...]
    ) -> tuple[numpy.ndarray, ...]:
        sizes = [max(of_axis) for of_axis in lengths]
        value = generator.standard_normal((len(self.time), *sizes, FEATURES.size))
        for row, of_row in zip(value, zip(*lengths)):
            inside: numpy.ndarray = numpy.zeros(sizes, bool)
            inside[tuple(slice(length) for length in of_row)] = True
            row[~inside] = padding
        return value.astype("float32"), *(numpy.array(of_axis, "int32") for of_axis in lengths)

    @staticmethod
    def _labels(generator: numpy.random.Generator, lengths: tuple[int, ...]) -> tuple[numpy.ndarray, ...]:
        value = generator.integers(0, LABELS.size, (len(lengths), max(lengths)))
        return value.astype("int32"), numpy.array(lengths, "int32")


RAGGED = Batch((4, 1, 3), (2, 3, 1))
ALONE = Batch((3,), (2,))
ONE_FRAME = Batch((1, 1), (1, 1))
LONGEST_LAST = Batch((1, 2, 5, 2), (3, 1, 2, 4))
BATCHES = (RAGGED, ALONE, ONE_FRAME, LONGEST_LAST)


def sequence(feeds: dict[str, Any], index: int) -> dict[str, numpy.ndarray]:
    """The inputs of one sequence, as long as it is; numbers in double precision."""
    inputs = {}
    for name, feed in feeds.items():
        value, *lengths = feed if isinstance(feed, tuple) else (feed,)
        value = value[index][tuple(slice(of_axis[index]) for of_axis in lengths)]
        inputs[name] = value.astype("float64") if value.dtype.kind == "f" else value
    return inputs


def x_() -> nn.Tensor:
    """Random vectors [batch, time, features]."""
    return nn.get_extern_data(X)


def z_() -> nn.Tensor:
    """Random vectors over another axis, [batch, other, features]."""
    return nn.get_extern_data(Z)


def y_() -> nn.Tensor:
    """Random labels [batch, time]."""
    return nn.get_extern_data(Y)


def w_() -> nn.Tensor:
    """Random labels over another axis, [batch, other]."""
    return nn.get_extern_data(W)


def grid_() -> nn.Tensor:
    """Random vectors [batch, time, other, features]."""
    return nn.get_extern_data(GRID)


def v_() -> nn.Tensor:
    """A random vector for each sequence, [batch, features]."""
    return nn.get_extern_data(V)


def zeros(*dims: nn.Dim) -> nn.Tensor:
    """Zeros [batch, features], or over other dims after the batch."""
    return nn.zeros([nn.batch_dim, *(dims or [FEATURES])])


def label(number: int = 0, labels: nn.Dim = LABELS) -> nn.Tensor:
    """This label for each sequence, [batch]."""
    return nn.constant(number, [nn.batch_dim], sparse_dim=labels)
