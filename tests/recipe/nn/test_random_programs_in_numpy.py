"""
Random programs of all forms of the language, in NumPy: as unrolled in plain Python, and the same before and after each
pass. Long runs: ``python -m tests.recipe.nn.random_programs --passes --count 10000``.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.numpy_run.interpreter import Result
from recipe.nn.ops.elementwise import Combine, Where
from recipe.nn.ops.reduce import Reduce
from recipe.nn.passes.rewriting import Rewriting
from recipe.nn.program.program import Program as Record
from recipe.nn.record.graph import Body, Op
from recipe.nn.record.loops import LoopOp

from .inputs import FEATURES, FEEDS, TIME, frames, vector
from .random_programs import Program, passes_run
from .random_programs.before_and_after import check_pass, check_runs, in_rows, is_unstable
from .random_programs.in_numpy import RunInNumpy
from .random_programs.passes_run import Outcome, run_many

FORMS = (
    "Cond",
    "MaskedComputation",
    "MaskedComputation in an inner loop",
    "choice with a target",
    "embedding in an inner loop",
    "Lstm over a sequence in a step",
    "gather by computed positions",
    "mask over frames by the number of the step",
    "cell: carried alone",
    "cell: in another way",
    "cell: restarted in each step",
    "cell: shared with other states",
    "end: at the top",
    "end: at the bottom",
    "end: between statements",
    "end: in MaskedComputation",
    "end: in a branch of Cond",
    "history: several of one loop",
    "history: a state depends on it",
    "history: of what depends on a state",
    "history: softmax over it",
    "history: reduce over it",
    "history: of an inner loop",
    "inner loop: over a history",
    "inner loop: over a static axis",
    "inner loop: over the axis of one around",
    "inner loop: over frames from outside",
    "inner loop: over nothing",
    "inner loop: of features",
    "inner loop: of split dims",
    "inner loop: in a branch",
    "inner loop: with frames and an end",
    "inner loop: with frames and a limit",
    "loop: in a branch",
    "loop: over nothing",
    "loop: with frames and an end",
    "loop without a batch dim",
    "loop over labels",
    "loss: in a loop",
    "loss: in an inner loop",
    "loss: in a branch",
    "own axis: attention, with a state",
    "own axis: attention, without a state",
    "own axis: reduced, with a state",
    "pooled axis: of a loop",
    "pooled axis: of a value from outside, read in a loop",
    "postfixed axis: of a value from outside, read in a loop",
    "strided axis: of a value from outside, read in a loop",
    "search: two choices in a step",
    "search: over frames",
    "search: history",
    "search: cell",
    "search: inner loop",
    "search: loop over what it found",
    "state: structure",
    "state: delay line",
    "state: swap",
    "state: without batch dim",
    "state: with an axis of frames",
    "state: without initial value",
    "stack of a sequence",
    "sequences without frames",
)
"""Forms that a few hundred programs must have, so that none gets lost."""
WITH_AXES = (
    Program(((2, 1), (1, 2)), 2, (("grid", ("add", ("replace", ("input", 0)), 0)),), ("replace", ("input", 0))),
    Program(((3, 1), (1, 2)), 2, (("memory", 0), ("read", "causal", ("pool", ("over",), 2, "max"), 1)), outputs="each"),
)


@pytest.fixture(autouse=True)
def quiet() -> object:
    """Random programs do what one would be warned of."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def test_random_programs() -> None:
    outcome = run_many(300, seed=0)
    assert not outcome.failed, failures(outcome)
    assert outcome.searches >= 60 and not outcome.undecided
    assert set(FORMS) <= set(outcome.shares), set(FORMS) - set(outcome.shares)


def failures(outcome: Outcome) -> str:
    """Each kind of failure with its smallest program."""
    return "\n".join(f"{failure.where}: {failure.what}\n{program}" for failure, program in outcome.failed)


def test_after_pickling() -> None:
    """The dims are others then; those of one name are told apart by their order."""
    for program in (Program(((2, 1), (1, 2)), 2, (("choice", 0), ("assign", 1, 1)), beam_size=2), *WITH_AXES):
        run = RunInNumpy(program)
        check_pass(run.network, pickle.loads(pickle.dumps(run.network)), run.feeds, run.parameters)


# the checks find what is wrong


def summing() -> dict[str, nn.Tensor]:
    """A loop with a state, an end, and a loss."""
    loop = nn.Loop()
    loop.state.sum = nn.zeros([nn.batch_dim, FEATURES])
    with loop:
        frame = loop.unstack(frames())
        loop.state.sum = loop.state.sum + frame
        loop.end(nn.reduce_sum(loop.state.sum) > 0.5, include_eos=True)
        nn.reduce_sum(loop.state.sum).mark_as_loss("sum")
        steps = loop.stack(nn.where(loop.state.sum > 0.0, loop.state.sum, frame))
    return {"steps": steps, "last": loop.state.sum}


class Mistaken(Rewriting):
    """
    A copy of a program with a mistake.

    :param mistake: what is done to each op of the copy
    """

    def __init__(self, program: Record, mistake: Callable[[Any], None]):
        super().__init__(program)
        self.mistake = mistake

    def copy_plain(self, op: Op, body: Body) -> None:
        """Copies an op, and makes the mistake."""
        super().copy_plain(op, body)
        self.mistake(self.new[op.output].op)

    def end_loop(self, op: LoopOp, new: LoopOp) -> None:
        """Ends a loop, and makes the mistake."""
        super().end_loop(op, new)
        self.mistake(new)


