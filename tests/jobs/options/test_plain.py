"""NumPy's numbers in options of RETURNN are hashed and written as plain ones; what a config cannot hold is refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy
import pytest
from sisyphus import tk

from jobs.export_model import ExportModelJob
from jobs.forward import ForwardJob
from jobs.options.plain import plain_option
from jobs.prior import PriorJob
from jobs.rescoring import RescoringJob
from jobs.search import SearchJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.nn.tf_layers.python_source import NetDictSource

from ..examples import CountJob
from ..test_unhashed import TRAIN, training


class Level(enum.IntEnum):
    HIGH = 2


class Word(str):
    pass


class Shout(str, enum.Enum):
    LOUD = "loud"


class Pair(NamedTuple):
    first: int
    second: int


RATES = [1e-4, 0.00055, 1e-3]

SAME = [
    (numpy.linspace(1e-4, 1e-3, 3), RATES),
    (list(numpy.linspace(1e-4, 1e-3, 3)), RATES),
    (numpy.linspace(1e-4, 1e-3, 3, dtype="float32"), [float(numpy.float32(rate)) for rate in RATES]),
    (numpy.int64(10), 10),
    (numpy.uint8(10), 10),
    (numpy.float64(0.5), 0.5),
    (numpy.float32(0.1), 0.10000000149011612),
    (numpy.float64("inf"), float("inf")),
    (numpy.bool_(True), True),
    (numpy.False_, False),
    (numpy.str_("adam"), "adam"),
    (numpy.array(3), 3),
    (numpy.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
    (numpy.array([]), []),
    (numpy.array(["a", "b"]), ["a", "b"]),
    (numpy.array([True, False]), [True, False]),
    (numpy.array([1, {"a": numpy.int64(1)}], dtype=object), [1, {"a": 1}]),
    ({"data": numpy.int64(100), "classes": 5}, {"data": 100, "classes": 5}),
    ({numpy.int64(1): 0.1, 2: numpy.float64(0.2)}, {1: 0.1, 2: 0.2}),
    ((1, numpy.int64(2)), (1, 2)),
    ({1, numpy.int64(2)}, {1, 2}),
    (collections.OrderedDict(a=numpy.int64(1)), collections.OrderedDict(a=1)),
]


@pytest.mark.parametrize(("value", "plain"), SAME, ids=[str(number) for number in range(len(SAME))])
def test_plain_values_in_place_of_those_of_numpy(value: Any, plain: Any) -> None:
    found = plain_option(value, "option")
    assert type(found) is type(plain) and repr(found) == repr(plain)
    first, second = (
        TrainingJob(nn.Network(_loss), TRAIN, TRAIN, config={"batch_size": 10, "learning_rates": rates})
        for rates in (value, plain)
    )
    assert first is second
    assert first.config["learning_rates"] == plain
    assert NetDictSource().value(first.config) == NetDictSource().value({"batch_size": 10, "learning_rates": plain})


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, (2.5, "x"), {None: True}], "b": {1, 2}, "c": frozenset([1])},
        [float("nan"), -0.0, 10**30],
        tk.Path("file"),
        {"files": [tk.Path("a"), tk.Variable("b"), tk.Variable("c") + 1]},
        nn.PythonCode("own"),
        {nn.Dim(3, "labels"): 1},
        Word("text"),
        collections.OrderedDict(a=1),
        {(1, "a"): 2},
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain_values_are_left_as_they_are(value: Any) -> None:
    assert plain_option(value, "option") is value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            decimal.Decimal("0.1"),
            r"option is Decimal\('0.1'\), of type decimal.Decimal, .* not hold as it is: give a numb",
        ),
        (datetime.date(2020, 1, 1), "datetime.date"),
        ([1, object()], r"option\[1\] is <object"),
        ({"a": [{"b": b"bytes"}]}, r"option\['a'\]\[0\]\['b'\] is b'bytes', of type builtins.bytes"),
        (1 + 2j, "builtins.complex"),
        (numpy.complex128(1), "builtins.complex"),
        (numpy.datetime64("2020-01-01"), "datetime.date"),
        (numpy.longdouble(1), "give float"),
        (numpy.zeros(2, dtype=[("a", int)]), "plain array's tolist"),
        (numpy.ma.array([1, 2]), "plain array's tolist"),
        (Level.HIGH, "Level.HIGH: 2>, of type .*Level.* give its .value"),
        (Shout.LOUD, "give its .value"),
        (Pair(1, 2), r"give tuple\(...\) of it"),
        (collections.deque([1]), "collections.deque"),
        (print, r'give nn.PythonCode\("..."\)'),
        (training, r'give nn.PythonCode\("..."\)'),
        (dict, r'give nn.PythonCode\("..."\)'),
        (range(3), "builtins.range"),
        ({tk.Path("a"): 1}, "a key of option is <Path .*: give a number or text"),
        ({frozenset([1]): 1}, "a key of option is frozenset"),
        ({(1, frozenset([1])): 1}, "a key of option is frozenset"),
        ({frozenset([1])}, r"option\[0\] is frozenset"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_a_config_cannot_hold_is_refused(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        plain_option(value, "option")
    with pytest.raises(TypeError, match=r"TrainingJob: (a key of )?post_config\['x'\].* config of RETURNN"):
        training(post_config={"x": [value]})


@pytest.mark.parametrize("argument", ["config", "post_config", "train_data", "dev_data", "keep_epochs"])
def test_all_options_of_a_training(argument: str) -> None:
    def job(value: Any) -> TrainingJob:
        arguments = {"config": {}, "post_config": {}, "train_data": TRAIN, "dev_data": TRAIN, "keep_epochs": None}
        arguments[argument] = {
            "config": {"max_seqs": value},
            "post_config": {"max_seqs": value},
            "keep_epochs": {1, value},
        }.get(argument, {**TRAIN, "partition_epoch": value})
        return TrainingJob(nn.Network(_loss), num_epochs=3, **arguments)

    assert job(numpy.int64(2)) is job(2)
    with pytest.raises(TypeError, match=f"TrainingJob: {argument}.* is Decimal"):
        job(decimal.Decimal("2.5"))


def test_numbers_of_numpy_that_stand_alone() -> None:
    job = training(num_epochs=numpy.int64(3), time_rqmt=numpy.float64(2), device=numpy.str_("cpu"))
    assert type(job.num_epochs) is int and type(job.rqmt["time"]) is float
    assert job is training(num_epochs=3)


@pytest.mark.parametrize("job_class", [ForwardJob, SearchJob, PriorJob, RescoringJob, ExportModelJob])
def test_jobs_that_run_a_network(job_class: Callable[..., Any]) -> None:
    """Their options are refused before anything else of them is looked at."""
    data = () if job_class is ExportModelJob else ({"class": decimal.Decimal(1)},)
    hypotheses = (tk.Path("hypotheses"),) if job_class is RescoringJob else ()
    name = "config" if job_class is ExportModelJob else "_data"
    config = {"config": {"x": decimal.Decimal(1)}} if job_class is ExportModelJob else {}
    with pytest.raises(TypeError, match=f"{job_class.__name__}: .*{name}.* is Decimal"):
        job_class(None, None, *hypotheses, *data, **config)


def test_arrays_of_paths_are_inputs() -> None:
    file = CountJob(3).out_embedding
    data = {"class": "HDFDataset", "files": numpy.array([file], dtype=object)}
    job = TrainingJob(nn.Network(_loss), data, data)
    assert file in job._sis_inputs and job.train_data["files"] == [file]


def _loss() -> None:
    nn.reduce_sum(nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, nn.Dim(3, "features")]))).mark_as_loss("sum")
