"""Networks, runs, their results and dims tell what their attributes are called; dims are no numbers."""

from __future__ import annotations

import math
import pathlib
import pickle
import warnings
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.plain.familiar_results import (
    OF_CONDS,
    OF_DIMS,
    OF_LOOPS,
    OF_NETWORKS,
    OF_RESULTS,
    OF_RUNS,
    OF_STATES,
)

from ..inputs import FEATURES, FEEDS, TIME, frames, vector

HIDDEN = nn.Dim(4, "hidden")


def made() -> tuple[nn.Network, Any]:
    """A network, and a run of it."""
    network = nn.Network(lambda: nn.Linear(HIDDEN)(frames()))
    return network, nn.run_numpy(network, {"data": FEEDS["data"]})


@pytest.mark.parametrize("table", [OF_NETWORKS, OF_RUNS, OF_RESULTS, OF_DIMS], ids=["network", "run", "result", "dim"])
def test_each_says_code_that_runs(table: dict[str, str], tmp_path: pathlib.Path) -> None:
    network, run = made()
    of: Any = {id(OF_NETWORKS): network, id(OF_RUNS): run, id(OF_RESULTS): run.outputs["output"], id(OF_DIMS): HIDDEN}
    names: dict[str, Any] = {"nn": nn, "network": network, "run": run, "result": run.outputs["output"]}
    names |= {"feeds": {"data": FEEDS["data"]}, "path": str(tmp_path / "network.txt"), "dim": HIDDEN}
    names["nn.check_gradients"] = None
    for name, advice in table.items():
        with pytest.raises(AttributeError) as caught:
            getattr(of[id(table)], name)
        assert isinstance(caught.value, nn.NetworkError) and f"{name!r}: write {advice}" in str(caught.value)
        code = advice.partition(",")[0] if "(" not in advice.partition(",")[0] else advice.partition("), ")[0]
        code = code if code.count("(") == code.count(")") else f"{code})"
        if "nn.length" in code or "check_gradients" in code:
            continue  # inside of models, and with RETURNN: tests of their own
        exec(code.replace("(...)", ""), dict(names))


@pytest.mark.parametrize("table,name", [(OF_LOOPS, "loop"), (OF_STATES, "state"), (OF_CONDS, "cond")])
def test_each_says_code_that_runs_in_a_model(table: dict[str, str], name: str) -> None:
    def model(advice: str, attribute: str) -> nn.Tensor:
        state = nn.State(vector())
        loop = nn.Loop()
        loop.state.h = vector()
        with loop:
            frame = loop.unstack(frames())
            condition = nn.reduce_sum(frame) > 0.0
            names = {"nn": nn, "loop": loop, "frame": frame, "state": state, "condition": condition, "x": frames()}
            with nn.Cond(condition) as cond:
                cond.true = frame
            names["cond"] = cond
            with pytest.raises(AttributeError) as caught:
                getattr(names[name], attribute)
            assert f"{attribute!r}: write {advice}" in str(caught.value)
            if advice == "cond.result":
                with cond.false_branch():
                    cond.false = -frame
            if "spatial_dim" not in advice and "seq_len" not in advice:  # of vectors, which have none
                exec(advice, names)
            y = loop.stack(nn.where(condition, frame, state.get()))
        return y

    for attribute, advice in table.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nn.NetworkWarning)
            nn.Network(model, advice=advice, attribute=attribute)


def test_names_that_are_not_there() -> None:
    network, run = made()
    assert not hasattr(network, "something") and not hasattr(run, "something")
    for code, words in (
        ("network(feeds)", "nn.run_numpy"),
        ("network.parameters()", "network.parameters.values()"),
        ("network.digests", "Did you mean 'digest'?"),
        ("network.parameters['linear/w']", "Did you mean 'linear/W'?"),
        ("run['output']", "run.outputs['output'].value"),
        ("run.outputs['outptu']", "Did you mean 'output'?"),
        ("run.outputs.output", "run.outputs['output']"),
        ("run.result('output')", "run.outputs"),
        ("run.beam_score", "Did you mean 'beam_scores'?"),
        ("run.outputs['output'].valu", "Did you mean 'value'?"),
    ):
        with pytest.raises(nn.NetworkError) as caught:
            eval(code, {"network": network, "run": run, "feeds": {}})
        assert words in str(caught.value), code
    with pytest.raises(KeyError):
        run.losses["ce"]
    numpy.testing.assert_array_equal(numpy.asarray(run.outputs["output"]), run.outputs["output"].value)
    again = pickle.loads(pickle.dumps(run.outputs))
    assert list(again) == ["output"] and again.what == "run.outputs"


@pytest.mark.parametrize(
    "code,words",
    [
        ("for x in loop: pass", "x = loop.unstack(sequence)"),
        ("loop[0]", "loop.unstack(x)"),
        ("loop(frame)", "`with nn.Loop() as loop:`"),
        ("loop.state()", "loop.state.NAME = value"),
        ("loop.state.get('h')", "States and loop.iter_idx are attributes"),
        ("loop.iter_idx()", "States and loop.iter_idx are attributes"),
        ("state()", "state.assign(value)"),
        ("loop.unstack(frames, frames)", "Of several tensors each has a call"),
        (
            "loop.stack(frame, axis=0)",
            "loop.stack(y) got an unexpected keyword argument 'axis': write loop.stack(frame)",
        ),
        ("frame.mark_as_loss('ce', 0.5)", "x.mark_as_loss(name=None, *, scale=1.0, as_error=False) takes from 1 to 2"),
        ("nn.Lstm(3)(frames, frame)", "y, state = lstm(x, nn.LstmState(h, c))"),
        ("nn.reduce_max(frame, frame)", "nn.maximum(a, b)"),
        ("nn.zeros(frame)", "x.dims"),
        ("nn.ModuleList(3)", "is made of modules, not of 3"),
        ("frame.mark_as_default_output()", "Did you mean 'mark_as_output'?"),
        ("nn.BeamSearch(beam=3)", "Did you mean 'beam_size'?"),
    ],
)
def test_calls_of_other_libraries(code: str, words: str) -> None:
    def model() -> None:
        state = nn.State(vector())
        with nn.Loop() as loop:
            names = {"nn": nn, "loop": loop, "frame": loop.unstack(frames()), "frames": frames(), "state": state}
            exec(code, names)

    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(model)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "code",
    [
        "range(dim)", "list(dim)", "len(dim)", "int(dim)", "float(dim)", "dim > 3", "3 <= dim", "max(dim, other)",
        "dim**2", "dim % 2", "divmod(dim, 2)", "-dim", "abs(dim)", "round(dim)", "1 / dim", "math.sqrt(dim)",
        "numpy.zeros((dim, 3))", "f'{dim:d}'", "2**dim",
    ],
)  # fmt: skip
@pytest.mark.parametrize("dim,words", [(HIDDEN, "dim.size"), (TIME, "nn.length(dim, like=x)")], ids=["static", "time"])
def test_dims_are_no_numbers(code: str, dim: nn.Dim, words: str) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        eval(code, {"dim": dim, "other": dim, "math": math, "numpy": numpy})
    assert words in str(caught.value)


def test_dims_are_true_and_printed() -> None:
    assert HIDDEN and TIME and f"{HIDDEN}" == "hidden=4"
    with pytest.raises(nn.NetworkError, match="dims come as a list"):
        nn.Network(lambda: nn.zeros(FEATURES))  # type: ignore[arg-type]
