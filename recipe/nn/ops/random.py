"""Random numbers, and what tells how far training is: for what a model does in training alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy

from ..plain.dim import Dim, DimLike, dims_text, ordered_dims
from ..plain.errors import NetworkError
from ..record.op import Op
from ..record.recording import as_tensor
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


class TrainFlag(Op):
    """Whether this is training."""

    name = "train_flag"

    def infer(self) -> None:
        """A bool."""
        self.set_output([], dtype="bool")

    def numpy(self, run: Run) -> numpy.ndarray:
        """As ``nn.run_numpy`` was told."""
        return numpy.array(run.train)

    def layer(self, lower: Lowering) -> Reference:
        """``train_flag``."""
        return lower.once(("train_flag", lower.unit), lambda: lower.add(self, "train_flag", {}))


class TrainStep(Op):
    """How many batches were trained on before."""

    name = "train_step"

    def infer(self) -> None:
        """An int32."""
        self.set_output([], dtype="int32")

    def numpy(self, run: Run) -> numpy.ndarray:
        """As ``nn.run_numpy`` was told."""
        return numpy.array(run.train_step, "int32")

    def layer(self, lower: Lowering) -> Reference:
        """``global_train_step``, which RETURNN has as int64."""
        step = _global_train_step(lower, self)
        return lower.once(("train_step", lower.unit), lambda: lower.add(self, "cast", {"from": step, "dtype": "int32"}))


class RandomUniform(Op):
    """Random numbers, each equally likely between 0 and 1, other ones in each batch."""

    name = "random_uniform"

    def __init__(self, like: Tensor, dims: tuple[Dim, ...]):
        self.dims = dims
        super().__init__(like)
        if self.body.loop is not None:
            raise NetworkError(
                "random_uniform in a loop would be the same in each step: make the numbers of all steps before the "
                "loop, and unstack them"
            )
        recording = self.body.recording
        recording.random_draws += 1
        self.number = recording.random_draws

    def infer(self) -> None:
        """As given."""
        missing = [dim for dim in self.dims if not dim.is_static and dim not in self.inputs[0].dims]
        if missing:
            raise NetworkError(f"random_uniform over {dims_text(missing)}, which {self.inputs[0]} has not: like=...")
        self.set_output(self.dims, dtype="float32")

    def numpy(self, run: Run, like: numpy.ndarray) -> numpy.ndarray:
        """``Generator.random``."""
        return run.random.random(run.shape(self.output), dtype="float32")

    def layer(self, lower: Lowering) -> Reference:
        """
        ``eval`` of numbers that follow from the step of training, RETURNN's ``random_seed`` and which op this is.

        So there is no state to be kept beside a checkpoint (RETURNN's layer ``random`` makes it a parameter), and a
        training that goes on after an interruption sees what it would have seen.
        """
        like = lower.reference(self.inputs[0])
        if lower.is_canonical:
            return lower.add(self, "random", {"from": like, "shape": self.dims, "distribution": "uniform"})
        step = _global_train_step(lower, self)
        seed = f"self.network.get_config().int('random_seed', 42) + {1000 * self.number}"
        shape = "[dim.get_dim_value() for dim in self.output.dims]"
        formula = f"tf.random.stateless_uniform({shape}, [{seed}, source(0, auto_convert=False)])"
        options: dict[str, Any] = {"from": step, "eval": formula, "out_type": {"dims": list(self.dims)}}
        return lower.add(self, "eval", {**options, "out_type": {**options["out_type"], "dtype": "float32"}})


def _global_train_step(lower: Lowering, op: Op) -> Reference:
    """RETURNN's layer of it, one for all that read it."""
    key = ("global_train_step", lower.unit)
    return lower.once(key, lambda: lower.add(op, "global_train_step", {}, name="global_train_step"))


def train_flag() -> Tensor:
    """Whether this is training: a bool; false for development data, in search and in ``nn.run_numpy``'s default."""
    return TrainFlag().output


def train_step() -> Tensor:
    """
    How many batches were trained on before this one: int32. It goes on after an interruption, and in epochs.

    ``nn.run_numpy(..., train_step=...)`` says it, 0 otherwise.
    """
    return TrainStep().output


def random_uniform(dims: Iterable[DimLike], *, like: Tensor) -> Tensor:
    """
    Random numbers from 0 to below 1, other ones in each batch.

    :param dims: of the result
    :param like: a tensor that has those of them that have no fixed size
    :raises NetworkError: in a loop
    """
    return RandomUniform(as_tensor(like), ordered_dims(dims)).output
