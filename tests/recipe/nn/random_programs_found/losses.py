"""Losses."""

from __future__ import annotations

from .found import Found, program

FOUND = [
    Found(
        "a loss of numbers of frames",
        program(
            lengths=((2,), (3,)),
            body=(
                ("batchless", 3, True),
                ("function", "sigmoid", 2, 2),
                ("inner", ("nothing",), (("history", 3),), ("value", 2, True, "masked"), "most", True),
                ("timed", 5),
            ),
            initial=("encoded", "encoded", "number"),
        ),
        "time_of_losses",
        "Loss flattening not implemented",
    ),
    Found(
        "a loss of a value per sequence and a number per frame",
        program(
            lengths=((0, 3), (3, 3)),
            body=(("embed",), ("count", 1), ("flag", 2), ("flag", 7), ("count_value", 1)),
            over="second",
            max_seq_len="tensor",
            around="cond",
            initial=("number", "encoded", "input"),
        ),
        "time_of_losses",
        "Loss flattening not implemented",
    ),
    Found(
        "a loss of a value per sequence times the step of a loop",
        program(
            lengths=((3,), (3,)),
            features=4,
            body=(("timed", 2), ("loss", 1), ("read", "causal", ("over",), 0)),
            initial=("number", "encoded", "number"),
        ),
        "time_of_losses",
        "Loss flattening not implemented",
    ),
    Found(
        "a loss of attention to vectors of a fixed number",
        program(
            features=2,
            body=(("read", "additive", ("table",), 0),),
        ),
        "time_of_losses",
        "Loss flattening not implemented",
    ),
]
