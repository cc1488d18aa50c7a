"""Graphs of jobs: delayed values, kinds of paths, tasks, updates. See golden_ids.json for the ids of each."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from sisyphus import Job, Task, tk
from sisyphus.delayed_ops import DelayedFunctionV2, DelayedJoin, DelayedSlice


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Text(str):
    pass


class Number(int):
    def __getnewargs__(self) -> tuple[int]:
        return (int(self),)


class Range(NamedTuple):
    first: Any
    last: Any = None


@dataclasses.dataclass(frozen=True)
class Data:
    train: tk.Path
    sizes: tuple[int, ...] = (1, 2)


class Outer:
    class Inner:
        def __init__(self, path: tk.Path):
            self.path = path


class Base:
    def __init__(self) -> None:
        self.of_base = 1


class Derived(Base):
    __slots__ = ("slot",)
    of_class = [1]

    def __init__(self) -> None:
        super().__init__()
        self.slot = "s"


def double(x: Any) -> Any:
    return 2 * x


def add(x: Any, y: Any = 0) -> Any:
    return x + y


class SourceJob(Job):
    """Makes a file, a value and a directory."""

    def __init__(self, name: str = "source"):
        self.out_file = self.output_path("file.txt")
        self.out_value = self.output_var("value")
        self.out_table = self.output_var("table", pickle=True)
        self.out_dir = self.output_path("parts", directory=True)

    def tasks(self) -> Iterator[Task]:
        yield Task("run", mini_task=True)


class UserJob(Job):
    """Uses anything."""

    def __init__(self, *args: Any, **kwargs: Any):
        self.args = args
        self.kwargs = kwargs
        self.out = self.output_path("out")

    def tasks(self) -> Iterator[Task]:
        yield Task("run", resume="run", rqmt={"cpu": 2, "mem": 4, "time": 1})


class ArrayJob(Job):
    """An array task, then a short one."""

    def __init__(self, parts: list[tk.Path], *, split: int = 3):
        self.parts = parts
        self.split = split
        self.out = self.output_path("sub/dir/merged")

    def tasks(self) -> Iterator[Task]:
        yield Task("shard", args=range(1, self.split + 1), rqmt={"cpu": 1})
        yield Task("merge", mini_task=True)


class HiddenInputJob(Job):
    """Has an input that is none of its arguments."""

    def __init__(self, number: int):
        self.hidden = SourceJob(f"hidden {number}").out_file
        self.out = self.output_path("out")


class UpdateJob(Job):
    """Asks for more inputs when its first one is there."""

    def __init__(self, first: tk.Path, more: int):
        self.first = first
        self.more = more
        self.out = self.output_path("out")

    def update(self) -> None:
        for index in range(self.more):
            self.add_input(SourceJob(f"updated {index}").out_file)


class ManyExcludedJob(Job):
    __sis_hash_exclude__ = {"new": None, "flag": False, "sizes": [1, 2]}

    def __init__(self, old: Any, new: Any = None, flag: bool = False, sizes: Any = (1, 2)):
        pass


class OverwriteJob(Job):
    __sis_hash_overwrite__ = [("kind", "b", "a"), ("size", 2, 1)]

    def __init__(self, kind: str, size: int):
        pass


class VersionTextJob(Job):
    __sis_version__ = "two"

    def __init__(self, value: Any = None):
        pass


class DerivedSourceJob(SourceJob):
    def __init__(self, name: str, extra: Any = None):
        super().__init__(name)


class OwnIdJob(Job):
    def __init__(self, name: str):
        pass

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        return f"by-name.{parsed_args['name']}"


def graphs() -> dict[str, Job]:
    """The last job of each graph, by a name."""
    return {
        **_uses({**_delayed(), **_paths(), **_values()}),
        **_jobs(),
    }


def _uses(values: dict[str, Any]) -> dict[str, Job]:
    return {name: UserJob(value) for name, value in values.items()}


def _delayed() -> dict[str, Any]:
    source = SourceJob()
    value, table = source.out_value, source.out_table
    return {
        "variable": value,
        "variable_pickle": table,
        "delayed_add": value + 1,
        "delayed_radd": 1 + value,
        "delayed_sub": value - 1.5,
        "delayed_rsub": 1 - value,
        "delayed_mul": value * 2,
        "delayed_div": value / 3,
        "delayed_floordiv": value // 3,
        "delayed_rfloordiv": 7 // value,
        "delayed_mod": value % 2,
        "delayed_pow": value**2,
        "delayed_rpow": 2**value,
        "delayed_pow_mod": pow(value, 2, 3),
        "delayed_round": round(value, 2),
        "delayed_getitem": table["best"][0],
        "delayed_format": tk.Delayed("{}-{n}").format(value, n=3),
        "delayed_rformat": value.rformat("lm_scale_{}"),
        "delayed_replace": source.out_file.replace("a", "b"),
        "delayed_function": value.function(double),
        "delayed_function_arguments": value.function(add, y=2),
        "delayed_call": tk.Delayed(add)(value, y=table["y"]),
        "delayed_function_v2": DelayedFunctionV2(double, (value,), {}),
        "delayed_fallback": value.fallback(0.5),
        "delayed_plain": tk.Delayed(5),
        "delayed_slice": DelayedSlice(table, 1, value),
        "delayed_join": DelayedJoin([value.rformat("{}"), "x"], ","),
        "delayed_nested": {"beam": [round(value + table["x"] * 2), {"scale": (value - 1) / (value + 1)}]},
    }


def _paths() -> dict[str, Any]:
    source = SourceJob("paths")
    return {
        "path_absolute": tk.Path("/some/where"),
        "path_overwrite_creator": tk.Path("moved", hash_overwrite=("old/Job.abc/output", "file")),
        "path_overwrite_job": tk.Path("moved", hash_overwrite=(source, "file")),
        "path_setup": tk.setup_path("tests.localsis")("data.txt"),
        "path_setup_overwritten": tk.setup_path("tests.localsis")("data.txt", hash_overwrite="DATA"),
        "path_appended": source.out_file.copy_append(".gz"),
        "path_overwrite_joined": tk.Path("corpus", hash_overwrite="CORPUS").join_right("train.txt"),
        "path_copy": source.out_dir.copy(),
        "path_directory": source.out_dir,
        "path_joined_twice": source.out_dir.join_right("a").join_right("b"),
        "path_in_set": {tk.Path("a"), tk.Path("b"), source.out_file},
        "path_tags": tk.Path("tagged", tags={"t"}),
    }


def _values() -> dict[str, Any]:
    path = SourceJob("values").out_file
    return {
        "int_enum": Level.HIGH,
        "int_with_new_arguments": Number(5),
        "text_with_new_arguments": Text("derived"),
        "range_tuple": Range(path),
        "dataclass_frozen": Data(path),
        "inner_class_object": Outer.Inner(path),
        "inner_class": Outer.Inner,
        "slots_and_dict": Derived(),
        "partial_nested": functools.partial(functools.partial(add, 1), y=path),
        "unbound_method": str.lower,
        "bound_builtin": "text".upper,
        "float_forms": [0.1 + 0.2, 1e300, float("inf"), 10.0**15, -1.5e-7],
        "deep": [[[[[[{"a": ({"b": [None, True, b"x", path]},)}]]]]]],
        "mixed_keys": {None: 1, (1, 2): "t", 1.5: "f", "s": {}},
        "long_text": "x" * 5000,
        "class_of_job": SourceJob,
        "ordered_paths": [path, path.join_right("x"), path],
    }


def _jobs() -> dict[str, Job]:
    source = SourceJob()
    chain = source
    for index in range(5):
        chain = UserJob(chain.out_file if index == 0 else chain.out, index)
    tagged = UserJob(tk.Path("x"), sis_tags={"fast"})
    update = UpdateJob(source.out_file, 2)
    twice = SourceJob("twice")
    changed = [1, 2]
    of_changed = UserJob(changed)
    changed.append(3)
    resources = UserJob("resources")
    resources.update_rqmt("run", {"mem": 8})
    return {
        "source": source,
        "source_named": SourceJob("other"),
        "default_given_again": SourceJob("source"),
        "derived_job": DerivedSourceJob("source"),
        "chain": chain,
        "array": ArrayJob([source.out_file, twice.out_file]),
        "array_split": ArrayJob([source.out_file], split=10),
        "hidden_input": HiddenInputJob(1),
        "use_of_hidden": UserJob(HiddenInputJob(2).out),
        "update": update,
        "use_of_update": UserJob(update.out),
        "excluded_all": ManyExcludedJob(1, None, False, [1, 2]),
        "excluded_tuple_is_no_list": ManyExcludedJob(1),
        "excluded_zero_is_false": ManyExcludedJob(1, flag=0),  # type: ignore[arg-type]
        "overwrite_both": OverwriteJob("b", 2),
        "overwrite_none": OverwriteJob("a", 1),
        "version_text": VersionTextJob(),
        "own_id": OwnIdJob("mine"),
        "keyword_arguments": UserJob(b=1, a=source.out_value),
        "no_arguments": UserJob(),
        "tags": tagged,
        "changed_by_caller": of_changed,
        "resources": resources,
        "diamond": UserJob(UserJob(twice.out_file, 1).out, UserJob(twice.out_file, 2).out),
    }
