"""Another setup uses this project under one name: cloned or installed, without clashes, with the ids it has here."""

from __future__ import annotations

import gzip
import os
import pathlib
import pickletools
import re
import subprocess
import sys

import pytest

from returnn_recurrent.names import renamed
from tests.jobs.setup_directory import make_setup

from .other_setup import PROJECT, make_other_setup, pip_install, run_in


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where pip has installed this project."""
    return pip_install(tmp_path_factory.mktemp("pip"))


@pytest.fixture(params=["cloned", "installed"])
def other(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path | None]:
    """The other setup, and where this project is installed for it."""
    if request.param == "cloned":
        return make_other_setup(tmp_path / "other", clone=PROJECT), None
    return make_other_setup(tmp_path / "other"), request.getfixturevalue("site")


def test_ids_are_those_of_the_project_itself(
    other: tuple[pathlib.Path, pathlib.Path | None], tmp_path: pathlib.Path
) -> None:
    setup, site = other
    run = run_in(setup, "-m", "localsis", "manager", "config/ids.py", site=site)
    assert (setup / "ids").exists(), run.stderr

    own = make_setup(tmp_path / "own")
    code = (
        "import tests.jobs.configs.everything as e, localsis.job as j; e.with_sclite(); print(*sorted(j.created_jobs))"
    )
    ids = subprocess.run(
        [sys.executable, "-c", f"import localsis; localsis.install(); {code}"],
        cwd=own,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert (setup / "ids").read_text().split() == ids
    assert len(ids) > 20 and len({name.partition(".")[0] for name in ids}) > 15


def test_jobs_run_beside_theirs_of_the_same_name(other: tuple[pathlib.Path, pathlib.Path | None]) -> None:
    setup, site = other
    run = run_in(setup, "-m", "localsis", "manager", "config/theirs.py", site=site)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (setup / "output/words.hdf").read_bytes().startswith(b"\x89HDF")
    ours, theirs = (setup / "alias" / name for name in ("ours", "theirs"))
    assert ours.resolve().parent == theirs.resolve().parent == (setup / "work/jobs/lexicon").resolve()
    assert "returnn_recurrent" in _strings(ours / "job.save")
    assert "returnn_recurrent" not in _strings(theirs / "job.save")

    there = site or PROJECT
    shown = run_in(setup, "-m", "returnn_recurrent", "show", "ours", site=there)
    assert "jobs/lexicon/LexiconToHdfJob" in shown.stdout and "</s>" in shown.stdout, shown.stderr
    cleared = run_in(setup, "-m", "returnn_recurrent", "retry", site=there)
    assert cleared.stdout == "no job in work/ has failed\n", cleared.stderr
    differ = run_in(setup, "-m", "returnn_recurrent", "why", "ours", "theirs", site=there)
    assert "words: not set" in differ.stdout, differ.stderr


def _strings(saved: pathlib.Path) -> str:
    with gzip.open(saved) as file:
        return " ".join(str(argument) for _, argument, _ in pickletools.genops(file.read()))


def test_messages_name_the_line_of_the_model(other: tuple[pathlib.Path, pathlib.Path | None]) -> None:
    setup, site = other
    (setup / "config/wrong.py").write_text(
        "from returnn_recurrent import nn\n\n\n"
        "def py():\n"
        "    x = nn.ExternData('data', [nn.batch_dim, nn.Dim(None, 'time'), 3])\n"
        "    nn.Network(lambda: nn.get_extern_data(x) + nn.Dim)\n"
    )
    run = run_in(setup, "-m", "localsis", "manager", "config/wrong.py", site=site)
    assert run.returncode != 0 and "wrong.py:6: a tensor is wanted here" in run.stderr, run.stderr


@pytest.mark.parametrize("name", ["returnn_recurrent.from_net_dict", "returnn_recurrent.nn.from_net_dict"])
def test_net_dicts_become_modules_of_this_package(
    name: str, other: tuple[pathlib.Path, pathlib.Path | None], tmp_path: pathlib.Path
) -> None:
    setup, site = other
    layer = {"class": "linear", "activation": None, "from": "data", "n_out": 4}
    (tmp_path / "net.config").write_text(f"extern_data = {{'data': {{'dim': 3}}}}\nnetwork = {{'output': {layer}}}\n")
    run = run_in(setup, "-m", name, str(tmp_path / "net.config"), site=site or PROJECT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith('"""Written from net.config by returnn_recurrent.from_net_dict')
    (setup / "written.py").write_text(run.stdout)
    code = "import written; print(*written.training_network().parameters)"
    assert run_in(setup, "-c", code, site=site or PROJECT).stdout == "output/W output/b\n"


