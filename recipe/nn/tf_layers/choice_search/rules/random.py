"""Random numbers, and how far training is."""

from __future__ import annotations

from typing import Any

from ....ops.random import RandomUniform, TrainFlag, TrainStep
from ....record.graph import Op
from ...layers import Layer, Reference
from ..op_lowering import OpLowering
from ..rule import rule


@rule(TrainFlag)
def train_flag(op: TrainFlag, lower: OpLowering) -> Layer:
    """``train_flag``."""
    return lower.once(("train_flag", lower.unit), lambda: lower.add(op, "train_flag", {}))


@rule(TrainStep)
def train_step(op: TrainStep, lower: OpLowering) -> Layer:
    """``global_train_step``, which RETURNN has as int64."""
    step = _global_train_step(op, lower)
    return lower.once(("train_step", lower.unit), lambda: lower.add(op, "cast", {"from": step, "dtype": "int32"}))


@rule(RandomUniform)
def random_uniform(op: RandomUniform, lower: OpLowering) -> Layer:
    """
    ``eval`` of numbers that follow from the step of training, RETURNN's ``random_seed`` and which op this is.

    So there is no state to be kept beside a checkpoint (RETURNN's layer ``random`` makes it a parameter), and a
    training that goes on after an interruption sees what it would have seen.
    """
    step = _global_train_step(op, lower)
    seed = f"self.network.get_config().int('random_seed', 42) + {1000 * op.number}"
    shape = "[dim.get_dim_value() for dim in self.output.dims]"
    formula = f"tf.random.stateless_uniform({shape}, [{seed}, source(0, auto_convert=False)])"
    options: dict[str, Any] = {"from": step, "eval": formula, "out_type": {"dims": list(op.dims)}}
    return lower.add(op, "eval", {**options, "out_type": {**options["out_type"], "dtype": "float32"}})


def _global_train_step(op: Op, lower: OpLowering) -> Reference:
    """RETURNN's layer of it, one for all that read it."""
    key = ("global_train_step", lower.unit)
    return lower.once(key, lambda: lower.add(op, "global_train_step", {}, name="global_train_step"))
