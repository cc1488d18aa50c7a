"""States, and loops inside that read or make them."""

from __future__ import annotations

from .found import Found, program

FOUND = [
    Found(
        "a cell over all frames, as many as steps",
        program(
            lengths=((2,), (4,)),
            body=(
                (
                    "inner",
                    ("over",),
                    (
                        ("read", "before", ("table",), 3),
                        ("read", "first", ("add", ("over",), 4), 4),
                        ("inner", ("lstm", ("over",), 1, 5), (("cell", 1, 10), ("restart", 0, 0)), None, "", True),
                    ),
                    None,
                    "",
                    False,
                ),
            ),
            before=(
                ("inner", ("nothing",), (("assign", 2, 4),), ("length", 2, True, "masked"), "most", False),
                ("read", "dot", ("memory",), 1),
            ),
        ),
        "lengths_that_are_stacked",
        "^$",
    ),
    Found(
        "a state of what a loop inside gave",
        program(
            lengths=((2,), (4,)),
            features=4,
            body=(
                ("embed",),
                ("choice", 1, "label"),
                ("read", "causal", ("over",), 2),
                ("position", 5),
                ("keep", ("over",)),
                ("read", "count", ("over",), 4),
                (
                    "inner",
                    ("where", ("input", 1), 6),
                    (
                        ("inner", ("made", 0), (("emit", 2),), None, "tensor", False),
                        ("square", 7),
                        (
                            "cond",
                            8,
                            (("function", "by_mean", 8, 10), ("label", 9)),
                            (("read", "distance", ("over",), 9),),
                        ),
                    ),
                    None,
                    "number",
                    True,
                ),
                ("assign", 0, 6),
            ),
        ),
        "values_of_inner_loops",
        "require broadcasting",
    ),
    Found(
        "an LSTM over all frames in each step, its sums read by a loop inside",
        program(
            lengths=((1,), (3,)),
            body=(
                ("timed", 0),
                ("timed", 1),
                (
                    "inner",
                    ("cum_sum", ("lstm", ("over",), 0, 2)),
                    (("history", 7),),
                    ("value", 2, True, "cond"),
                    "tensor",
                    True,
                ),
            ),
        ),
        "frames_of_the_loop",
        "^$",
    ),
    Found(
        "a part of a state beside a frame",
        program(lengths=((1,), (1,)), features=2, body=(("slice", 0, 1), ("assign", 0, 1))),
        "states_before_others",
        "not found",
    ),
    Found(
        "a state of unknown axes behind a choice",
        program(
            lengths=((3,), (3,)),
            body=(
                ("linear", 1, 1),
                ("choice", 1, "label"),
                ("late", 0),
                ("linear", 0, 3),
                ("read", "count", ("table",), 5),
                ("timed", 1),
                ("assign", 0, 6),
            ),
            beam_size=3,
            outputs="each",
        ),
        "output_before_states",
        "dependency loop",
    ),
    Found(
        "states of two loops inside, of which one reads what the other is made of",
        program(
            lengths=((2,), (2,)),
            features=4,
            body=(
                ("choice", 0),
                ("timed", 0),
                (
                    "inner",
                    ("input", 0),
                    (
                        (
                            "cond",
                            5,
                            (("assign", 0, 5), ("count", 7)),
                            (
                                ("read", "step", ("where", ("pool", ("input", 0), 2, "mean"), 5), 5),
                                ("read", "causal", ("lstm", ("input", 0), 0, None), 6),
                            ),
                        ),
                        ("history", 7),
                    ),
                    None,
                    "",
                    False,
                ),
                (
                    "inner",
                    ("linear", ("input", 1), 0),
                    (
                        ("square", 5),
                        ("cond", 4, (("square", 8), ("read", "best", ("over",), 10)), (("flag", 9),)),
                        (
                            "inner",
                            ("labels", "input"),
                            (("assign", 1, 9), ("swap", 2, 1), ("position", 3)),
                            None,
                            "",
                            True,
                        ),
                    ),
                    None,
                    "",
                    False,
                ),
                ("assign", 2, 6),
            ),
            initial=("number", "number", "input"),
            beam_size=4,
            before=(("restart", 0, 0), ("linear", 0, 0)),
            outputs="each",
        ),
        "states_before_inner_loops",
        "dependency loop",
    ),
    Found(
        "a part of a state and a frame, read by a loop inside that gives the state its value",
        program(
            lengths=((2, 1), (2, 0)),
            features=2,
            body=(
                ("timed", 0),
                ("slice", 0, 2),
                (
                    "inner",
                    ("input", 0),
                    (("inner", ("history", 2), (), None, "", False), ("assign", 0, 0)),
                    ("steps", 0),
                    "",
                    False,
                ),
            ),
            over="second",
            initial=("number", "number", "input"),
        ),
    ),
    Found(
        "labels of those before, by a loop inside that does nothing but repeat them",
        program(
            features=2,
            body=(("inner", ("input", 0), (("embed",),), None, "", False), ("label", 1)),
        ),
        "states_before_choices",
        "require broadcasting",
    ),
]
