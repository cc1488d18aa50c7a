"""Random numbers, and how far training is."""

from __future__ import annotations

from typing import Any

from ...ops.random import RandomUniform, TrainFlag, TrainStep
from ...record.graph import Op
from ..build import Build
from ..layers import Layer, Reference
from ..rule import rule


@rule(TrainFlag)
def train_flag(op: TrainFlag, build: Build) -> Layer:
    """``train_flag``."""
    return build.once(("train_flag", build.unit), lambda: build.add(op, "train_flag", {}))


@rule(TrainStep)
def train_step(op: TrainStep, build: Build) -> Layer:
    """``global_train_step``, which RETURNN has as int64."""
    step = _global_train_step(op, build)
    return build.once(("train_step", build.unit), lambda: build.add(op, "cast", {"from": step, "dtype": "int32"}))


@rule(RandomUniform)
def random_uniform(op: RandomUniform, build: Build) -> Layer:
    """
    ``eval`` of numbers that no state is kept for.

    RETURNN (1.20261022, ``RandomLayer`` in tf/layers/basic.py) keeps a state for ``random``, which becomes a parameter
    of the checkpoint. So the numbers follow from the step of training, RETURNN's ``random_seed`` and which op this is:
    a training that goes on after an interruption sees what it would have seen.
    Test: ops/test_random.py::test_repeated_with_the_same_step_and_seed
    """
    step = _global_train_step(op, build)
    seed = f"self.network.get_config().int('random_seed', 42) + {1000 * op.number}"
    shape = "[dim.get_dim_value() for dim in self.output.dims]"
    formula = f"tf.random.stateless_uniform({shape}, [{seed}, source(0, auto_convert=False)])"
    options: dict[str, Any] = {"from": step, "eval": formula, "out_type": {"dims": list(op.dims)}}
    return build.add(op, "eval", {**options, "out_type": {**options["out_type"], "dtype": "float32"}})


def _global_train_step(op: Op, build: Build) -> Reference:
    """RETURNN's layer of it, one for all that read it."""
    key = ("global_train_step", build.unit)
    return build.once(key, lambda: build.add(op, "global_train_step", {}, name="global_train_step"))
