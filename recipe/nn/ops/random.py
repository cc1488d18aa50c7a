"""Random numbers, and what tells how far training is: for what a model does in training alone."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.dims import dims_text, ordered_dims
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor, current_recorder
from ..record.loops import LoopIndex
from .activation import cos, log, sqrt
from .as_tensor import as_tensor
from .constants import zeros


class TrainFlag(Op):
    """Whether this is training."""

    name = "train_flag"

    def infer(self) -> None:
        """A bool."""
        self.set_output([], dtype="bool")

    def numpy(self, run: Arrays) -> numpy.ndarray:
        """As ``nn.run_numpy`` was told."""
        return numpy.array(run.train)

    def form(self) -> Form:
        """``train_flag``."""
        return Form("train_flag", {}, is_shared=True)


class TrainStep(Op):
    """How many batches were trained on before."""

    name = "train_step"

    def infer(self) -> None:
        """An int32."""
        self.set_output([], dtype="int32")

    def numpy(self, run: Arrays) -> numpy.ndarray:
        """As ``nn.run_numpy`` was told."""
        return numpy.array(run.train_step, "int32")

    def form(self) -> Form:
        """``global_train_step``, which RETURNN has as int64."""
        return Form("cast", {"from": Form("global_train_step", {}, is_shared=True), "dtype": "int32"}, is_shared=True)


class RandomUniform(Op):
    """Random numbers, each equally likely between 0 and 1, other ones in each batch."""

    name = "random_uniform"

    def __init__(self, like: Tensor, dims: tuple[Dim, ...], *steps: Tensor):
        self.dims = dims
        super().__init__(like, *steps)
        recording = self.body.recording
        recording.random_draws += 1
        self.number = recording.random_draws

    def infer(self) -> None:
        """As given."""
        missing = [dim for dim in self.dims if not dim.is_static and dim not in self.inputs[0].dims]
        if missing:
            raise NetworkError(f"random_uniform over {dims_text(missing)}, which {self.inputs[0]} has not: like=...")
        self.set_output(self.dims, dtype="float32")

    def numpy(self, run: Arrays, like: numpy.ndarray, *steps: numpy.ndarray) -> numpy.ndarray:
        """``Generator.random``."""
        return run.random.random(run.shape(self.output.dims), dtype="float32")

    def form(self) -> Form:
        """``random``."""
        options = {"from": self.inputs[0], "shape": self.dims, "distribution": "uniform"}
        return Form("random", {**options, "steps": list(self.inputs[1:])} if self.inputs[1:] else options)


class RandomUniformInSteps(RandomUniform):
    """
    The same in the steps of a loop: other ones in each step.

    :param steps: the numbers of the steps of the loops around
    """

    is_random = True
    takes_more_axes = False


def train_flag() -> Tensor:
    """Whether this is training: a bool; false for development data, in search and in ``nn.run_numpy``'s default."""
    return TrainFlag().output


def train_step() -> Tensor:
    """
    How many batches were trained on before this one: int32. It goes on after an interruption, and in epochs.

    ``nn.run_numpy(..., train_step=...)`` says it, 0 otherwise.
    """
    return TrainStep().output


def random_uniform(dims: Iterable[DimLike], *, like: Tensor | None = None) -> Tensor:
    """
    Random numbers from 0 to below 1, other ones in each batch, and in each step of a loop.

    :param dims: of the result
    :param like: a tensor that has those of them that have no fixed size; default: one that has them is found
    """
    of_result = ordered_dims(dims)
    like = as_tensor(like) if like is not None else zeros(of_result)
    steps = []
    loop = current_recorder().body.loop
    while loop is not None:
        with current_recorder().at(loop.body_of_steps):
            steps.append(LoopIndex(loop).output)
        loop = loop.body.loop
    kind = RandomUniformInSteps if steps else RandomUniform
    return kind(like, of_result, *steps).output


def random_normal(dims: Iterable[DimLike], *, like: Tensor | None = None) -> Tensor:
    """
    Normally distributed random numbers, of mean 0 and deviation 1, other ones in each batch, and in each step of a loop
    (Box and Muller 1958).

    :param dims: of the result
    :param like: a tensor that has those of them that have no fixed size; default: one that has them is found
    """
    of_result = ordered_dims(dims)
    radius, angle = (random_uniform(of_result, like=like) for _ in range(2))
    return sqrt(-2.0 * log(1.0 - radius)) * cos(2.0 * math.pi * angle)
