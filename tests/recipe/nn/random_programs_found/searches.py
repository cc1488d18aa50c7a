"""Searches, and loops over what they found."""

from __future__ import annotations

from ..random_programs.program import End
from .found import Found, program

FOUND = [
    Found(
        "a window around the step of a history, in a search",
        program(
            lengths=((1,), (4,)),
            body=(
                ("read", "sum", ("over",), 0),
                (
                    "inner",
                    ("history", 1),
                    (("read", "near", ("history", 2), 1),),
                    ("label", 0, False, "bottom"),
                    "",
                    False,
                ),
                ("choice", 5),
            ),
            beam_size=3,
            outputs="sum",
        ),
        "features_of_made_axes",
        "get_axis_from_description.* not found",
    ),
    Found(
        "a loop over what was found of frames that all hypotheses have",
        program(
            lengths=((4,), (2,)),
            features=4,
            body=(("choice", 1, "label"),),
            beam_size=3,
            after=(("inner", ("postfix", ("stacked",), 0.0), (("count_value", 6),), None, "tensor", True),),
        ),
    ),
    Found(
        "a search with a loop that begins with a state of which an axis is made",
        program(
            lengths=((2,), (3,)),
            features=4,
            body=(
                (
                    "inner",
                    ("labels", "input"),
                    (
                        ("inner", ("where", ("input", 1), 2), (("reset", 1),), None, "", False),
                        (
                            "inner",
                            ("add", ("input", 0), 2),
                            (("read", "last", ("over",), 6), ("other_cell", 4)),
                            None,
                            "",
                            True,
                        ),
                        ("embed",),
                    ),
                    None,
                    "",
                    True,
                ),
                (
                    "inner",
                    ("lstm", ("linear", ("over",), 0), 0, 1),
                    (("concat", 2, 3), ("function", "add", 3, 3), ("assign", 0, 4)),
                    None,
                    "",
                    False,
                ),
                ("choice", 3, "label"),
            ),
            beam_size=1,
        ),
    ),
    Found(
        "a history of what was found until an end",
        program(
            lengths=((2,), (4,)),
            features=4,
            body=(("choice", 3),),
            end=End(condition="length", number=3, include_eos=True, place="cond"),
            beam_size=2,
            length_normalization=1.0,
            after=(("inner", ("found",), (("history", 2),), None, "", False),),
        ),
    ),
    Found(
        "a loop over what a search found in no step",
        program(
            lengths=((1,), (3,)),
            features=2,
            body=(("choice", 1, "second"),),
            end=End(condition="steps", number=0, include_eos=False, place="bottom"),
            max_seq_len="tensor",
            beam_size=4,
            after=(("inner", ("labels", "found"), (("keep", ("over",)),), None, "tensor", False),),
        ),
    ),
    Found(
        "a loop over what was found, normalized by lengths, until a label",
        program(
            lengths=((3,), (3,)),
            body=(("choice", 5, "label"), ("end", "label", 2, False)),
            max_seq_len="tensor",
            beam_size=4,
            length_normalization=1.0,
            after=(("inner", ("found",), (("assign", 1, 2),), None, "number", False),),
        ),
    ),
    Found(
        "two choices around a loop inside, until a label",
        program(
            lengths=((3,), (1,)),
            features=2,
            body=(
                ("timed", 0),
                ("choice", 0),
                ("grid", ("add", ("input", 0), 2)),
                ("linear", 0, 2),
                (
                    "inner",
                    ("input", 0),
                    (
                        ("read", "step", ("linear", ("over",), 0), 4),
                        ("mask", 5, (("read", "dot", ("input", 1), 5), ("linear", 0, 3))),
                        (
                            "cond",
                            10,
                            (("keep", ("over",)), ("slice", 7, 1)),
                            (("read", "before", ("table",), 1), ("read", "dot", ("over",), 5)),
                        ),
                    ),
                    None,
                    "",
                    False,
                ),
                ("choice", 4, "label"),
            ),
            over="backwards",
            end=End(condition="label", number=3, include_eos=False, place="top"),
            initial=("input", "encoded", "encoded"),
            beam_size=4,
            outputs="each",
        ),
        "states_before_inner_loops",
        "^$",
    ),
]
