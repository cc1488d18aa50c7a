"""
A setup that both engines have run: see golden_layout.json for what Sisyphus itself left, done and half done.

The recordings are of commit 21ba684 of Sisyphus with its local engine. In them ``$SETUP`` stands for the setup's
directory. Each manager writes its own ``job.save`` before it starts a task, so that file is not recorded.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import pathlib
from typing import Any

PROJECT = pathlib.Path(__file__).resolve().parents[2]

LAYOUT: dict[str, dict[str, Any]] = json.loads((pathlib.Path(__file__).parent / "golden_layout.json").read_text())
"""
By run ("done", "half_done"): relative path -> text of the file, ``{"link": target}``, ``{"gzip": base64 of what is
in it}``, or ``None`` for a directory.
"""

JOBS = '''
import os, time
from sisyphus import Job, Task, tk


class NumberJob(Job):
    """Writes a value, a pickled one, a file and a directory."""

    def __init__(self, number, *, note=None):
        self.number = number
        self.out_value = self.output_var("value")
        self.out_table = self.output_var("table", pickle=True)
        self.out_file = self.output_path("texts/number.txt")
        self.out_dir = self.output_path("parts", directory=True)

    def tasks(self):
        yield Task("run", resume="run", rqmt={"cpu": 1, "mem": 1, "time": 1})

    def run(self):
        os.makedirs(os.path.dirname(self.out_file.get_path()), exist_ok=True)
        with open(self.out_file.get_path(), "w") as file:
            file.write(f"{self.number}\\n")
        with open(os.path.join(self.out_dir.get_path(), "part"), "w") as file:
            file.write("part\\n")
        self.out_value.set(self.number)
        self.out_table.set({"number": self.number})


class SumJob(Job):
    """An array task of three, of which each leaves a file, then a short task."""

    def __init__(self, values, texts):
        self.values = values
        self.texts = texts
        self.out = self.output_path("sum.txt")

    def tasks(self):
        yield Task("shard", resume="shard", args=[("a", 1), ("b", 2), "c"], rqmt={"cpu": 1})
        yield Task("merge", mini_task=True)

    def shard(self, letter, number=3):
        with open(f"shard.{letter}", "a") as file:
            file.write(f"{number}\\n")
        if letter == "c" and os.path.exists("/".join(self.out.get_path().split("/")[:-6]) + "/slow"):
            time.sleep(600)

    def merge(self):
        shards = [open(f"shard.{letter}").read().split() for letter in "abc"]
        total = sum(int(lines[-1]) for lines in shards) + sum(value.get() for value in self.values)
        with open(self.out.get_path(), "w") as file:
            file.write(f"{total}\\n")


class UpdatingJob(Job):
    """Asks for one more number when its first input is there."""

    def __init__(self, first, half):
        self.first = first
        self.half = half
        self.out = self.output_var("result")

    def update(self):
        self.more = NumberJob(int(open(self.first.get_path()).read())).out_value
        self.add_input(self.more)

    def tasks(self):
        yield Task("run", mini_task=True)

    def run(self):
        self.out.set([self.more.get(), self.half.get()])
'''

CONFIG = """
from sisyphus import tk
from jobs.contract import NumberJob, SumJob, UpdatingJob


def py():
    one = NumberJob(1, sis_tags={"small"})
    two = NumberJob(2, note={"b": 1, "a": [one.out_file, one.out_value]})
    total = SumJob([one.out_value, two.out_value], {"x": two.out_file, "given": tk.Path("given.txt")})
    total.add_alias("sums/total")
    total.add_alias("also")
    result = UpdatingJob(total.out, one.out_value / 2)
    tk.register_output("sum.txt", total.out)
    tk.register_output("nested/value", two.out_value)
    tk.register_output("parts", one.out_dir)
    tk.register_output("result", result.out)
"""

PROGRESS_FILES = ("submit_log.", "usage.", "log.")
"""Files of tasks that each engine writes in its own way."""


def make_setup(directory: pathlib.Path) -> pathlib.Path:
    """The setup without anything run."""
    (directory / "jobs").mkdir(parents=True)
    (directory / "configs").mkdir()
    (directory / "jobs" / "contract.py").write_text(JOBS)
    (directory / "configs" / "contract.py").write_text(CONFIG)
    (directory / "given.txt").write_text("given\n")
    for name in ("localsis", "settings.py", "sis"):
        (directory / name).symlink_to(PROJECT / name)
    return directory


def read_layout(setup: pathlib.Path) -> dict[str, Any]:
    """What stands in the work, output and alias directories, as in :data:`LAYOUT`."""
    found: dict[str, Any] = {}
    for top in ("work", "output", "alias"):
        for place, directories, names in os.walk(setup / top):
            for name in [*directories, *names]:
                path = pathlib.Path(place) / name
                found[str(path.relative_to(setup))] = _entry(path, setup)
    return {key: found[key] for key in sorted(found) if not key.endswith(("job.save", ".manager.lock"))}


def _entry(path: pathlib.Path, setup: pathlib.Path) -> Any:
    if path.is_symlink():
        return {"link": os.readlink(path).replace(str(setup), "$SETUP")}
    if path.is_dir():
        return None
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        return {"gzip": base64.b64encode(gzip.decompress(content)).decode()}
    return content.decode().replace(str(setup), "$SETUP")


def write_layout(layout: dict[str, Any], setup: pathlib.Path) -> None:
    """Puts a recorded run into a setup."""
    for name, entry in layout.items():
        path = setup / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry is None:
            path.mkdir(exist_ok=True)
        elif isinstance(entry, dict) and "gzip" in entry:
            path.write_bytes(gzip.compress(base64.b64decode(entry["gzip"])))
        elif isinstance(entry, dict):
            path.symlink_to(entry["link"].replace("$SETUP", str(setup)))
        else:
            path.write_text(entry.replace("$SETUP", str(setup)), encoding="utf-8")
        if path.name.startswith("usage."):  # by a process of another host, some time ago: else it may be alive
            os.utime(path, (path.stat().st_mtime - 3600,) * 2)
