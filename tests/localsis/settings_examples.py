"""
What ids, paths and texts are under several settings: ``python -m tests.localsis.settings_examples --record``.

It records with whatever ``sisyphus`` can be imported.
"""

from __future__ import annotations

import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

FILE = pathlib.Path(__file__).parent / "golden_settings.json"
PROJECT = pathlib.Path(__file__).resolve().parents[2]

_HASHING = "from sisyphus.hash import short_hash\ndef SIS_HASH(value):\n    return 'X' + short_hash(value, 16)\n"
_LETTERS = "import sisyphus.hash\nSIS_HASH = lambda value: sisyphus.hash.short_hash(value, length=20, chars='abc')\n"

CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "none": ({}, {}),
    "RECIPE_PREFIX": ({}, {"SIS_RECIPE_PREFIX": "other"}),
    "RECIPE_PREFIX with a dot": ({"settings.py": "RECIPE_PREFIX = 'recipe.mine'"}, {}),
    "JOB_OUTPUT": ({"settings.py": "JOB_OUTPUT = 'results'"}, {}),
    "JOB_OUTPUT in a directory": ({}, {"SIS_JOB_OUTPUT": "a/b"}),
    "JOB_USE_TAGS_IN_PATH": ({"settings.py": "JOB_USE_TAGS_IN_PATH = True"}, {}),
    "JOB_USE_TAGS_IN_PATH as a text": ({}, {"SIS_JOB_USE_TAGS_IN_PATH": "yes"}),
    "ALIAS_AND_OUTPUT_SUBDIR": ({}, {"SIS_ALIAS_AND_OUTPUT_SUBDIR": "sub"}),
    "directories": (
        {"settings.py": "WORK_DIR += '2'; ALIAS_DIR = 'al'"},
        {"SIS_WORK_DIR": "w4", "SIS_OUTPUT_DIR": "o"},
    ),
    "LEGACY conversions": ({"settings.py": "LEGACY_PATH_CONVERSION = LEGACY_VARIABLE_CONVERSION = True"}, {}),
    "RAISE_VARIABLE_NOT_SET_EXCEPTION": ({}, {"SIS_RAISE_VARIABLE_NOT_SET_EXCEPTION": "False"}),
    "DELAYED_CHECK_FOR_WORKER": ({"settings.py": "DELAYED_CHECK_FOR_WORKER = True"}, {}),
    "AUTO_SET_JOB_INIT_ATTRIBUTES": ({"settings.py": "AUTO_SET_JOB_INIT_ATTRIBUTES = True"}, {}),
    "IMPORT_PATHS": ({"settings.py": "IMPORT_PATHS.append('x')"}, {}),
    "IMPORT_PATHS of the environment": ({}, {"SIS_IMPORT_PATHS": "a:b/"}),
    "SIS_HASH": ({"settings.py": _HASHING}, {}),
    "SIS_HASH, two files": (
        {"a.py": _HASHING, "b.py": _LETTERS + "JOB_OUTPUT = JOB_OUTPUT + '2'"},
        {"SIS_GLOBAL_SETTINGS_FILE": "a.py:b.py"},
    ),
    "no file": ({"settings.py": "JOB_OUTPUT = 'not read'"}, {"SIS_GLOBAL_SETTINGS_FILE": ""}),
}
"""By name: files of the setup, and the environment."""


def described(base_dir: str) -> list[str]:
    """Ids, paths and texts of some jobs, with ``$SETUP`` for the setup's directory."""
    from sisyphus import Job, gs, tk

    class FirstJob(Job):
        __module__ = "recipe.mine.jobs"

        def __init__(self, value: Any, other: Any = 1):
            self.out = self.output_path("out")
            self.out_value = self.output_var("value")

    class OtherJob(FirstJob):
        __module__ = "other.jobs"

    lines = []
    for kind in (FirstJob, OtherJob):
        job = kind(1, sis_tags={"t", "a"})
        job.add_alias("alias")
        user = kind(job.out)
        users = [user, kind([job.out_value, job.out.join_right("z")])]
        lines += [other.job_id() for other in users]
        lines += [str(job), repr(job.out), job.out.rel_path(), job.out.get_path(), user.out.rel_path()]
        lines += [str(sorted(user.tags)), str(hasattr(user, "value"))]
    for function in (
        lambda: repr(job.out_value),
        lambda: str(job.out_value),
        lambda: str(tk.Variable("unset")),
        lambda: job.out.get(),
    ):
        try:
            lines.append(function())
        except Exception:
            lines.append("refused")
    lines += [f"{name} {getattr(gs, name)}" for name in ("WORK_DIR", "OUTPUT_DIR", "ALIAS_DIR", "IMPORT_PATHS")]
    return [line.replace(base_dir, "$SETUP") for line in lines]


def write_files(case: str, directory: pathlib.Path) -> None:
    """The files of a case."""
    for name, text in CASES[case][0].items():
        (directory / name).write_text(text)


def record() -> None:
    """Writes what the installed engine gives."""
    found = {}
    code = "import json, os, tests.localsis.settings_examples as e; print(json.dumps(e.described(os.getcwd())))"
    for case, (_, environment) in CASES.items():
        with tempfile.TemporaryDirectory() as directory:
            write_files(case, pathlib.Path(directory))
            text = subprocess.run(
                [sys.executable, "-c", code],
                cwd=directory,
                env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        found[case] = json.loads(text)
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--record"]:
        sys.exit(__doc__)
    logging.disable(logging.CRITICAL)
    record()
