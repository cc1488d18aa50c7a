"""
Programs of all forms that the language has, for what needs no RETURNN: NumPy before and after a pass.

:func:`.strategies.programs` makes those that RETURNN computes, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from recipe import nn

from .drawing import Kind, Scope
from .drawn_sequences import DrawnSequences
from .model import RandomModel
from .program import (
    NUM_CELLS,
    NUM_LINEAR,
    NUM_STATES,
    End,
    Frames,
    Program,
    Statement,
    all_statements,
    count_values,
)
from .statements import FUNCTIONS

REFUSED = (
    "all choices of a loop share its hypotheses, so they search alike",
    "depends on what is chosen there, and counts its steps",
)
"""Of what is made here, these programs the language refuses as yet; as soon as it takes them, they are tried."""


class Author(DrawnSequences):
    """Writes one program."""

    # programs

    def program(self, max_statements: int, depth: int) -> Program:
        """A whole program."""
        kept: list[Kind] = []
        outside = Scope(1, kept, depth=depth)
        before = self.block(outside, 1, 2) if self.maybe(1, 4) else ()
        over = self.over = self._main_axis(outside)
        is_plain = not self.searches and not before
        self.around = self.one_of("", "", "", "", "mask", "cond") if is_plain else ""
        limit = self.one_of("", "", "", "number", "tensor")
        self.phase = "main"
        main = Scope(outside.values, list(outside.sequences), "main", depth=depth, ended=[False])
        end, body = self._main_body(main, over, max_statements)
        after: tuple[Statement, ...] = ()
        if not self.around and self.maybe(2, 5):
            ends = limit or end is not None or any(kind == "end" for kind, *_ in all_statements(body))
            self.steps = Kind("static") if over == "positions" and not ends else Kind("outside", empty=2)
            scope = Scope(outside.values + 1, [*outside.sequences], depth=depth)
            self.phase = "after"
            after = self._after(scope, self.steps)
        return Program(
            self.lengths,  # type: ignore[arg-type]
            self.features,
            body,
            over,  # type: ignore[arg-type]
            end,
            limit,
            self.around,
            tuple(self.one_of("number", "input", "encoded") for _ in range(NUM_STATES)),  # type: ignore[arg-type]
            self.number(1, 4) if self.searches else 0,
            self.one_of(0.0, 0.0, 1.0) if self.searches else 0.0,
            before,
            after,
            "last" if self.around else self.one_of("last", "sum", "sum", "each", "each"),
        )

    def _main_axis(self, scope: Scope) -> str | Frames:
        if self.maybe(1, 5):
            frames, kind = self.frames(scope, derived=True)
            return frames
        overs = ("time",) * 5 + ("other_time", "second", "positions", "backwards", "given", "nothing", "nothing")
        return self.one_of(*overs, *(("nothing", "nothing") if self.searches else ()))

    def _main_body(
        self, scope: Scope, over: str | Frames, max_statements: int
    ) -> tuple[End | None, tuple[Statement, ...]]:
        end = None
        ends = over == "nothing" or self.maybe(2, 5)
        if ends and self.maybe(3, 4):
            end = End(*self._end_fields(scope), self.one_of("bottom", "top", "masked", "cond"))
            scope.ended[0] = True
        elif not ends:
            scope.ended[0] = True
        choices = self._number_of_choices(over)
        statements: list[Statement] = []
        for statement in self._statements(scope, 1, max_statements):
            statements.append(statement)
            if choices and self.maybe(1, 2):
                choices -= 1
                statements.append(self._choice(scope))
        statements += [self._choice(scope) for _ in range(choices)]
        if not scope.ended[0]:
            statements.append(self._end(scope))
        if self.maybe(2, 3):
            statements.append(("assign", self.number(0, NUM_STATES - 1), scope.values - 1))
        return end, tuple(statements)

    def _number_of_choices(self, over: str | Frames) -> int:
        if self.searches:
            return int(self.one_of(1, 2))
        return int(self.one_of(0, 0, 1)) if over in ("time", "given") else 0

    def _choice(self, scope: Scope) -> Statement:
        statement: Statement = ("choice", self.source(scope))
        if self.maybe(1, 2):
            statement += (self.one_of("label", "second"),)
            if self.searches and self.maybe(1, 8):
                statement += (self.number(1, 4),)
        scope.values += 1
        return statement

    def _after(self, scope: Scope, steps: Kind) -> tuple[Statement, ...]:
        """Statements after the loop; the first reads what it stacked, or found."""
        statements: list[Statement] = []
        frames: Frames = ("stacked",)
        if self.searches and self.maybe(4, 5):
            frames = ("found",)
            over: tuple[Any, ...] = self.one_of(("labels", "found"), frames)
        else:
            over = frames
        if self.maybe(2, 3):
            statements.append(self._loop_over(scope, over, steps))
        else:
            statements.append(self._read(scope, frames, steps))
        scope.values += 1
        return (*statements, *self.block(scope, 0, 2))

    # blocks

    def block(self, scope: Scope, least: int, most: int) -> tuple[Statement, ...]:
        """Some statements, one after the other."""
        return tuple(self._statements(scope, least, most))

    def _statements(self, scope: Scope, least: int, most: int) -> Iterator[Statement]:
        """Each is drawn in one part, with whether there is one more, so that hypothesis can leave it out."""
        for number in range(most):
            statement = self.draw(_one_more(self, scope, number < least))
            if statement is None:
                return
            yield statement

    def statement(self, scope: Scope) -> Statement:
        """A statement for this place; the scope gets what it adds."""
        groups = ["simple", "simple", "state", "cell", "label", "read", "read", "read", "keep", "loss"]
        if scope.loop:
            groups += ["timed", "read"]
        if scope.loop == "main" and not scope.is_in_branch:
            groups += ["main", "main"]
        if scope.depth > 0:
            groups += ["mask", "cond", "inner", "inner"]
        if not scope.ended[0] and self.maybe(2 if scope.is_in_branch else 1, 3):
            groups = ["end"]
        statement: Statement = ()
        while not statement:
            statement = getattr(self, f"_{self.one_of(*groups)}")(scope)
            if statement and statement[0] in self.without:
                statement = ()
        scope.values += count_values([statement])
        return statement

    def _simple(self, scope: Scope) -> Statement:
        kind = self.one_of(
            *("function", "function", "linear", "linear", "concat", "softmax", "square", "outer", "slice", "norm"),
            "dropout",
        )
        if kind == "function":
            return (kind, self.one_of(*sorted(FUNCTIONS)), self.source(scope), self.source(scope))
        if kind == "linear":
            return (kind, self.number(0, NUM_LINEAR - 1), self.source(scope))
        if kind in ("concat", "slice"):
            return (kind, self.source(scope), self.source(scope))
        return (kind,) if kind == "outer" else (kind, self.source(scope))

    def _state(self, scope: Scope) -> Statement:
        kind = self.one_of(
            *("assign", "assign", "assign", "reset", "swap", "nested", "window", "count", "count_value", "flag"),
            *("flag_value", "memory"),
        )
        if kind == "assign":
            return (kind, self.number(0, NUM_STATES - 1), self.source(scope))
        if kind == "reset":
            return (kind, self.number(0, NUM_STATES - 1))
        if kind == "swap":
            first = self.number(0, NUM_STATES - 1)
            return (kind, first, (first + self.number(1, NUM_STATES - 1)) % NUM_STATES)
        if kind == "flag_value":
            return (kind, self.source(scope), self.source(scope))
        return (kind, self.source(scope))

    def _cell(self, scope: Scope) -> Statement:
        kind = self.one_of("cell", "cell", "other_cell", "restart", "peek")
        if kind == "other_cell":
            return (kind, self.source(scope))
        return (kind, self.number(0, NUM_CELLS - 1), self.source(scope))

    def _label(self, scope: Scope) -> Statement:
        kind = self.one_of("embed", "label", "emit", *(["embed_step"] if scope.loop else []))
        if kind == "label" and self.searches:  # what is chosen must not be forgotten
            return ()
        return (kind,) if kind.startswith("embed") else (kind, self.source(scope))

    def _timed(self, scope: Scope) -> Statement:
        return (self.one_of("timed", *(["position"] if self.features == 4 else [])), self.source(scope))

    def _loss(self, scope: Scope) -> Statement:
        if self.searches:
            return ()
        if not scope.loop and self.maybe(1, 2):
            return ("loss_over", self.frames(scope)[0])
        return ("loss", self.source(scope))

    def _main(self, scope: Scope) -> Statement:
        """Statements that stand in the main loop only, outside of branches."""
        can_unstack = self.over in ("time", "given")
        kind = self.one_of("grid", "tick", "batchless", "late", *(["unstack"] * 3 if can_unstack else []))
        if kind == "grid" and not self.around:
            base: Frames = ("replace", self.one_of(("input", 0), ("input", 1), ("pool", ("input", 0), 2, "max")))
            return (kind, ("add", base, self.source(scope)))
        if kind == "unstack":
            frames: Frames = ("input", 0)
            for _ in range(self.number(1, 2)):
                frames = self.one_of(
                    ("linear", frames, 0), ("lstm", frames, 0, None), ("lstm", frames, 1, None), ("reverse", frames)
                )
            return (kind, frames)
        if self.around:  # what these leave would have other dims than before
            return ()
        return {
            "tick": ("tick",),
            "batchless": ("batchless", self.number(1, 3), self.one_of(True, False)),
            "late": ("late", self.source(scope)),
        }[kind]

    def _mask(self, scope: Scope) -> Statement:
        return ("mask", self.source(scope), self._branch(scope))

    def _cond(self, scope: Scope) -> Statement:
        return ("cond", self.source(scope), self._branch(scope), self._branch(scope))

    def _branch(self, scope: Scope) -> tuple[Statement, ...]:
        return self.block(scope.inside(is_in_branch=True), 1, 2)

    # ends

    def _end_fields(self, scope: Scope) -> tuple[str, int, bool]:
        return (
            self.one_of("steps", "length", "value", *(["label", "label"] if self.searches else [])),
            self.number(0, 3),
            self.one_of(True, False),
        )

    def _end(self, scope: Scope) -> Statement:
        scope.ended[0] = True
        return ("end", *self._end_fields(scope))

    # loops

    def _inner(self, scope: Scope) -> Statement:
        has_history = scope.loop and not scope.is_in_branch
        name = self.one_of(
            *("frames", "frames", "frames", "labels"),
            *([] if self.searches and self.maybe(3, 4) else ["features", "split", "nothing", "nothing"]),
            *(["made_in_step"] if scope.loop else []),
            *(["history"] if has_history else []),
        )
        if name == "nothing":
            return self._loop_over(scope, ("nothing",), None)
        if name == "features":
            return self._loop_over(scope, ("features", self.source(scope)), Kind("static"))
        if name == "labels":
            return self._loop_over(scope, ("labels", "input"), self._input(0))
        if name == "made_in_step":
            number, kind = self.number(0, 1), self.one_of("add", "where")
            return self._loop_over(scope, (kind, ("input", number), self.source(scope)), self._input(number))
        if name in ("split", "history"):
            return self._loop_over(scope, (name, self.source(scope)), Kind("static" if name == "split" else name))
        return self._loop_over(scope, *self.frames(scope))

    def _loop_over(self, scope: Scope, over: tuple[Any, ...], kind: Kind | None) -> Statement:
        values = scope.values + (kind is not None)
        inside = scope.inside(values=values, loop="inner", is_in_branch=False, ended=[True])
        # such loops in a search are refused as yet, if they depend on what is chosen
        is_plain = self.searches and self.phase == "main" and self.maybe(3, 4)
        ends = kind is None or (not is_plain and self.maybe(1, 3))
        end: tuple[Any, ...] | None = None
        if ends and self.maybe(2, 3):
            end = (*self._end_fields(inside), self.one_of("bottom", "top", "masked", "cond"))
        inside.ended[0] = not ends or end is not None
        body = self.block(inside, 1, 3)
        if not inside.ended[0]:
            body = (*body, self._end(inside))
        limit = "most" if kind is None else "" if is_plain else self.one_of("", "", "", "", "number", "tensor")
        stacks = self.maybe(1, 2) and (over[0] != "features" or ends or bool(limit))  # else two axes of features
        if stacks and (ends or limit or kind is None):
            scope.sequences.append(Kind("inside", empty=2))
        elif stacks:
            assert kind is not None
            scope.sequences.append(kind if kind.axis == "static" else Kind("inside", kind.empty))
        return ("inner", over, body, end, limit, stacks)


@st.composite
def _one_more(draw: Any, author: Author, scope: Scope, is_wanted: bool) -> Statement | None:
    """One more statement, if it is wanted or drawn."""
    around, author.draw = author.draw, draw
    try:
        return author.statement(scope) if is_wanted or author.maybe(3, 4) else None
    finally:
        author.draw = around


def is_recordable(program: Program) -> bool:
    """Whether the language does not refuse it for one of the reasons of :data:`REFUSED`."""
    if not program.beam_size:
        return True
    try:
        nn.Network(RandomModel(program))
    except Exception as error:  # any other is what a check of this program is to find
        return not any(text in str(error) for text in REFUSED)
    return True


@st.composite
def _all_forms(draw: Any, max_statements: int, depth: int, without: frozenset[str]) -> Program:
    return Author(draw, without).program(max_statements, depth)


def all_forms(max_statements: int = 6, depth: int = 2, without: Sequence[str] = ()) -> st.SearchStrategy[Program]:
    """
    Programs whose blocks nest ``depth`` deep.

    :param max_statements: of the main loop
    :param without: kinds of statements that are left out, such as "dropout"
    """
    return _all_forms(max_statements, depth, frozenset(without)).filter(is_recordable)
