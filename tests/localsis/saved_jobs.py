"""A job that is saved and read by both engines, and what stands in for Sisyphus where that is not installed."""

from __future__ import annotations

import pathlib
import textwrap

JOB = '''
from sisyphus import Job, Task, tk


class SavedJob(Job):
    """Has everything that a job can keep."""

    def __init__(self, number, path, values):
        self.number, self.path, self.values = number, path, values
        self.sum = number + 1
        self.out = self.output_path("sum")
        self.out_directory = self.output_path("some", directory=True)
        self.out_var = self.output_var("value", backup=3)
        self.set_env("SAVED", "a $b")

    def tasks(self):
        yield Task("run", resume="run", rqmt={"cpu": 1, "mem": 1, "time": 1})

    def run(self):
        import os

        with open(self.out.get_path(), "w") as file:
            file.write(f"{self.sum.get()} {open(self.path.get_path()).read()} {self.values} {os.environ['SAVED']}")
        open(os.path.join(self.out_directory.get_path(), "file"), "w").close()
        self.out_var.set(self.number.get())


class NumberJob(Job):
    def __init__(self, number):
        self.number = number
        self.out = self.output_var("number")

    def tasks(self):
        yield Task("run", rqmt={"cpu": 1, "mem": 1, "time": 1})

    def run(self):
        self.out.set(self.number)
'''

CONFIG = """
from sisyphus import tk
from jobs.saved import NumberJob, SavedJob


def py():
    job = SavedJob(NumberJob(4).out, tk.Path("data.txt"), {"a": [1, None], "b": (2.5, "x")})
    job.add_alias("saved")
    job.update_rqmt("run", {"mem": 2})
    tk.register_output("sum", job.out)
"""

_STAND_IN = {
    "__init__": """
        from .job import Job
        from .job_path import Path, Variable
        class Task:
            def __init__(self, start, resume=None, rqmt=None, **rest): self.start, self.rqmt = start, rqmt
        class tk: pass
    """,
    "job": """
        NEEDED = '''_sis_id_cache _sis_aliases _sis_alias_prefixes _sis_vis_name _sis_output_dirs _sis_outputs
        _sis_keep_value _sis_hold_job _sis_kwargs _sis_task_rqmt_overwrite _sis_is_finished _sis_tags
        _sis_finished_recent_check_time _sis_setup_since_restart _sis_environment _sis_inputs _sis_quiet
        _sis_needed_for_which_targets _sis_stacktrace'''
        class Job:
            def __new__(cls, *args):
                assert len(args) == 1 and isinstance(args[0], str)
                return object.__new__(cls)
            def __getnewargs__(self): return (self._sis_id_cache,)
            def __getstate__(self): return dict(self.__dict__)
            def __setstate__(self, state):
                missing = [name for name in NEEDED.split() if name not in state]
                assert not missing, missing
                self.__dict__.update(state)
    """,
    "job_path": """
        from .delayed_ops import DelayedBase
        class NoBackup: pass
        class AbstractPath(DelayedBase):
            def __setstate__(self, state):
                assert "users" not in state and state["creator"] is None and state["path"].startswith("/")
                self.__dict__.update(state, users=set())
            def __getstate__(self): return {k: v for k, v in self.__dict__.items() if k != "users"}
            def get_path(self): return self.path
            def __eq__(self, other): return self.path == other.path
            def __hash__(self): return hash(self.__dict__.get("path"))
        class Path(AbstractPath): pass
        class Variable(AbstractPath):
            def get(self): return eval(open(self.path).read())
            def set(self, value): open(self.path, "w").write(repr(value))
    """,
    "delayed_ops": """
        class DelayedBase: pass
        class DelayedAdd(DelayedBase):
            def get(self): return self.a.get() + self.b
    """,
    "tools": """
        class EnvironmentModifier:
            def modify_environment(self):
                import os
                assert self.cleanup_env and "HOME" in self.keep_vars and "LANG" in self.set_vars
                os.environ.update(self.set_vars_verbatim)
    """,
}

WORKER = """
import gzip, pickle, sys
directory = sys.argv[1]
with gzip.open(directory + "/job.save") as file:
    job = pickle.load(file)
assert job._sis_aliases == {"saved"} and job._sis_task_rqmt_overwrite == {"run": ({"mem": 2}, False)}
assert {str(path.get_path()) for path in job._sis_output_dirs} == {directory + "/output/some"}
job._sis_environment.modify_environment()
job.run()
with gzip.open(directory + "/job.save", "wb") as file:  # as Sisyphus saves it
    pickle.dump(job, file)
"""
"""What a worker of Sisyphus does, and then its manager."""


def make_setup(setup: pathlib.Path) -> pathlib.Path:
    """The job, its config and its input in a setup."""
    for name in ("jobs", "configs"):
        (setup / name).mkdir()
    (setup / "jobs" / "saved.py").write_text(JOB)
    (setup / "configs" / "saved.py").write_text(CONFIG)
    (setup / "data.txt").write_text("data")
    return setup


def make_stand_in(place: pathlib.Path) -> pathlib.Path:
    """A package ``sisyphus`` that has of its classes what workers read."""
    (place / "sisyphus").mkdir(parents=True)
    for name, text in _STAND_IN.items():
        (place / "sisyphus" / f"{name}.py").write_text(textwrap.dedent(text))
    return place
