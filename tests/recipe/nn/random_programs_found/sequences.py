"""Sequences: histories, windows, what loops make, with nothing in them."""

from __future__ import annotations

from ..random_programs.program import End
from .found import Found, program

FOUND = [
    Found(
        "histories of histories",
        program(
            lengths=((0,), (3,)),
            features=2,
            after=(
                (
                    "inner",
                    ("stacked",),
                    (("inner", ("history", 4), (("history", 8),), None, "", False),),
                    None,
                    "",
                    False,
                ),
            ),
        ),
        "features_of_made_axes",
        "reduce axis .* not found",
    ),
    Found(
        "a label after a loop over features",
        program(
            lengths=((3,), (4,)),
            body=(
                ("inner", ("features", 5), (("read", "step", ("postfix", ("over",), 0.0), 5),), None, "", False),
                ("label", 3),
            ),
            before=(("other_cell", 0), ("window", 1)),
        ),
        "several_fixed_axes",
        "does not match Data",
    ),
    Found(
        "a loop with a maximum over steps of which there are none",
        program(
            lengths=((2,), (1,)),
            end=End(condition="steps", number=0, include_eos=False, place="top"),
            after=(("inner", ("stacked",), (("linear", 0, 2),), None, "number", True),),
        ),
        "loops_without_steps",
        "TensorArray",
    ),
    Found(
        "a window up to the step without a batch",
        program(
            lengths=((2,), (2,)),
            features=2,
            body=(("read", "causal", ("table",), 5),),
            over="nothing",
            end=End(condition="steps", number=3, include_eos=True, place="top"),
        ),
        "ends_per_sequence",
        "^$",
    ),
    Found(
        "positions of what was summed up to each step",
        program(
            lengths=((1,), (2,)),
            features=4,
            body=(("read", "sum", ("history", 4), 3),),
            after=(("inner", ("stacked",), (("position", 2),), None, "", True),),
        ),
    ),
    Found(
        "a loop over features beside frames of which nothing else is read",
        program(
            lengths=((3,), (4,)),
            body=(
                (
                    "inner",
                    ("input", 0),
                    (
                        ("read", "max", ("input", 0), 5),
                        ("inner", ("features", 7), (("function", "sigmoid", 5, 6),), None, "number", True),
                    ),
                    None,
                    "",
                    True,
                ),
            ),
        ),
    ),
    Found(
        "an LSTM over the steps of a loop over features that give no sequences",
        program(
            lengths=((2,), (3,)),
            body=(
                ("inner", ("features", 2), (("embed_step",),), None, "number", True),
                ("read", "count", ("lstm", ("made", 0), 0, 5), 6),
            ),
        ),
    ),
]
