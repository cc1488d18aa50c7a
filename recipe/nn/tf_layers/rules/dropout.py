"""``dropout``."""

from __future__ import annotations

from ...ops.dropout import Dropout
from ..build import Build
from ..layers import Layer
from ..rule import rule


@rule(Dropout)
def dropout(op: Dropout, build: Build) -> Layer:
    """``dropout`` with a mask entry for each place; by default RETURNN has one for all sequences and frames."""
    return build.add(op, "dropout", {"from": build.reference(op.inputs[0]), **build.dropout(op.rate)})
