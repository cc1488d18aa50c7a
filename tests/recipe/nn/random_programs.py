"""
Random programs out of states, linear maps, cells, conditions, masks, nested loops and ends.

A program is plain data, so that hypothesis can shrink it, and a failing one can be written down as a test::

    python -m tests.recipe.nn.random_programs 500       # a long run: prints each failing program and a summary
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from recipe import nn

from .agreement import Agreement, check_agreement, ragged_frames

FUNCTIONS: dict[str, Callable[[nn.Tensor, nn.Tensor], nn.Tensor]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": nn.maximum,
    "sigmoid": lambda a, b: nn.sigmoid(a) - b,
    "where": lambda a, b: nn.where(a > b, a, 0.5 * b),
    "by_mean": lambda a, b: a * nn.reduce_mean(b),
}
NUM_STATES, NUM_LINEAR, NUM_CELLS = 3, 2, 2
Statement = tuple[Any, ...]


class Program(NamedTuple):
    """
    One random program: a loop over the frames of the first input.

    :ivar lengths: of the sequences of both inputs
    :ivar features: the size of all vectors
    :ivar body: the statements of the loop
    """

    lengths: tuple[tuple[int, ...], tuple[int, ...]]
    features: int
    body: tuple[Statement, ...]


class RandomModel(nn.Module):
    """What a program says, as a Module; the calls of its modules share their parameters."""

    def __init__(self, program: Program):
        super().__init__()
        self.program = program
        self.features = nn.Dim(program.features, name="features")
        self.linear = nn.ModuleList([nn.Linear(self.features, self.features) for _ in range(NUM_LINEAR)])
        self.cells = nn.ModuleList([nn.LstmCell(self.features, self.features) for _ in range(NUM_CELLS)])
        self.times = [nn.Dim(None, name="time"), nn.Dim(None, name="other_time")]

    def feeds(self) -> dict[str, Any]:
        """Two ragged batches."""
        return {
            f"data{number}": ragged_frames(lengths, self.program.features, seed=number)
            for number, lengths in enumerate(self.program.lengths)
        }

    def forward(self) -> dict[str, nn.Tensor]:
        """The final values of all states, and the last value of the body in all steps and in the last."""
        dims = [[nn.batch_dim, time, self.features] for time in self.times]
        self.inputs = [nn.get_extern_data(nn.ExternData(f"data{n}", dims[n])) for n in range(2)]
        self.states = [
            nn.State([nn.batch_dim, self.features], initial=0.25 * number, name=f"s{number}")
            for number in range(NUM_STATES)
        ]
        self.cell_states = [nn.State(initial=cell.initial_state(), name=f"c{n}") for n, cell in enumerate(self.cells)]
        with nn.Loop() as loop:
            values = [loop.unstack(self.inputs[0])]
            self._run(self.program.body, values, loop)
            outputs = {"steps": loop.stack(values[-1]), "last": loop.last(values[-1])}
        (outputs["steps"] * 0.1).mark_as_loss("loss")
        for number, state in enumerate(self.states):
            outputs[f"state{number}"] = state.get()
            state.get().mark_as_loss(f"state{number}_loss")
        for number, cell_state in enumerate(self.cell_states):
            outputs[f"cell{number}"] = cell_state.get().h
        return outputs

    def _run(self, statements: Sequence[Statement], values: list[nn.Tensor], loop: nn.Loop) -> None:
        for kind, *arguments in statements:
            getattr(self, f"_{kind}")(values, loop, *arguments)

    def _pick(self, values: list[nn.Tensor], index: int) -> nn.Tensor:
        readable = [*values, *(state.get() for state in self.states)]
        return readable[index % len(readable)]

    def _condition(self, values: list[nn.Tensor], index: int) -> nn.Tensor:
        return nn.reduce_sum(self._pick(values, index)) > 0.1

    # the statements

    def _function(self, values: list[nn.Tensor], loop: nn.Loop, name: str, left: int, right: int) -> None:
        values.append(nn.tanh(FUNCTIONS[name](self._pick(values, left), self._pick(values, right))))

    def _linear(self, values: list[nn.Tensor], loop: nn.Loop, number: int, source: int) -> None:
        values.append(nn.tanh(self.linear[number](self._pick(values, source))))

    def _cell(self, values: list[nn.Tensor], loop: nn.Loop, number: int, source: int) -> None:
        h, new = self.cells[number](self._pick(values, source), self.cell_states[number].get())
        self.cell_states[number].assign(new)
        values.append(h)

    def _assign(self, values: list[nn.Tensor], loop: nn.Loop, state: int, source: int) -> None:
        self.states[state].assign(self._pick(values, source))

    def _reset(self, values: list[nn.Tensor], loop: nn.Loop, state: int) -> None:
        self.states[state].assign(nn.zeros([nn.batch_dim, self.features]))

    def _mask(self, values: list[nn.Tensor], loop: nn.Loop, condition: int, body: Sequence[Statement]) -> None:
        with nn.MaskedComputation(mask=self._condition(values, condition)):
            self._run(body, values, loop)

    def _cond(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop,
        condition: int,
        true_body: Sequence[Statement],
        false_body: Sequence[Statement],
    ) -> None:
        with nn.Cond(self._condition(values, condition)) as cond:
            inner = list(values)
            self._run(true_body, inner, loop)
            cond.true = nn.tanh(inner[-1])
        with cond.false_branch():
            inner = list(values)
            self._run(false_body, inner, loop)
            cond.false = inner[-1] * 0.5
        values.append(cond.result)

    def _loop(
        self, values: list[nn.Tensor], loop: nn.Loop, end_after: int | None, unstacks: bool, body: Sequence[Statement]
    ) -> None:
        if end_after is None:
            unstacks = True
        with nn.Loop(max_seq_len=None if unstacks else 4) as inner_loop:
            inner = list(values)
            if unstacks:
                inner.append(inner_loop.unstack(self.inputs[1]))
            self._run(body, inner, inner_loop)
            if end_after is not None:
                inner_loop.end(inner_loop.iter_idx >= end_after, include_eos=True)
            last = inner_loop.last(inner[-1])
        values.append(last)


def check_program(program: Program, **options: Any) -> Agreement:
    """
    Runs a program in NumPy and in RETURNN.

    :raises AssertionError: if they differ
    """
    model = RandomModel(program)
    return check_agreement(nn.Network(model), model.feeds(), **options)


def programs(max_statements: int = 5, depth: int = 2) -> Any:
    """A hypothesis strategy for programs; blocks nest ``depth`` deep."""
    from hypothesis import strategies as st

    number = st.integers(0, 7)
    simple = st.one_of(
        st.tuples(st.just("function"), st.sampled_from(sorted(FUNCTIONS)), number, number),
        st.tuples(st.just("linear"), st.integers(0, NUM_LINEAR - 1), number),
        st.tuples(st.just("cell"), st.integers(0, NUM_CELLS - 1), number),
        st.tuples(st.just("assign"), st.integers(0, NUM_STATES - 1), number),
        st.tuples(st.just("reset"), st.integers(0, NUM_STATES - 1)),
    )
    statement = simple
    for _ in range(depth):
        block = st.lists(statement, min_size=1, max_size=3).map(tuple)
        statement = st.one_of(
            simple,
            simple,
            simple,
            st.tuples(st.just("mask"), number, block),
            st.tuples(st.just("cond"), number, block, block),
            st.tuples(st.just("loop"), st.sampled_from([None, 0, 1, 2]), st.booleans(), block),
        )
    lengths = st.lists(st.integers(1, 4), min_size=2, max_size=2).map(tuple)
    body = st.lists(statement, min_size=2, max_size=max_statements).map(tuple)
    return st.builds(Program, st.tuples(lengths, lengths), st.integers(1, 3), body)


def _long_run(count: int, first_seed: int) -> int:
    import hypothesis

    tried, failed = 0, 0

    @hypothesis.seed(first_seed)
    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(program=programs())
    def run(program: Program) -> None:
        nonlocal tried, failed
        tried += 1
        try:
            check_program(program, gradients=True, train=True)
        except Exception as error:  # any failure of any kind is what this is looking for
            failed += 1
            print(f"FAILED {program}\n    {type(error).__name__}: {str(error)[:700]}", flush=True)

    run()
    print(f"{tried} programs, {failed} failed")
    return failed


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(bool(_long_run(arguments[0] if arguments else 500, arguments[1] if len(arguments) > 1 else 0)))
