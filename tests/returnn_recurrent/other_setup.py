"""Another Sisyphus setup, with its own ``recipe/``, that uses this project's models and jobs."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]

SETTINGS = """\
IMPORT_PATHS = ["config", "recipe", "recipe/"{clone}]
"""

IN_RECIPE = "recipe/returnn-recurrent/returnn_recurrent"

THEIR_MODULES = ["nn.py", "models.py", "data/lexicon.py", "data/hdf.py", "jobs/training.py", "jobs/atomic_file.py"]
"""Modules of their ``recipe/`` that are called as ours are."""

THEIR_JOB = '''\
"""A job that is called as one of ours is, in a module that is called as ours is."""

from sisyphus import Job, Task


class LexiconToHdfJob(Job):
    def __init__(self, words):
        self.words = words
        self.out_lexicon = self.output_path("lexicon.tsv")

    def tasks(self):
        yield Task("run", mini_task=True)

    def run(self):
        with open(self.out_lexicon.get_path(), "w") as file:
            file.writelines(f"{word}\\t{' '.join(phones)}\\n" for word, phones in self.words)
'''

THEIR_CONFIG = '''\
"""Their words, by their job; our datasets and references of it."""

from sisyphus import tk

import jobs.training
import recipe.models
from jobs.lexicon import LexiconToHdfJob as TheirJob
from returnn_recurrent import nn
from returnn_recurrent.data.cmudict import LETTERS, PHONES
from returnn_recurrent.jobs.lexicon import LexiconToHdfJob
from returnn_recurrent.jobs.lexicon_references import LexiconToReferencesJob


def py():
    assert jobs.training.WHOSE == recipe.models.WHOSE == "theirs"
    theirs = TheirJob([("go", ["G", "OW"]), ("bee", ["B", "IY"])])
    ours = LexiconToHdfJob(theirs.out_lexicon, LETTERS.labels, PHONES.labels, end_label="</s>")
    references = LexiconToReferencesJob(theirs.out_lexicon)
    ours.add_alias("ours")
    theirs.add_alias("theirs")
    assert TheirJob is not LexiconToHdfJob and nn.Dim(3).size == 3
    tk.register_output("words.hdf", ours.out_hdf)
    tk.register_output("references", references.out_references)
'''

IDS = '''\
"""The ids of a graph with nearly all jobs of this project."""

from localsis.job import created_jobs

from .everything import with_sclite


def py():
    with_sclite()
    with open("ids", "w") as file:
        file.writelines(f"{name}\\n" for name in sorted(created_jobs))
    raise SystemExit
'''


WITHOUT_INSTALLED = '''\
"""Hides the copy of this project that ``make venv`` has installed, maybe an old one, beside what the project needs."""

import sys
from importlib.machinery import PathFinder


class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target)
        is_installed = name == "returnn_recurrent" and spec is not None and "site-packages" in str(spec.origin)
        return None if is_installed else spec


sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
'''


def make_other_setup(directory: pathlib.Path, *, clone: pathlib.Path | None = None) -> pathlib.Path:
    """
    Writes the setup.

    :param clone: a checkout of this project, put into ``recipe/`` and named in IMPORT_PATHS; without it, the installed
        package is used
    """
    (directory / "recipe/data").mkdir(parents=True)
    (directory / "recipe/jobs").mkdir()
    (directory / "config").mkdir()
    (directory / "settings.py").write_text(SETTINGS.format(clone="" if clone is None else f', "{IN_RECIPE}"'))
    if clone is not None:
        (directory / IN_RECIPE).parent.symlink_to(clone)
    for name in THEIR_MODULES:
        (directory / "recipe" / name).write_text('WHOSE = "theirs"\n')
    (directory / "recipe/jobs/lexicon.py").write_text(THEIR_JOB)
    (directory / "config/theirs.py").write_text(THEIR_CONFIG)
    (directory / "config/ids.py").write_text(IDS)
    for name in ("everything", "tiny"):
        (directory / "config" / f"{name}.py").write_text(with_new_names(PROJECT / f"tests/jobs/configs/{name}.py"))
    return directory


def with_new_names(config: pathlib.Path) -> str:
    """The text of a config of this project as another setup would write it."""
    text = config.read_text(encoding="utf-8")
    text = re.sub(r"^from jobs\b", "from returnn_recurrent.jobs", text, flags=re.MULTILINE)
    return re.sub(r"^from recipe\b", "from returnn_recurrent", text, flags=re.MULTILINE)


def pip_install(directory: pathlib.Path) -> pathlib.Path:
    """This project as pip installs it, without what it depends on."""
    source = directory / "source"
    source.mkdir(parents=True)
    for name in ("recipe", "jobs", "returnn_recurrent"):
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source / name)
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, *command, "--target", directory / "site", source], check=True, text=True)
    return directory / "site"


def run_in(setup: pathlib.Path, *arguments: str, site: pathlib.Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the embedded engine in the setup; nothing else of this project can be imported there by itself."""
    alone = setup.parent / "engine"
    if not alone.exists():
        alone.mkdir()
        (alone / "localsis").symlink_to(PROJECT / "localsis")
        (alone / "sitecustomize.py").write_text(WITHOUT_INSTALLED)
    path = os.pathsep.join(str(place) for place in (alone, site) if place is not None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=setup,
        env={**os.environ, "PYTHONPATH": path, "SIS_ENGINE": "embedded"},
        capture_output=True,
        text=True,
        timeout=300,
    )