def subtract(op: Any) -> None:
    """Other values."""
    op.kind = "sub" if isinstance(op, Combine) and op.kind == "add" else getattr(op, "kind", None)


def change_sides(op: Any) -> None:
    """Other values in some places."""
    if isinstance(op, Where):
        op.inputs = (op.inputs[0], op.inputs[2], op.inputs[1])


def take_the_maximum(op: Any) -> None:
    """Other losses, and ends."""
    op.mode = "max" if isinstance(op, Reduce) else getattr(op, "mode", None)


def not_count_the_last_step(op: Any) -> None:
    """Other lengths."""
    if isinstance(op, LoopOp):
        op.include_eos = False


@pytest.mark.parametrize("mistake", [subtract, change_sides, take_the_maximum, not_count_the_last_step])
def test_mistakes_are_found(mistake: Callable[[Any], None]) -> None:
    network = nn.Network(summing)
    check_pass(network, Rewriting(network).run(), FEEDS, {})
    with pytest.raises(AssertionError):
        check_pass(network, Mistaken(network, mistake).run(), FEEDS, {})


def test_missing_outputs_and_losses_are_found() -> None:
    network = nn.Network(summing)
    with pytest.raises(AssertionError, match="other outputs"):
        check_pass(network, Record(network.root_body, network.losses, network.outputs[:1]), FEEDS, {})
    with pytest.raises(AssertionError, match="other losses"):
        check_pass(network, Record(network.root_body, (), network.outputs), FEEDS, {})


def test_rounding_counts_where_nothing_is_summed() -> None:
    """A value of which no numbers are added is the same bit by bit; a sum is nearly the same."""
    factor = 1.0 + 1e-6

    def program(is_changed: bool, is_summed: bool) -> nn.Network:
        def model() -> nn.Tensor:
            x = frames() * (factor if is_changed else 1.0)
            return nn.reduce_sum(x, TIME) if is_summed else x

        return nn.Network(model)

    check_pass(program(False, True), program(True, True), FEEDS, {})
    with pytest.raises(AssertionError, match="bit for bit"):
        check_pass(program(False, False), program(True, False), FEEDS, {})


def test_places_of_a_beam_without_hypothesis_do_not_count() -> None:
    """Three labels of one step are three hypotheses, for four places."""
    run = RunInNumpy(Program(((1,), (1,)), 2, (("choice", 0),), beam_size=4))
    assert run.in_numpy.beam_scores is not None
    (place,) = numpy.flatnonzero(run.in_numpy.beam_scores[0] < -1e29)
    other = nn.run_numpy(run.network, run.feeds, run.parameters)
    other.outputs["last"].value[place] += 1.0
    check_runs(run.network, run.in_numpy, run.network, other)
    other.outputs["last"].value[1 - place] += 1.0
    with pytest.raises(AssertionError, match="output last"):
        check_runs(run.network, run.in_numpy, run.network, other)


def test_other_scores_are_found() -> None:
    run = RunInNumpy(Program(((2,), (1,)), 2, (("choice", 0),), beam_size=2))
    other = nn.run_numpy(run.network, run.feeds, run.parameters)
    assert other.beam_scores is not None
    other.beam_scores += 1e-3
    with pytest.raises(AssertionError, match="scores of the search"):
        check_runs(run.network, run.in_numpy, run.network, other)


def test_axis_of_hypotheses() -> None:
    """What has an axis of them is compared with one row for each; so is what is the same for all."""
    beam, batch = nn.Dim(2, "beam"), nn.batch_dim
    value = numpy.arange(2 * 3 * 2 * 5).reshape(2, 3, 2, 5)  # [beam, time, batch, features]
    lengths = numpy.array([[3, 1], [2, 2]])
    rows = numpy.moveaxis(value, (2, 0, 1), (0, 1, 2)).reshape(4, 3, 5)
    like = Result(rows, (batch, TIME, FEATURES), {TIME: lengths.reshape(-1)})
    given = in_rows("x", Result(value, (beam, TIME, batch, FEATURES), {TIME: lengths}), like)
    numpy.testing.assert_array_equal(given.value, rows)
    numpy.testing.assert_array_equal(given.lengths[TIME], [3, 1, 2, 2])
    alike = in_rows("x", Result(value[0], (TIME, batch, FEATURES), {TIME: lengths[0]}), like)
    numpy.testing.assert_array_equal(alike.value, numpy.repeat(value[0].swapaxes(0, 1), 2, axis=0))
    numpy.testing.assert_array_equal(alike.lengths[TIME], [3, 3, 1, 1])


def test_where_rounding_decides() -> None:
    network = nn.Network(lambda: nn.where(vector() > 1.0, 5.0, vector()))
    for value, is_at_the_bound in ((1.0, True), (1.1, False)):
        feeds: dict[str, Any] = {"vector": numpy.full((3, 5), value, "float32")}
        assert is_unstable(network, nn.run_numpy(network, feeds, {}), feeds, {}) == is_at_the_bound


def test_failing_programs_become_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes_run, "passes", lambda: {"wrong": lambda network: Mistaken(network, change_sides).run()})
    outcome = run_many(10, seed=1, with_shares=False)
    assert outcome.counts["wrong"] >= 1
    smallest = min((program for _, program in outcome.failed), key=lambda program: len(repr(program)))
    assert len(list(smallest.statements())) <= 3
