"""Random numbers, and how far training is."""

from __future__ import annotations

from typing import Any

from ...ops.inputs import ExternDataOp
from ...ops.random import RandomUniform, RandomUniformInSteps, TrainFlag, TrainStep
from ...record.graph import Op
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from ..made_axes import makers_of_axes
from ..out_type import out_type
from ..rule import rule

RANDOM_IN_STEPS = ConfigFunction(
    '''
    def random_in_steps(source, self, number, **_kwargs):
        """Random numbers that follow from the step of training, those of loops, and which ones they are."""
        import tensorflow as tf

        source(1, as_layer=True)
        first = self.network.get_config().int("random_seed", 42) + 1000 * number
        seed = tf.stack([first, source(0, auto_convert=False)])
        for step in range(2, len(self.sources)):
            seed = tf.random.experimental.stateless_fold_in(seed, source(step, auto_convert=False))
        return tf.random.stateless_uniform([dim.get_dim_value() for dim in self.output.dims], seed)
    '''
)


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
    makers = build.once("makers of axes", lambda: makers_of_axes(build.program))
    if any(dim in makers and not isinstance(makers[dim], ExternDataOp) for dim in op.dims):
        return random_in_steps(op, build)  # which reads what has the axes
    step = _global_train_step(op, build)
    seed = f"self.network.get_config().int('random_seed', 42) + {1000 * op.number}"
    shape = "[dim.get_dim_value() for dim in self.output.dims]"
    formula = f"tf.random.stateless_uniform({shape}, [{seed}, source(0, auto_convert=False)])"
    options: dict[str, Any] = {"from": step, "eval": formula, "out_type": {"dims": list(op.dims)}}
    return build.add(op, "eval", {**options, "out_type": {**options["out_type"], "dtype": "float32"}})


@rule(RandomUniformInSteps)
def random_in_steps(op: RandomUniform, build: Build) -> Layer:
    """``eval`` of numbers that no state is kept for, after what has their axes."""
    sources = [_global_train_step(op, build), *[build.reference(x) for x in op.inputs]]
    options: dict[str, Any] = {"from": sources, "eval": RANDOM_IN_STEPS, "eval_locals": {"number": op.number}}
    options |= {"allow_broadcast_all_sources": True, "out_type": {"sparse_dim": None, **out_type(op.output)}}
    return build.add(op, "eval", options)


def _global_train_step(op: Op, build: Build) -> Reference:
    """RETURNN's layer of it, one for all that read it."""
    key = ("global_train_step", build.unit)
    return build.once(key, lambda: build.add(op, "global_train_step", {}, name="global_train_step"))
