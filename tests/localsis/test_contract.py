"""The contract with Sisyphus: the same ids and directories, and work begun with it is finished here."""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import sisyphus
from sisyphus import tk

from .contract_setup import LAYOUT, PROGRESS_FILES, make_setup, read_layout, write_layout
from .graph_examples import SourceJob


def run(setup: pathlib.Path) -> tuple[int, str]:
    """Exit status and output of the embedded engine."""
    result = subprocess.run(
        [sys.executable, "sis", "manager", "configs/contract.py"],
        cwd=setup,
        env={**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return result.returncode, result.stdout


def without_progress(layout: dict[str, Any]) -> dict[str, Any]:
    """A layout without the files that each engine writes in its own way."""
    return {key: entry for key, entry in layout.items() if not os.path.basename(key).startswith(PROGRESS_FILES)}


def test_directories_links_markers_and_info_are_those_of_sisyphus(tmp_path: pathlib.Path) -> None:
    setup = make_setup(tmp_path / "setup")
    status, text = run(setup)
    assert status == 0, text
    assert without_progress(read_layout(setup)) == without_progress(LAYOUT["done"])
    names = {os.path.basename(key) for key in read_layout(setup)}
    assert {"log.shard.3", "usage.shard.3", "finished.shard.3", "log.merge.1"} <= names


def test_what_sisyphus_finished_is_accepted(tmp_path: pathlib.Path) -> None:
    setup = make_setup(tmp_path / "setup")
    write_layout(LAYOUT["done"], setup)
    status, text = run(setup)
    assert status == 0 and "started" not in text, text
    assert read_layout(setup) == LAYOUT["done"]


def test_what_sisyphus_began_is_finished(tmp_path: pathlib.Path) -> None:
    """Sisyphus was killed with two of three parts of an array task done and the third at work."""
    setup = make_setup(tmp_path / "setup")
    write_layout(LAYOUT["half_done"], setup)
    status, text = run(setup)
    assert status == 0, text
    log = text.partition("what took longest")[0]
    assert log.count("shard started") == 1 and log.count("NumberJob") == 2  # the one that the update asks for
    done, expected = without_progress(read_layout(setup)), without_progress(LAYOUT["done"])
    third = next(key for key in expected if key.endswith("/work/shard.c"))
    assert (done.pop(third), expected.pop(third)) == ("3\n3\n", "3\n")
    assert done == expected


def test_error_left_by_sisyphus_is_tried_again(tmp_path: pathlib.Path) -> None:
    setup = make_setup(tmp_path / "setup")
    write_layout(LAYOUT["half_done"], setup)
    job = next((setup / "work" / "jobs" / "contract").glob("SumJob.*"))
    os.link(job / "log.shard.3", job / "error.shard.3")
    status, text = run(setup)
    assert status == 0 and "failed before, is tried again" in text
    assert (job / "log.shard.3.error.01").exists() and not (job / "error.shard.3").exists()


SAYS_SO = "not part of the embedded engine. Install Sisyphus for it: github.com/rwth-i6/sisyphus"


@pytest.mark.parametrize(
    "name",
    """mktemp async_run async_gather block sub_block set_root_block import_work_directory run
    run_job setup_script_mode sis_graph cleaner export_graph print_graph compare_graph remove_job_and_descendants
    submit_next_task start_manager reload_recipes find_job zipped dump""".split(),
)
def test_tool_beyond_the_subset(name: str) -> None:
    with pytest.raises(AttributeError, match=f"sisyphus.toolkit.{name} is {SAYS_SO}"):
        getattr(tk, name)


@pytest.mark.parametrize("name", ["async_workflow", "engine", "localengine", "graph", "block", "tools"])
def test_module_beyond_the_subset(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"sisyphus.{name} is {SAYS_SO}"):
        importlib.import_module(f"sisyphus.{name}")
    with pytest.raises(AttributeError, match=f"sisyphus.{name} is {SAYS_SO}"):
        getattr(sisyphus, name)


@pytest.mark.parametrize("name", ["hold", "get_aliases", "get_one_alias", "set_default", "work_path"])
def test_method_beyond_the_subset(name: str) -> None:
    job = SourceJob("beyond")
    with pytest.raises(AttributeError, match=f"Job.{name} is {SAYS_SO}"):
        getattr(job, name)
    assert not hasattr(job, "no_method_of_sisyphus")


@pytest.mark.parametrize(
    "call",
    [
        lambda: sisyphus.Task("run", parallel=2, args=[1, 2]),
        lambda: sisyphus.Task("run", continuable=True),
        lambda: sisyphus.Task("run", update_rqmt=dict),
        lambda: tk.register_output("name", tk.Path("x"), export_graph=True),
        lambda: sisyphus.gs.file_caching,
    ],
    ids=["parallel", "continuable", "update_rqmt", "export_graph", "setting"],
)
def test_argument_or_setting_beyond_the_subset(call: Callable[[], object]) -> None:
    with pytest.raises((AttributeError, TypeError), match=SAYS_SO):
        call()
