"""What Sisyphus cannot hash is refused, and the message says which argument of which job it is and what to give."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import functools
import operator
import re
from typing import Any

import numpy
import pytest
from sisyphus import Job, tk

from localsis.engine_names import name_in_sisyphus
from localsis.hashing import hash_bytes
from localsis.job import created_jobs
from localsis.manager import Manager
from localsis.refusal import Refusal

from .generated_classes import Anything, Items, NotCopied, OwnHash, Slots
from .generated_jobs import AnyJob, ForgetfulJob, LockJob, OwnHashJob, StarJob
from .graph_examples import SourceJob

NO_STATE = "nothing of what is in it can be seen, so different ones would be one job"


@pytest.mark.parametrize(
    ("value", "where", "advice"),
    [
        (numpy.int64(20), "", r"np.int64\(20\), of type numpy.int64, .*NAME.tolist\(\)"),
        ({"learning_rates": numpy.ones(3)}, "['learning_rates']", r"array\(\[1., 1., 1.\]\), .*NAME.tolist\(\)"),
        ([1, numpy.bool_(True)], "[1]", r"NAME.tolist\(\)"),
        (decimal.Decimal("0.1"), "", r"Decimal\('0.1'\), of type decimal.Decimal, .*float\(NAME\) or str\(NAME\)"),
        ((datetime.date(2020, 1, 2),), "[0]", r"NAME.isoformat\(\)"),
        (datetime.datetime(2020, 1, 2), "", r"NAME.isoformat\(\)"),
        (datetime.time(1), "", r"NAME.isoformat\(\)"),
        (collections.deque([1]), "", r"list\(NAME\)"),
        (bytearray(b"a"), "", r"bytes\(NAME\)"),
        (map(str, [1]), "", r"list\(NAME\)"),
        (iter([1]), "", r"list\(NAME\)"),
        ({"a": {"b": zip([1])}}, "['a']['b']", r"list\(NAME\)"),
        (operator.itemgetter(1), "", "a function that has a name in a module"),
        (int | str, "", "a tuple of the types"),
        (object(), "", "a class of your own that has attributes"),
        (Slots(object()), ".a", "a class of your own that has attributes"),
        (functools.partial(print, decimal.Decimal(1)), ".args[0]", r"float\(NAME\)"),
        (collections.OrderedDict(a=[object()]), "['a'][0]", "a class of your own"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_objects_that_show_nothing_of_what_is_in_them(value: Any, where: str, advice: str) -> None:
    name = f"kwargs['config']{where}"
    with pytest.raises(TypeError) as caught:
        AnyJob(config=value)
    text = str(caught.value)
    assert text.startswith(f"AnyJob: {name} is ") and NO_STATE in text and "with Sisyphus neither" in text
    assert re.search(advice.replace("NAME", re.escape(name)), text), text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: 0, "AnyJob: args.0. is <function .*lambda.* a lambda has no name .* Give a function that has a name"),
        (Items([1]), "AnyJob: args.0. is .1., of type .*Items, .* derived from list, whose items would not be hashed"),
        (OwnHash("text"), "its _sis_hash.. gives 'text', which is no bytes"),
        (OwnHash(5), "its _sis_hash.. gives 5, which is no bytes"),
        (Manager, "it is the embedded engine's own, so its id would be another one with Sisyphus"),
        (SourceJob("x").out_file._sort_key, "it is the embedded engine's own"),
    ],
    ids=["lambda", "items", "text", "number", "manager", "method"],
)
def test_other_refusals(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        AnyJob(value)


def test_class_of_the_program_itself() -> None:
    class Here:
        __module__ = "__main__"

    with pytest.raises(TypeError, match="AnyJob: args.0. is <class .* which a worker cannot import"):
        AnyJob(Here)


def test_what_is_not_hashed_is_refused_too() -> None:
    """Sisyphus looks for paths in all arguments and attributes."""
    with pytest.raises(TypeError, match=f"ForgetfulJob: unhashed.1. is Decimal.* {NO_STATE}"):
        ForgetfulJob(1, [5, decimal.Decimal(1)])
    for _ in range(2):  # and is so again: no job is left
        with pytest.raises(TypeError, match=f"LockJob: self.lock is <unlocked .* {NO_STATE}"):
            LockJob("lock")
    assert not any(name.startswith("tests/localsis/generated_jobs/LockJob") for name in created_jobs)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (NotCopied(), r"args is \(<.*NotCopied object.*, of type tuple, which cannot be copied: not to be copied"),
        ([re], "args is .*cannot pickle 'module' object"),
    ],
    ids=["object", "module"],
)
def test_what_cannot_be_copied(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"AnyJob: {message}"):
        AnyJob(value)
    with pytest.raises(TypeError, match=r"ForgetfulJob: unhashed is .*Give .* instead"):
        ForgetfulJob("cannot be copied", value)


def test_a_refusal_names_an_object_that_cannot_be_shown() -> None:
    class Hidden:
        __slots__ = ()

        def __repr__(self) -> str:
            raise ValueError

    class Without(Hidden):
        pass

    with pytest.raises(Refusal, match="<.*Hidden.* cannot be hashed: why"):
        raise Refusal(Hidden(), "why")
    assert hash_bytes(Without())


@pytest.mark.parametrize("name", ["x y", 5, b"a", None, "\u00e4"])
def test_hash_that_cannot_stand_in_an_id(name: Any) -> None:
    with pytest.raises(TypeError, match=rf"OwnHashJob.hash\(\) gives {name!r}: a job's hash is a str of A-Z"):
        OwnHashJob(name)
    assert OwnHashJob("a/B-c_d.1").job_id() == "tests/localsis/generated_jobs/OwnHashJob.a/B-c_d.1"


@pytest.mark.parametrize("tags", [{"two words"}, ["a", "\u00e4"], {"a/b"}])
def test_tags_that_cannot_stand_in_a_path(tags: Any) -> None:
    with pytest.raises(TypeError, match="AnyJob: sis_tags has .* tags are words of A-Z, a-z, 0-9 and - . _ alone"):
        AnyJob(1, sis_tags=tags)


@pytest.mark.parametrize("value", [[None, "a"], {"a"}, ("a", "b", "c"), 5])
def test_hash_overwrite_that_is_none(value: Any) -> None:
    message = "hash_overwrite of the path 'file' is a str, or a tuple of a creator and a str"
    with pytest.raises(TypeError, match=message):
        tk.Path("file", hash_overwrite=value)
    path = tk.Path("file")
    with pytest.raises(TypeError, match=message):
        path.hash_overwrite = value
    path.hash_overwrite = "OTHER"
    assert path.hash_overwrite == (None, "OTHER")
    assert AnyJob(path) is AnyJob(tk.Path("elsewhere", hash_overwrite="OTHER"))


def test_job_without_a_first_argument() -> None:
    with pytest.raises(TypeError, match="StarJob.__init__ must have a first argument by a name of its own: self"):
        StarJob(1)


def test_paths_are_compared_with_paths_alone() -> None:
    with pytest.raises(TypeError, match="can be compared with another path alone, not with 3"):
        assert tk.Path("a") < 3
    with pytest.raises(TypeError, match="a path is a str, not 5"):
        tk.Path(5)


def test_iterating_without_an_end() -> None:
    variable = SourceJob("iterated").out_value
    assert [entry.b for entry, _ in zip(variable, range(3))] == [0, 1, 2]
    for use in (list, tuple, sorted, lambda value: 3 in value):
        with pytest.raises(TypeError, match=r"cannot be iterated over without an end: .*zip\(variable, range\(2\)\)"):
            use(variable)


def test_names_of_the_engine_are_those_of_sisyphus() -> None:
    assert name_in_sisyphus(tk.Path) == ("sisyphus.job_path", "Path")
    assert name_in_sisyphus(Job.output_path) == ("sisyphus.job", "Job.output_path")
    assert name_in_sisyphus(tk.setup_path) == ("sisyphus.toolkit", "setup_path")
    assert name_in_sisyphus(enum.Enum) == ("enum", "Enum")
    assert hash_bytes(Anything) == hash_bytes(Anything)
