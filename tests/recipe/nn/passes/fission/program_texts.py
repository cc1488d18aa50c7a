"""Programs after the pass as text, in another process: ``python -m tests.recipe.nn.passes.fission.program_texts``."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator

from recipe import nn
from recipe.nn.passes.fission import fission
from recipe.nn.program.program import Program
from recipe.nn.record.graph import Body, Tensor
from recipe.nn.record.loops import LoopOp

from ...golden_networks import NETWORKS
from .test_loops_that_end import Ended, Search
from .test_own_sequence import STEPS, Model
from .test_what_stays import ManyResults


def texts() -> dict[str, str]:
    """The text of each program."""
    models = {"results": ManyResults(), "search": Search(True), "ended": Ended("state"), "own": Model(STEPS[0])}
    networks = {**{name: make() for name, make in NETWORKS.items()}, **{n: nn.Network(m) for n, m in models.items()}}
    return {name: "\n".join(_lines(fission(network))) for name, network in networks.items()}


def _lines(program: Program) -> Iterator[str]:
    numbers: dict[Tensor, int] = {}
    yield from _lines_of_body(program.root_body, numbers)
    yield str([numbers[loss.tensor] for loss in program.losses] + [numbers[x] for _, x in program.outputs])


def _lines_of_body(body: Body, numbers: dict[Tensor, int]) -> Iterator[str]:
    for op in body.ops:
        for tensor in op.outputs:
            numbers[tensor] = len(numbers)
        dims = [[dim.name for dim in tensor.dims] for tensor in op.outputs]
        yield f"{op.name} {[numbers[tensor] for tensor in op.inputs]} {dims}"
        if isinstance(op, LoopOp):
            yield from _lines_of_body(op.body_of_steps, numbers)
            yield f"states {[(numbers[state.initial], numbers[state.final]) for state in op.previous.values()]}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump(texts(), sys.stdout)
