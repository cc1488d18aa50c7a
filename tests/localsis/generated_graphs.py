"""Whole graphs made by a random generator: jobs with values of all kinds, outputs of other jobs, delayed ones, tags."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy
from sisyphus import Job, Task, delayed_ops, gs, tk
from sisyphus import hash as sis_hash

from . import generated_classes as classes
from . import generated_jobs as jobs
from .generated_values import Make, Values

REFUSED = "refused"


def outcome(seed: int, *, of_this_python: bool = False) -> str:
    """The id of the last job of a graph, or that it is refused."""
    try:
        return Graph(random.Random(seed), of_this_python=of_this_python).last_job().job_id()
    except Exception:
        return REFUSED


class Graph(Values):
    """
    Makes jobs.

    :param chosen: what all of it depends on
    :param of_this_python: whether also values whose ids depend on the versions of Python and NumPy
    """

    def __init__(self, chosen: random.Random, *, of_this_python: bool = False):
        super().__init__(chosen, of_this_python=of_this_python)
        self._jobs = 0
        self.kinds += [(14, self._paths()), (14, self._delayed()), (5, self._of_engine()), (3, self._wrong_use())]

    def last_job(self) -> Job:
        """The last one of a graph."""
        weights = [6, 6, 3, 3, 3, 3, 3, 2, 2, 6]
        (make,) = self.chosen.choices(self._kinds_of_jobs(), weights)
        return make()

    def _kinds_of_jobs(self) -> list[Callable[[], Any]]:
        pick, value = self.chosen, self.value
        return [
            lambda: jobs.AnyJob(value()),
            lambda: jobs.AnyJob(value(), **{self.word(): value() for _ in range(2)}),
            lambda: jobs.KeywordJob(value(1), flag=pick.choice([True, False, 0]), config={"a": value()}),
            lambda: jobs.ForgetfulJob(value(1), value()),
            lambda: jobs.ExcludingJob(
                value(1),
                pick.choice([None, 1, numpy.zeros(1), classes.Equal()]),
                flag=pick.choice([False, True, 0, 1, numpy.False_]),
                sizes=pick.choice([[1, 2], (1, 2), [1], numpy.array([1, 2]), [1.0, 2.0]]),
                rate=pick.choice([0.0, float("nan"), numpy.float64(0.5), value()]),
            ),
            lambda: jobs.OverwritingJob(pick.choice("abc"), pick.choice([1, 2, 2.0, True, numpy.int64(2), value()])),
            lambda: pick.choice([jobs.VersionJob, jobs.ListVersionJob])(value(2)),
            lambda: jobs.OwnHashJob(pick.choice(["a", "x y", 5, b"a", "", None, "a/b", "\u00e4", "A.b-c_d", value(1)])),
            lambda: pick.choice([jobs.DerivedJob, jobs.Outer.InnerJob, jobs.HiddenInputJob, jobs.MutatingJob])(value()),
            self._odd_job,
        ]

    def _odd_job(self) -> Any:
        pick, value = self.chosen, self.value
        tags: list[Make] = [
            lambda: {"fast"},
            lambda: ["a", "a"],
            lambda: "abc",
            lambda: {"two words"},
            lambda: ["a b"],
            lambda: [5],
            lambda: [("ab",)],
            lambda: None,
            lambda: {"\u00e4"},
            lambda: 7,
            lambda: {self.word()},
        ]
        return pick.choice(
            [
                lambda: jobs.AnyJob(value(), sis_tags=pick.choice(tags)()),
                lambda: jobs.AnyJob(tk.Path("a", tags=pick.choice(tags)()), value(1)),
                lambda: jobs.OtherSelfJob(value(), self=value(1)),
                lambda: jobs.NoInitJob(),
                lambda: jobs.NoInitJob(value()),
                lambda: jobs.NoInitJob(a=value(1)),
                lambda: jobs.StarJob(value()),
                lambda: jobs.LockJob(value(1)),
                lambda: jobs.FailingJob(value(1)),
                lambda: jobs.TwiceJob(value(1), variable=pick.choice([True, False])),
                lambda: jobs.KeywordJob(),
                lambda: jobs.KeywordJob(1, unknown=2),
                lambda: jobs.MutatingJob(self.some()),
                lambda: jobs.AnyJob(jobs.ForgetfulJob(value(), value(1)).out),
                lambda: jobs.PositionalJob(value(1), pick.choice([1, 2])),
                lambda: jobs.PositionalJob(value(1), other=value(1), more=2),
                lambda: jobs.PositionalJob(1, value=2),
                lambda: jobs.PositionalJob(value=2),
                lambda: jobs.WrappedJob(value(), other=2),
                lambda: jobs.AttributesJob(value(), self.path(), tags=value(1)),
                lambda: jobs.SelfMakingJob(pick.randint(0, 5)),
                lambda: jobs.ForgetfulJob(1, unhashed=value()),
                lambda: jobs.AnyJob([pick.choice([jobs.PathLike, jobs.UsedPath])()]),
                self._chain,
                self._sharing,
            ]
        )()

    def _chain(self) -> Any:
        job = self.source()
        path = job.out_file
        for index in range(self.chosen.randint(1, 4)):
            path = jobs.AnyJob(path, index, self.value(1)).out
        return jobs.AnyJob(path, self.value(1))

    def _sharing(self) -> Any:
        shared = self.value()
        made = jobs.AnyJob(shared, [shared])
        if isinstance(shared, list):
            shared.append("later")
        return jobs.AnyJob(made.out, shared)

    def source(self) -> Any:
        """A job with outputs of all kinds, of a value that may be anything."""
        self._jobs += 1
        if self._jobs > 8:
            return jobs.SourceJob()
        name = self.value(1) if self.chosen.random() < 0.3 else self.word()
        return jobs.SourceJob(name, size=self.chosen.choice([3, 3, 4]))

    def path(self) -> Any:
        """A path or variable."""
        return self.chosen.choice(self._paths()[:12])()

    def _paths(self) -> list[Make]:
        pick = self.chosen

        def overwritten_later(value: Any) -> Any:
            path = tk.Path(self.word())
            path.hash_overwrite = value
            return path

        def with_tags() -> Any:
            path = tk.Path(self.word())
            path.tags = {"later"}
            return path

        overwrites: list[Make] = [
            self.word,
            lambda: ("creator", self.word()),
            lambda: (None, self.word()),
            lambda: (self.source(), "file"),
            lambda: [None, "a"],
            lambda: {"a"},
            lambda: ("a", "b", "c"),
            lambda: 5,
            lambda: None,
            lambda: (self.plain(), self.plain()),
            lambda: numpy.str_("text"),
            lambda: ("", ""),
        ]
        return [
            lambda: self.source().out_file,
            lambda: self.source().out_value,
            lambda: self.source().out_table,
            lambda: self.source().out_dir,
            lambda: tk.Path(self.word()),
            lambda: tk.Path(f"/{self.word()}", cached=True),
            lambda: tk.Path(self.word(), tags={"t"}),
            lambda: tk.Variable(self.word()),
            lambda: self.source().out_dir.join_right(self.word()),
            lambda: self.source().out_file.copy_append(".gz").copy(),
            lambda: jobs.OwnPath(self.word(), self.source()),
            lambda: tk.setup_path("tests.localsis")("data.txt"),
            lambda: tk.Path(self.word(), hash_overwrite=pick.choice(overwrites)()),
            lambda: overwritten_later(pick.choice(overwrites)()),
            lambda: tk.Path(self.word(), hash_overwrite=pick.choice(overwrites)()).join_right("more"),
            with_tags,
            lambda: tk.Path(self.inner()),
            lambda: tk.Path("a", self.source(), True, "over", {"t"}, classes.double),
            lambda: tk.setup_path("tests.localsis"),
            lambda: classes.Frozen(self.path(), {"b": (self.path(),)}),
            lambda: classes.Slots(self.path()),
            lambda: classes.Point(self.path(), self.path()),
            lambda: {self.path(), self.path(), self.path()},
            lambda: sorted(self.path() for _ in range(4)),
            lambda: sorted([self.path(), self.inner()]),
            lambda: {self.path(): self.inner()},
            lambda: numpy.array([self.path(), None], dtype=object),
            lambda: classes.Queue([self.path()]),
            lambda: {"_sis_key": self.path()},
            lambda: [self.path()] * 2,
            lambda: functools.partial(classes.add, y=self.path()),
        ]

    def delayed(self) -> Any:
        """A delayed value."""
        return self.chosen.choice(self._delayed()[:14])()

    def _delayed(self) -> list[Make]:
        pick = self.chosen

        def variable() -> Any:
            return self.source().out_value

        return [
            lambda: variable() + self.inner(),
            lambda: self.number() * variable(),
            lambda: variable() - 1,
            lambda: 1 / variable(),
            lambda: variable() // 2 % 3,
            lambda: pow(variable(), 2, pick.choice([None, 3])),
            lambda: round(variable() / 3, 2),
            lambda: variable()[self.inner()],
            lambda: tk.Delayed(self.inner()),
            lambda: variable().rformat("{} {x}", x=self.inner()),
            lambda: tk.Delayed("{}").format(variable()),
            lambda: variable().function(classes.add, y=self.inner()),
            lambda: variable().fallback(self.inner()),
            lambda: tk.Delayed(classes.add)(variable(), y=self.inner()),
            lambda: variable().replace("a", self.word()),
            lambda: variable().function(lambda x: x),
            lambda: variable().function(functools.partial(classes.add, 1)),
            lambda: delayed_ops.DelayedSlice(variable(), 1, self.inner()),
            lambda: delayed_ops.DelayedJoin([variable(), self.word()], ","),
            lambda: delayed_ops.DelayedFunctionV2(classes.double, (self.delayed(),), {}),
            lambda: delayed_ops.DelayedBase(self.inner(), self.inner()),
            lambda: self.delayed() + self.delayed(),
            lambda: self.delayed() * numpy.float64(2),
            lambda: numpy.float64(2) * self.delayed(),
            lambda: numpy.int64(2) + variable(),
            lambda: numpy.array([1.0, 2.0]) * variable(),
            lambda: f"{variable()}",
            lambda: f"{self.source().out_value!r}",
            lambda: str(tk.Variable(self.word())),
            lambda: self.source().out_value.get(),
            lambda: list(zip(variable(), range(3))),
            lambda: list(itertools.islice(iter(variable()), 2)),
            lambda: dict(zip("ab", variable())),
            lambda: [entry for entry, _ in zip(self.source().out_file, "ab")],
        ]

    def _of_engine(self) -> list[Make]:
        pick = self.chosen
        paths = (tk.Path, tk.Variable, tk.AbstractPath, tk.RelPath, jobs.OwnPath)
        delayed = [getattr(delayed_ops, name) for name in dir(delayed_ops) if name.startswith("Delayed")]
        return [
            lambda: pick.choice([Job, Task, jobs.AnyJob, jobs.DerivedJob, jobs.Outer.InnerJob, type(Job)]),
            lambda: pick.choice(paths),
            lambda: pick.choice(delayed),
            lambda: Task("run", rqmt={"mem": self.inner()}),
            lambda: Task(
                "run", resume="run", args=[1, (2, self.inner())], mini_task=pick.choice([True, False]), tries=2
            ),
            lambda: pick.choice([tk.register_output, tk.setup_path, tk.register_report, tk.register_callback]),
            lambda: pick.choice([sis_hash.short_hash, sis_hash.sis_hash_helper, sis_hash.get_object_state]),
            lambda: pick.choice([gs.SIS_HASH, gs.update_engine_rqmt, gs.JOB_OUTPUT, gs.WORK_DIR, gs.RECIPE_PREFIX]),
            lambda: self.source().run,
            lambda: self.source().output_path,
            lambda: pick.choice([self.source().out_file.get_path, self.source().out_value.get, tk.Path("a").available]),
            lambda: functools.partial(self.source().run),
            lambda: self.source(),
            lambda: jobs.AnyJob(self.inner()),
            lambda: {"job": self.source()},
            lambda: {self.source(): 1},
            lambda: sorted([self.source(), self.source(), jobs.AnyJob(1)]),
            lambda: sorted([self.source(), self.source()], reverse=True),
            lambda: max(self.source(), self.source()),
            lambda: self.source() == self.source(),
            lambda: self.source().tags,
            lambda: [tk],
            lambda: gs,
        ]

    def _wrong_use(self) -> list[Make]:
        return [
            lambda: self.source() < self.source(),
            lambda: sorted([self.source(), self.inner()]),
            lambda: tk.Path("a") < 3,
            lambda: tk.Path(5),
            lambda: tk.Path("a") == "a",
            lambda: self.source().out_file + "suffix",
            lambda: self.source().out_file.creator,
            lambda: self.source().out_file.rel_path(),
            lambda: self.source().job_id(),
            lambda: self.source().no_such_attribute,
            lambda: Task(),
        ]
