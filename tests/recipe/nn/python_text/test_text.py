"""The Python text of programs: it says each op, in order, and is valid Python for every program."""

from __future__ import annotations

import ast
import os
import pathlib
import pickle
import re
import subprocess
import sys
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings

from recipe import nn
from recipe.nn.ops.constants import Constant
from recipe.nn.passes.beams import without_choices
from recipe.nn.passes.fission import fission
from recipe.nn.passes.joins import join
from recipe.nn.program.program import Program
from recipe.nn.python_text.text import python_text
from recipe.nn.record.loops import LoopIndex, LoopOp, PreviousOp, ResultOp

from ...models.kept_models import KeptModel
from ..golden import check_golden
from ..golden_networks import NETWORKS
from ..inputs import CLASSES, FEATURES, FRAMES, LABELS
from ..plain.test_delayed import Output
from ..random_programs import Program as RandomProgram
from ..random_programs.all_forms import all_forms
from ..random_programs.model import RandomModel

ROOT = pathlib.Path(__file__).resolve().parents[4]
FREE = {"float", "inputs", "nn", "parameters", "range"}
"""What a text reads without assigning it."""


class Nested(nn.Module):
    """Loops in a loop, a branch, an end, a limit, a last value, and labels that are searched for."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        frames = nn.get_extern_data(FRAMES)
        loop = nn.Loop(max_seq_len=20)
        loop.state.label = nn.zeros([nn.batch_dim], dtype="int32", sparse_dim=LABELS)
        loop.state.sum = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            row = self.embedding(loop.state.label)
            inner = nn.Loop()
            inner.state.best = row
            with inner:
                frame = inner.unstack(frames)
                with nn.Cond(nn.reduce_sum(frame) > 0.0) as cond:
                    inner.state.best = nn.maximum(inner.state.best, frame)
                with cond.false_branch():
                    inner.state.best = inner.state.best * 0.5
                distances = inner.stack(nn.reduce_sum(abs(frame - row)))
            loop.state.sum += inner.state.best * nn.reduce_max(distances, axis="T")
            loop.state.label = nn.choice(self.output(loop.state.sum))
            loop.end(loop.state.label == 0)
            labels, last = loop.stack(loop.state.label), loop.last(row)
        return {"labels": labels, "last": last, "sum": loop.state.sum}


class Recurrent(nn.Module):
    """A recurrent layer with what passes change."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.output = nn.Linear(FEATURES, 3), nn.Linear(3, LABELS)

    def forward(self) -> None:
        frames, labels = nn.get_extern_data(FRAMES), nn.get_extern_data(CLASSES)
        with nn.Loop() as loop:
            loop.state.h = nn.tanh(self.hidden(nn.dropout(loop.unstack(frames), 0.1)) + 0.5 * loop.state.h - 1.0)
            loss = nn.cross_entropy(self.output(loop.state.h), loop.unstack(labels))
            loss.mark_as_loss("cross_entropy", scale=0.5)


def nested() -> nn.Network:
    return nn.Network(Nested(), search=nn.BeamSearch(3))


def check(program: Program) -> str:
    """
    :raises AssertionError: if the text is no Python, reads what it has not assigned, or lacks an op
    """
    text = python_text(program)
    tree = ast.parse(text)
    unknown = names_read_before(tree.body, set(FREE))
    assert not unknown, f"{unknown} in\n{text}"
    own = (Constant, LoopIndex, LoopOp, PreviousOp, ResultOp)
    ops = [op for op in program.all_ops() if not isinstance(op, own)]
    commented = [line for line in text.splitlines() if re.search(r"^ *\w.* = .*  # \[", line)]
    states = [op for op in program.all_ops() if isinstance(op, PreviousOp) and not op.is_constant]
    stacks = text.count(" = nn.stack(")
    assert len(commented) >= len(ops) + len(states) + stacks
    assert len(re.findall(r"^ *(?:for|while) .*:", text, re.MULTILINE)) == len(program.loops)
    assert python_text(program) == text
    return text


