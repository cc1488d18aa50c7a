"""
Random programs that once failed, each reduced to what it takes: the same in NumPy, in RETURNN and by definition.

``python -m tests.recipe.nn.random_programs --all-forms --count N --seed S`` finds more of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from ...without_returnn import is_left_out
from .agreement import check_agreement
from .random_programs.checks import check_program
from .random_programs.in_numpy import RunInNumpy
from .random_programs.program import End, Program

pytestmark = pytest.mark.xdist_group("returnn-1")


class Found(NamedTuple):
    """
    A program that failed.

    :ivar what: what is in it
    :ivar program: the program
    :ivar quirk: the work-around that it needs; with several, the last one
    :ivar failure: what is said without it: a regular expression
    """

    what: str
    program: Program
    quirk: str = ""
    failure: str = ""


FEW: dict[str, Any] = {
    "lengths": ((2, 1), (3, 2)),
    "features": 3,
    "over": "time",
    "end": None,
    "max_seq_len": "",
    "around": "",
    "initial": ("number",) * 3,
    "beam_size": 0,
    "length_normalization": 0.0,
    "before": (),
    "after": (),
    "body": (),
    "outputs": "last",
}
"""What most of the programs have."""


def program(**changes: Any) -> Program:
    """A program with few statements."""
    return Program(**{**FEW, **changes})


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
        "positions of what was summed up to each step",
        program(
            lengths=((1,), (2,)),
            features=4,
            body=(("read", "sum", ("history", 4), 3),),
            after=(("inner", ("stacked",), (("position", 2),), None, "", True),),
        ),
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
        "an LSTM over the steps of a loop over features that give no sequences",
        program(
            lengths=((2,), (3,)),
            body=(
                ("inner", ("features", 2), (("embed_step",),), None, "number", True),
                ("read", "count", ("lstm", ("made", 0), 0, 5), 6),
            ),
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


@pytest.mark.parametrize("found", FOUND, ids=[found.what for found in FOUND])
def test_is_right_now(found: Found) -> None:
    check_program(found.program, everything=False)


NEED_A_QUIRK = [found for found in FOUND if found.quirk]


@pytest.mark.skipif(is_left_out(), reason="RETURNN is left out")
@pytest.mark.parametrize("found", NEED_A_QUIRK, ids=[found.what for found in NEED_A_QUIRK])
def test_without_the_work_around_returnn_fails(found: Found) -> None:
    numpy = RunInNumpy(found.program)
    trains = not found.program.beam_size
    with pytest.raises(Exception, match=found.failure):
        check_agreement(
            numpy.network, numpy.feeds, parameters=numpy.parameters, train=trains, without_quirks=[found.quirk]
        )
