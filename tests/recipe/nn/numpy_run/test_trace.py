"""What a run in NumPy computed in each step, as a list and as a table."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.numpy_run.trace import Trace

from ..inputs import FEATURES, FEEDS, LENGTHS, frames, vector

LABELS = nn.Dim(3, "written", labels=["$", "a", "b"])


def trace_of(model: object, **kwargs: object) -> tuple[Trace, nn.NumpyRun]:
    """The trace of a run, and the run."""
    run = nn.run_numpy(nn.Network(model, **kwargs), FEEDS, trace=True)  # type: ignore[arg-type]
    assert isinstance(run.trace, Trace)
    return run.trace, run


def nested() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        inner = nn.Loop(max_seq_len=2)
        inner.state.t = loop.unstack(frames())
        with inner:
            inner.state.t = nn.tanh(inner.state.t)
            inner.end(nn.reduce_sum(inner.state.t) > 100.0)
        loop.state.s = nn.sigmoid(loop.state.s + inner.state.t)
        return loop.stack(loop.state.s)


def test_steps() -> None:
    """Each value of each step is there, with the numbers of the steps of all loops around."""
    trace, run = trace_of(nested)
    outer = [step for step in trace if step.what.startswith("<sigmoid")]
    assert [step.step for step in outer] == [(number,) for number in range(max(LENGTHS))]
    for number, step in enumerate(outer):
        numpy.testing.assert_array_equal(step.value[0], run.outputs["output"].value[0, number])
        assert list(step.alive) == [number < length for length in LENGTHS]
    inner = [step.step for step in trace if step.what.startswith("<tanh")]
    assert inner == [(number, other) for number in range(max(LENGTHS)) for other in range(2)]
    assert len(trace) > len(inner) and trace[0] is next(iter(trace))


def test_without_asking_for_it() -> None:
    with pytest.raises(nn.NetworkError, match="no trace was kept: nn.run_numpy.network, feeds, trace=True."):
        assert nn.run_numpy(nn.Network(nested), FEEDS).trace


def test_table() -> None:
    """A table per loop, a row per value, a column per step; none after the end of the sequence."""
    trace, run = trace_of(nested)
    assert str(trace) == trace.table(0)
    tables = trace.table(1, width=1000).split("\n\n")
    titles = [table.splitlines()[0].partition(":")[0] for table in tables]
    assert titles == ["loop over time in test_trace.py", "loop over steps in test_trace.py"]
    outer = next(table for table in tables if "sigmoid" in table).splitlines()
    assert outer[0].endswith("sequence 1")
    assert outer[1].split() == ["step", "0", "1", "2", "3"]
    row = next(line for line in outer if "sigmoid" in line)
    numbers = row.split("]")[1].split()
    value = run.outputs["output"].value[1]
    shown = [*(f"{number:.3g}" for number in value[0, :3]), "..", *(f"{number:.3g}" for number in value[1, :3]), ".."]
    assert numbers == [*shown, "-", "-"]
    inner = next(table for table in tables if "tanh" in table).splitlines()
    assert inner[1].split() == ["step", "0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1"]
    assert next(line for line in inner if "tanh" in line).split()[-4:] == ["-"] * 4


def test_table_of_some_values_in_a_narrow_window() -> None:
    trace, _ = trace_of(nested)
    text = trace.table(match="state s", width=70)
    assert max(map(len, text.splitlines())) <= 70
    rows = [line for line in text.splitlines() if line.startswith("test_trace.py") and "state" in line]
    assert len(rows) > 1 and all("state s [batch, features=5]" in row for row in rows)
    assert "contains 'nothing'" in trace.table(match="nothing")
    assert "test_trace.py" not in trace.table(lines=False)


def test_table_without_loops() -> None:
    trace, _ = trace_of(vector)
    assert str(trace) == "no loop has run"


def test_labels_and_hypotheses_of_a_search() -> None:
    """Labels are shown by their text; the sequences are the hypotheses."""
    output = nn.Linear(FEATURES, LABELS)

    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            scores = nn.log_softmax(output(vector())) + nn.cast(loop.iter_idx, "float32")
            loop.state.label = nn.choice(scores, input_type="log_prob")
            loop.end(loop.state.label == 0)
            return loop.stack(loop.state.label)

    trace, run = trace_of(model, search=nn.BeamSearch(2))
    chosen = [step for step in trace if step.what.startswith("<choice")]
    assert all(len(step.value) == 2 * len(LENGTHS) for step in chosen)
    first = next(line for line in trace.table(3).splitlines() if "choice" in line).split("]")[1].split()[0]
    assert first == LABELS.labels[chosen[0].value[3]]


def test_arrays() -> None:
    """Each value by name, with an axis for the steps of each loop around; NaN where nothing was computed."""
    trace, run = trace_of(nested)
    arrays = trace.arrays()
    state = arrays["sigmoid"]
    assert state.shape == (max(LENGTHS), len(LENGTHS), 5)
    for sequence, length in enumerate(LENGTHS):
        numpy.testing.assert_array_equal(state[:length, sequence], run.outputs["output"].value[sequence, :length])
        assert numpy.isnan(state[length:, sequence]).all()
    assert arrays["tanh"].shape == (max(LENGTHS), 2, len(LENGTHS), 5)
    numpy.testing.assert_array_equal(arrays["state t"][:, 1], arrays["tanh"][:, 0])
    assert sorted(trace.arrays(match="state")) == sorted(name for name in arrays if "state" in name)
    assert {"state s", "state t"} <= set(arrays)


def test_names_of_arrays() -> None:
    """The user's variables, with the path of the module; a number where one is taken. Integers are 0 where none is."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self) -> nn.Tensor:
            with nn.Loop() as loop:
                x = loop.unstack(frames())
                number = loop.iter_idx + nn.zeros([nn.batch_dim], dtype="int32")
                y = self.inner(x) + self.inner(nn.tanh(x))
                return loop.stack(y * nn.cast(number, "float32"))

    class Inner(nn.Module):
        def forward(self, x: nn.Tensor) -> nn.Tensor:
            squared = x * x
            return squared + 1.0

    trace, _ = trace_of(Model())
    arrays = trace.arrays()
    assert {"x", "y", "number", "inner/squared", "inner/squared_2"} <= set(arrays)
    assert arrays["number"].dtype == "int32" and arrays["number"][:, 1].tolist() == [0, 1, 0, 0]
