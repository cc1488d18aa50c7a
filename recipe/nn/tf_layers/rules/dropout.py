"""``dropout``."""

from __future__ import annotations

from ...ops.dropout import Dropout
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Dropout)
def dropout(op: Dropout, build: Build) -> Layer:
    """
    ``dropout``, as all layers with an option of that name.

    RETURNN (1.20261022, ``_ConcatInputLayer`` in tf/layers/basic.py) has one mask of a dropout for all sequences and
    frames. So ``dropout_noise_shape`` says that each place has an entry of its own.
    Test: ops/test_dropout.py::test_training
    """
    return build.add(op, "dropout", {"from": build.reference(op.inputs[0]), **build.dropout(op.rate)})
