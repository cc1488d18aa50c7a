"""A path anywhere in an argument or attribute is an input, or the argument is refused."""

from __future__ import annotations

import collections
import enum
import functools
import types
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import Job, tk

from localsis.inputs import all_paths, extract_paths

from . import generated_classes as classes
from .graph_examples import SourceJob, UserJob

Make = Callable[[tk.Path], Any]

FOUND: dict[str, Make] = {
    "itself": lambda path: path,
    "list": lambda path: [1, [path]],
    "tuple": lambda path: (path,),
    "set": lambda path: {path},
    "frozenset": lambda path: frozenset([path]),
    "dict": lambda path: {"a": {"b": path}},
    "ordered dict": lambda path: collections.OrderedDict(a=path),
    "default dict": lambda path: collections.defaultdict(list, a=path),
    "chain map": lambda path: collections.ChainMap({"a": path}),
    "user list": lambda path: collections.UserList([path]),
    "named tuple": lambda path: classes.Point(1, path),
    "dataclass": lambda path: classes.Options([path]),
    "frozen dataclass with slots": lambda path: classes.Frozen(path),
    "attributes": lambda path: classes.Attributes(a=path),
    "namespace": lambda path: types.SimpleNamespace(a=path),
    "slots": lambda path: classes.Slots(path),
    "one slot": lambda path: classes.OneSlot(path),
    "slots of a base": lambda path: classes.MoreSlots(path, 1),
    "slots and attributes": lambda path: classes.SlotsAndDict(path),
    "state": lambda path: classes.SisState({"a": path}),
    "getstate": lambda path: classes.GetState([path]),
    "arguments for new": lambda path: classes.NewArguments(path),
    "partial": lambda path: functools.partial(classes.add, y=path),
    "bound method": lambda path: classes.Attributes(a=path).method,
    "method of the path": lambda path: path.get_path,
    "delayed": lambda path: tk.Delayed(1) + path,
    "format": lambda path: path.rformat("{}"),
    "slice": lambda path: slice(None, path),
}

PASSED_OVER: dict[str, Make] = {
    "key": lambda path: {path: 1},
    "key that is a tuple": lambda path: {(1, path): 1},
    "entry that Sisyphus takes for its own": lambda path: {"_sis_a": path},
    "enum": lambda path: enum.Enum("Made", {"A": path}).A,
    "items of a derived deque": lambda path: classes.Queue([path]),
    "attribute of a text": lambda path: _with_attribute(classes.Text("a"), path),
    "attribute of a number": lambda path: _with_attribute(classes.Number(1), path),
    "attribute of a tuple": lambda path: _with_attribute(classes.Tuple([1]), path),
}
"""Where Sisyphus itself looks for no paths, and makes no input of one."""

REFUSED: dict[str, Make] = {
    "deque": lambda path: collections.deque([path]),
    "array": lambda path: numpy.array([path], dtype=object),
    "iterator": lambda path: iter([path]),
    "map": lambda path: map(str, [path]),
    "dict view": lambda path: {"a": path}.values(),
    "mapping proxy": lambda path: types.MappingProxyType({"a": path}),
    "derived list": lambda path: classes.Items([path]),
    "lambda": lambda path: lambda: path,
}


def _with_attribute(value: Any, path: tk.Path) -> Any:
    value.attribute = path
    return value


class KeepingJob(Job):
    """Keeps something that is no argument."""

    def __init__(self, name: str):
        self.kept = {**FOUND, **PASSED_OVER}[name](SourceJob(f"kept {name}").out_file)


@pytest.mark.parametrize("name", [*FOUND, *PASSED_OVER])
def test_path_is_an_input(name: str) -> None:
    path = SourceJob(name).out_file
    value = {**FOUND, **PASSED_OVER}[name](path)
    assert all_paths(value) == {path}
    assert extract_paths(value) == (set() if name in PASSED_OVER else {path})
    if name != "enum":  # which cannot be copied: it has no name
        assert path in UserJob(value)._sis_inputs


@pytest.mark.parametrize("name", [*FOUND, *PASSED_OVER])
def test_path_in_an_attribute_is_an_input(name: str) -> None:
    assert SourceJob(f"kept {name}").out_file in KeepingJob(name)._sis_inputs


@pytest.mark.parametrize("name", REFUSED)
def test_path_that_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="UserJob: args.0. is .*of which no id can be made"):
        UserJob(REFUSED[name](SourceJob(name).out_file))


def test_own_outputs_are_no_inputs() -> None:
    job = SourceJob("own")
    assert job._sis_inputs == set()
    user = UserJob(job)  # a job as an argument: what it has is an input
    assert user._sis_inputs == {job.out_file, job.out_value, job.out_table, job.out_dir}


def test_what_is_passed_over_is_not_refused() -> None:
    """As Sisyphus does not look there."""
    assert all_paths(classes.Queue([object(), 1])) == set()
    assert all_paths({classes.Frozen(1): object.__new__(classes.Empty)}) == set()


def test_values_within_themselves() -> None:
    path = tk.Path("a")
    value: list[Any] = [path]
    value.append({"again": value})
    assert all_paths(value) == {path}
