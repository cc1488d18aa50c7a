"""Which programs hypothesis tries."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .program import NUM_CELLS, NUM_LINEAR, NUM_STATES, End, Program, all_statements
from .statements import FUNCTIONS

NUMBER = st.integers(0, 7)


def _statement(kind: str, *arguments: Any) -> Any:
    return st.tuples(st.just(kind), *arguments)


SIMPLE = st.one_of(
    _statement("function", st.sampled_from(sorted(FUNCTIONS)), NUMBER, NUMBER),
    _statement("linear", st.integers(0, NUM_LINEAR - 1), NUMBER),
    _statement("cell", st.integers(0, NUM_CELLS - 1), NUMBER),
    _statement("assign", st.integers(0, NUM_STATES - 1), NUMBER),
)
RARE = st.one_of(
    _statement("reset", st.integers(0, NUM_STATES - 1)),
    _statement("square", NUMBER),
    _statement("outer"),
    _statement("nested", NUMBER),
    _statement("window", NUMBER),
    _statement("label", NUMBER),
    _statement("count", NUMBER),
    _statement("count_value", NUMBER),
    _statement("flag", NUMBER),
    _statement("flag_value", NUMBER, NUMBER),
    _statement("loss", NUMBER),
)
"""These may stand anywhere."""


EMBED = _statement("embed")
"""Not in loops in loops: TensorFlow has no gradient of the vectors, if the numbers of inner steps differ."""


def _branches(statement: Any) -> Any:
    block = st.lists(statement, min_size=1, max_size=3).map(tuple)
    return st.one_of(_statement("mask", NUMBER, block), _statement("cond", NUMBER, block, block))


def _loops(in_loop: Any, *, of_search: bool) -> Any:
    body = st.lists(in_loop, min_size=1, max_size=3).map(tuple)
    if of_search:  # RETURNN does not count the steps of a loop for each hypothesis
        return _statement("loop", st.none(), st.just(True), body, st.just(True), st.just("bottom"))
    end_after = st.sampled_from([None, 0, 1, 2])
    return _statement(
        "loop", end_after, st.booleans(), body, st.booleans(), st.sampled_from(["bottom", "top", "masked"])
    )


def _statements(depth: int, *, of_search: bool = False, loops: bool = True) -> Any:
    """Those for bodies of loops."""
    statement = st.one_of(SIMPLE, SIMPLE, RARE)
    in_loop = st.one_of(SIMPLE, SIMPLE, RARE, _statement("history", NUMBER))
    frames_alone = _statements(1, loops=False) if of_search and loops else None
    for _ in range(depth):
        blocks = [_branches(statement)]
        if loops:
            blocks.append(_loops(in_loop if frames_alone is None else frames_alone, of_search=of_search))
        statement = st.one_of(SIMPLE, SIMPLE, RARE, *blocks)
        in_loop = st.one_of(in_loop, in_loop, st.one_of(*blocks))
    return in_loop


def _makes_label(statement: Any) -> bool:
    return any(kind == "label" for kind, *_ in all_statements([statement]))


@st.composite
def programs(draw: Any, max_statements: int = 5, depth: int = 2) -> Program:
    """Programs whose blocks nest ``depth`` deep."""
    some_frames = st.tuples(*[st.sampled_from([1, 2, 3, 4, 0])] * 2).filter(any)
    lengths = draw(st.tuples(some_frames, some_frames))
    over = draw(st.sampled_from(["time", "time", "time", "nothing", "other_time", "second", "backwards", "positions"]))
    searches = draw(st.sampled_from([False, False, True]))
    conditions = ["steps", "length", "value", *(["label", "label"] if searches else [])]
    end = draw(
        st.builds(
            End,
            st.sampled_from(conditions),
            st.integers(0, 3),
            st.booleans(),
            st.sampled_from(["bottom", "top", "masked"]),
        )
    )
    ends = over == "nothing" or draw(st.booleans())
    in_loop = st.one_of(
        _statements(depth, of_search=searches, loops=not searches or over not in ("other_time", "second")), EMBED
    )
    statements = [in_loop]
    if searches or over == "time":
        statements.append(_statement("choice", NUMBER))
    around = "" if searches else draw(st.sampled_from(["", "", "", "mask", "cond"]))
    if not around:
        statements.append(_statement("late", NUMBER))
    if min(lengths[1]) > 0:
        statements.append(_statement("attend", NUMBER))
    body = draw(st.lists(st.one_of(in_loop, in_loop, in_loop, *statements), min_size=2, max_size=max_statements))
    if searches:  # RETURNN wants each choice to depend on the one before, so its label stays, and there is one
        body = [statement for statement in body if not _makes_label(statement) and statement[0] != "choice"]
        body.insert(draw(st.integers(0, len(body))), ("choice", draw(NUMBER)))
    return Program(
        lengths,
        draw(st.integers(2, 3)),  # TensorFlow fails at gradients of matrices of one number in loops
        tuple(body),
        over,
        end if ends else None,
        draw(st.sampled_from(["", "", "number", "tensor"])),
        around,
        draw(st.tuples(*[st.sampled_from(["number", "input", "encoded"])] * NUM_STATES)),
        draw(st.sampled_from([1, 2, 3])) if searches else 0,
        draw(st.sampled_from([0.0, 1.0])) if searches else 0.0,
    )
