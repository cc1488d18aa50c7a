"""How far training is, and random numbers."""

from __future__ import annotations

from ...ops.random import RandomUniform, RandomUniformInSteps, TrainFlag, TrainStep
from ..code import Code
from ..rule import rule


@rule(TrainFlag)
def train_flag(op: TrainFlag, code: Code) -> str:
    """``model.training``."""
    code.define_scalar(op.output, "model.training")
    return ""


@rule(TrainStep)
def train_step(op: TrainStep, code: Code) -> str:
    """RETURNN's number of the batch."""
    code.define_scalar(op.output, f"{code.function('global_train_step')}()")
    return ""


@rule(RandomUniform)
def random_uniform(op: RandomUniform, code: Code) -> str:
    """``torch.rand``."""
    shape = code.shape(op.dims)
    return f"torch.rand({shape}, device=device)"


@rule(RandomUniformInSteps)
def random_uniform_in_steps(op: RandomUniformInSteps, code: Code) -> str:
    """``torch.rand``, in each step."""
    return random_uniform(op, code)