def test_all_packages_are_installed() -> None:
    """A package of ``recipe`` or ``jobs`` that pyproject.toml does not list would be missing in other setups."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("[tool.setuptools]")[2].partition("[tool.ruff]")[0]
    listed = re.findall(r'^    "([\w.]+)",$', section, re.MULTILINE)
    directories = dict(re.findall(r'^"([\w.]+)" = "([\w/]+)"$', section, re.MULTILINE))
    found = {"returnn_recurrent"}
    for name, directory in directories.items():
        for init in (PROJECT / directory).rglob("__init__.py"):
            found.add(".".join((name, *init.parent.relative_to(PROJECT / directory).parts)))
    assert sorted(listed) == sorted(found)
    parts = [f"recipe/{init.parent.name}" for init in (PROJECT / "recipe").glob("*/__init__.py")]
    assert sorted(directories.values()) == sorted(["jobs", "returnn_recurrent", *parts])


def test_editors_and_type_checkers_follow_the_installed_package(site: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """No file of it names ``recipe`` or ``jobs``, and types lead from a job to the language."""
    for file in (site / "returnn_recurrent").rglob("*.py"):
        assert not re.search(r"^ *(from|import) (recipe|jobs)\b", file.read_text(), re.MULTILINE), file
    assert (site / "returnn_recurrent/py.typed").exists()
    (tmp_path / "mine.py").write_text(
        "from returnn_recurrent import nn\n"
        "from returnn_recurrent.jobs.training import TrainingJob\n\n"
        "data: dict[str, object] = {}\n"
        "TrainingJob(nn.Network(lambda: None), data, data)\n"
        "TrainingJob('net.config', data, data)\n"
    )
    check = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--follow-imports=silent", "mine.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(site)},
        capture_output=True,
        text=True,
    )
    (error,) = [line for line in check.stdout.splitlines() if ": error: " in line]
    assert error.startswith("mine.py:6:") and 'expected "Network | StagedNetwork"' in error, check.stdout


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("from recipe import nn", "from returnn_recurrent import nn"),
        ("    from recipe.data.hdf import a", "    from returnn_recurrent.data.hdf import a"),
        ("from jobs.search import SearchJob", "from returnn_recurrent.jobs.search import SearchJob"),
        ("from jobs import search", "from returnn_recurrent.jobs import search"),
        ("from recipes import a", "from recipes import a"),
        ("from .jobs import a", "from .jobs import a"),
    ],
)
def test_new_names(line: str, new: str) -> None:
    assert renamed(f"import os\n{line}\n") == f"import os\n{new}\n"


def test_a_plain_import_is_refused() -> None:
    with pytest.raises(ImportError, match="in place of 'import jobs.search'"):
        renamed("import os\nimport jobs.search\n")


def test_every_module_can_be_imported_under_the_new_name(tmp_path: pathlib.Path) -> None:
    setup = make_other_setup(tmp_path / "other", clone=PROJECT)
    files = [*(PROJECT / "recipe").rglob("*.py"), *(PROJECT / "jobs").rglob("*.py")]
    names = sorted(
        "returnn_recurrent." + ".".join(file.relative_to(PROJECT).with_suffix("").parts).removeprefix("recipe.")
        for file in files
        if file.name != "__init__.py"
    )
    code = (
        "import localsis, sys; localsis.install()\n"
        "from localsis import settings, import_paths; settings.load('.'); import_paths.install()\n"
        "import importlib\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "import recipe.nn\n"
        "print(sorted(n for n in sys.modules if n.partition('.')[0] in ('recipe', 'jobs')))"
    )
    run = run_in(setup, "-c", code, *names)
    assert run.stdout.strip() == "['recipe', 'recipe.nn']", run.stdout + run.stderr