def names_read_before(body: Iterable[ast.stmt], known: set[str]) -> set[str]:
    """The names that statements read before they are assigned; what they assign is added to ``known``."""
    unknown: set[str] = set()
    for statement in body:
        inner = getattr(statement, "body", [])
        outside = [node for node in ast.iter_child_nodes(statement) if node not in inner]
        names = [node for part in outside for node in ast.walk(part) if isinstance(node, ast.Name)]
        unknown |= {name.id for name in names if isinstance(name.ctx, ast.Load)} - known
        known |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
        unknown |= names_read_before(inner, known)
    return unknown


def test_of_the_discussion(request: pytest.FixtureRequest) -> None:
    check_golden("python_text/rec_ff.txt", NETWORKS["rec_ff"]().as_python(), request)


def test_of_nested_loops(request: pytest.FixtureRequest) -> None:
    check_golden("python_text/nested.txt", check(nested()), request)


def test_after_passes(request: pytest.FixtureRequest) -> None:
    """For people who want to know what a pass did: linear maps and their dropout leave the loop, functions join."""
    program = join(fission(nn.Network(Recurrent())))
    check_golden("python_text/recurrent_after_passes.txt", check(program), request)


@pytest.mark.parametrize("name", NETWORKS)
def test_golden_networks(name: str) -> None:
    network = NETWORKS[name]()
    assert python_text(pickle.loads(pickle.dumps(network))) == check(network)
    check(fission(network))
    check(join(network))
    check(join(fission(without_choices(network))))


def test_each_kind_of_module() -> None:
    check(nn.Network(KeptModel()))


@pytest.mark.filterwarnings("ignore")  # of what the programs do not use
@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(program=all_forms())
def test_random_programs(program: RandomProgram) -> None:
    network = nn.Network(RandomModel(program))
    check(network)
    check(without_choices(network))


def test_lines_of_the_user() -> None:
    def model() -> nn.Tensor:
        return nn.get_extern_data(FRAMES) * 2.0

    line = model.__code__.co_firstlineno + 1
    assert f"mul = data * 2.0  # [batch, time, features=5], test_text.py:{line}\n" in nn.Network(model).as_python(
        lines=True
    )
    assert "test_text.py" not in nn.Network(model).as_python()


def test_values_that_jobs_give() -> None:
    rate = Output("dropout")
    text = check(nn.Network(lambda: nn.dropout(nn.get_extern_data(FRAMES), rate)))
    assert re.search(r'nn\.dropout\(data, rate=nn\.later\("jobs/count/CountJob.abc/output/dropout"\)\)', text), text


def test_names_are_python_and_told_apart() -> None:
    """Inputs may have any name, and those of dims need not differ."""
    first, second = nn.Dim(None, "time"), nn.Dim(None, "time")
    names = {"for": first, "nn": second, "1 x": first}
    inputs = [nn.ExternData(name, [nn.batch_dim, dim, 3]) for name, dim in names.items()]

    def model() -> list[nn.Tensor]:
        return [nn.reduce_max(nn.get_extern_data(data), axis=data.dims[1]) for data in inputs]

    text = check(nn.Network(model))
    assert '_for = inputs["for"]  # [batch, time, 3]' in text
    assert 'nn_2 = inputs["nn"]  # [batch, time_2, 3]' in text
    assert '_1_x = inputs["1 x"]' in text and 'nn.reduce_max(nn_2, axis="time_2")' in text


def test_numbers() -> None:
    def model() -> list[nn.Tensor]:
        x = nn.get_extern_data(FRAMES)
        return [(-2.0) ** x, x - (-1.0), nn.maximum(x, float("-inf"))]

    text = check(nn.Network(model))
    assert "(-2.0) ** data" in text and "data - (-1.0)" in text and 'nn.maximum(data, float("-inf"))' in text


def test_the_same_in_other_processes() -> None:
    name = "attention_search"
    code = f"from tests.recipe.nn.golden_networks import NETWORKS; print(NETWORKS[{name!r}]().as_python(), end='')"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {NETWORKS[name]().as_python()}
