"""
Settings change ids, paths and what is run as with Sisyphus, or are refused.

golden_settings.json has what Sisyphus gave, commit 21ba684, for :mod:`tests.localsis.settings_examples`.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from localsis import reports, settings
from localsis.job import created_jobs
from localsis.settings_values import SettingsError

from .contract_setup import make_setup
from .settings_examples import CASES, FILE, described, write_files

GOLDEN = json.loads(FILE.read_text())


@pytest.fixture(autouse=True)
def plain_settings() -> Iterator[None]:
    before = settings.BASE_DIR
    yield
    created_jobs.clear()
    settings.load(before)


@pytest.mark.parametrize("case", CASES)
def test_ids_and_paths_are_those_of_sisyphus(
    case: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(case, tmp_path)
    with monkeypatch.context() as patch:
        for name, value in CASES[case][1].items():
            patch.setenv(name, value)
        created_jobs.clear()
        settings.load(str(tmp_path))
        assert described(str(tmp_path)) == GOLDEN[case]


def test_all_cases_are_recorded_and_differ() -> None:
    assert GOLDEN.keys() == CASES.keys()
    same = {"none", "no file"}
    assert all(GOLDEN[case] != GOLDEN["none"] for case in set(GOLDEN) - same)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("JOB_SAVE = 'other'", "JOB_SAVE = 'other'.*It has JOB_SAVE = 'job.save' alone.*install Sisyphus"),
        ("JOB_INPUT = 'in'", "JOB_INPUT"),
        ("JOB_FINISHED_MARKER = 'done'", "JOB_FINISHED_MARKER"),
        ("STATE_ERROR = 'failed'", "STATE_ERROR"),
        ("PLOGGING_FILE = 'use'", "PLOGGING_FILE"),
        ("TEAM_SHARE_DIR = '/team'", "TEAM_SHARE_DIR"),
        ("INCLUDE_CREATOR_STATE = True", "INCLUDE_CREATOR_STATE"),
        ("BASE_DIR = '/elsewhere'", "BASE_DIR = '/elsewhere'.*Start it in that directory"),
        ("SIS_COMMAND = ['python', 'sis']", "SIS_COMMAND"),
        ("def on_job_failure(job):\n    pass", "on_job_failure"),
        ("def on_job_finished(job):\n    pass", "on_job_finished"),
        ("JOB_OUTPUT = 5", "JOB_OUTPUT is 5, which is no str"),
        ("SIS_HASH = 'sha'", "SIS_HASH is 'sha', which is no function"),
    ],
)
def test_what_cannot_be_followed_is_refused(text: str, message: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "settings.py").write_text(text)
    with pytest.raises(SettingsError, match=message):
        settings.load(str(tmp_path))
    settings.load(str(tmp_path), for_sisyphus=True)  # which follows it


def test_file_is_read_where_nothing_is_called_sisyphus(tmp_path: pathlib.Path) -> None:
    """As ``./sis show`` reads it."""
    (tmp_path / "settings.py").write_text("from sisyphus.hash import short_hash\nSIS_HASH = short_hash\n")
    code = "import sys, localsis.settings_file as s; s.read(sys.argv[1]); print([*sys.modules].count('sisyphus'))"
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.stdout == "0\n", result.stderr


def test_environment_counts_after_the_file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.py").write_text("WORK_DIR = 'of_file'\nOWN = 3\n")
    monkeypatch.setenv("SIS_WORK_DIR", "of_environment")
    monkeypatch.setenv("SIS_TEAM_SHARE_DIR", "/team")
    with pytest.raises(SettingsError, match="SIS_TEAM_SHARE_DIR in the environment"):
        settings.load(str(tmp_path))
    monkeypatch.delenv("SIS_TEAM_SHARE_DIR")
    monkeypatch.setenv("SIS_WORD", "two words")
    settings.load(str(tmp_path))
    assert (settings.WORK_DIR, settings.OWN, settings.WORD) == ("of_environment", 3, "two words")
    monkeypatch.delenv("SIS_WORK_DIR")
    (tmp_path / "settings.py").unlink()
    settings.load(str(tmp_path))
    assert settings.WORK_DIR == "work"  # nothing is left of a setup that was loaded before
    with pytest.raises(AttributeError, match="OWN is not part of the embedded engine"):
        _ = settings.OWN


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", True),
        ("DEFAULT_ENVIRONMENT_SET = {'NEW': '$HOME/x'}", True),
        ("CLEANUP_ENVIRONMENT = False\nDEFAULT_ENVIRONMENT_SET = {'NEW': 'not set'}", True),
        ("CLEANUP_ENVIRONMENT = True\nDEFAULT_ENVIRONMENT_SET = {'NEW': '$HOME/x'}", False),
        ("DEFAULT_ENVIRONMENT_KEEP = {'HOME'}\nDEFAULT_ENVIRONMENT_SET = {'NEW': '$HOME/x'}", False),
        ("DEFAULT_ENVIRONMENT_KEEP = {'HOME', 'OTHER'}", True),
    ],
)
def test_environment_of_tasks(text: str, kept: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("OTHER", "o")
    (tmp_path / "settings.py").write_text(text)
    settings.load(str(tmp_path))
    environment = settings.task_environment()
    assert environment["HOME"] == "/home/me" and (environment.get("OTHER") == "o") == kept
    assert environment.get("NEW") == ("/home/me/x" if "$HOME" in text else None)


def test_a_run_with_other_directories(tmp_path: pathlib.Path) -> None:
    """Outputs, aliases, job directories and what tasks read follow the settings."""
    setup = make_setup(tmp_path / "setup")
    text = (setup / "settings.py").read_text()
    (setup / "settings.py").unlink()
    (setup / "settings.py").write_text(
        f"{text}\nJOB_OUTPUT = 'results'\nJOB_USE_TAGS_IN_PATH = True\nALIAS_AND_OUTPUT_SUBDIR = 'sub'\n"
    )
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable, "SIS_WORK_DIR": "w"}
    command = [sys.executable, "sis", "manager", "configs/contract.py"]
    for _ in range(2):
        result = subprocess.run(command, cwd=setup, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
    assert "started" not in result.stdout
    values = sorted(file.read_text() for file in (setup / "w").glob("jobs/contract/NumberJob.*.small/results/value"))
    assert values == ["1\n", "2\n"] and not list((setup / "w").glob("jobs/contract/*/output"))
    assert (setup / "output" / "sub" / "sum.txt").read_text() == "9\n"
    assert (setup / "output" / "sub" / "nested" / "value").exists()
    assert (setup / "alias" / "sub" / "sums" / "total" / "results" / "sum.txt").exists()
    assert not (setup / "work").exists() and not (setup / "output" / "sum.txt").exists()


def test_a_refused_setting_ends_the_manager(tmp_path: pathlib.Path) -> None:
    setup = make_setup(tmp_path / "setup")
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable, "SIS_JOB_SAVE": "saved"}
    command = [sys.executable, "sis", "manager", "configs/contract.py"]
    result = subprocess.run(command, cwd=setup, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "JOB_SAVE = 'saved'" in result.stderr and "Traceback" not in result.stderr


def test_settings_of_a_config(tmp_path: pathlib.Path) -> None:
    """A config may set them, for what it asks for from then on."""
    from sisyphus import gs, tk

    from .graph_examples import SourceJob

    settings.load(str(tmp_path))
    first = SourceJob("first").add_alias("alias")
    gs.ALIAS_AND_OUTPUT_SUBDIR = "sub"
    both, second = SourceJob("first"), SourceJob("second").add_alias("other")
    assert both is first and first._sis_all_aliases() == ["alias", "sub/alias"]
    assert second._sis_all_aliases() == ["sub/other"]
    assert tk.register_report("report", {}).name == "subreport"  # as with Sisyphus
    reports.registered.pop()
    gs.JOB_OUTPUT = "results"
    assert second.out_file.rel_path() == f"work/{second.job_id()}/results/file.txt"
    settings.check_changes()
    for name, value in {"JOB_SAVE": "saved", "on_job_failure": print, "BASE_DIR": "/", "SIS_HASH": 3}.items():
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SettingsError, match=name):
            patch.setattr(gs, name, value, raising=False)
            settings.check_changes()


def test_values_are_read_in_tasks_alone_if_so_wanted(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sisyphus import tk

    (tmp_path / "settings.py").write_text(
        "DELAYED_CHECK_FOR_WORKER = True\ndef file_caching(path):\n    return '/copies' + path\n"
    )
    settings.load(str(tmp_path))
    path, variable = tk.Path("/file", cached=True), tk.Variable(str(tmp_path / "variable"))
    variable.set(5)
    for value in (path, variable, variable + 1):
        with pytest.raises(RuntimeError, match="which DELAYED_CHECK_FOR_WORKER in settings.py forbids"):
            value.get()
    assert str(path) == "/file"
    monkeypatch.setattr(settings, "_in_worker", True)
    assert (variable + 1).get() == 6 and str(path) == "/copies/file" and path.get_path() == "/file"
    assert str(tk.Path("/file")) == "/file"
