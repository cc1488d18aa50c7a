"""``pytest --without-returnn``: what is compared in NumPy all the same, and where a test ends."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

TESTS = """\
import sys

import numpy

from recipe import nn
from tests.recipe.nn.agreement import check_agreement
from tests.recipe.nn.inputs import FEEDS, frames


def test_right_values():
    run = check_agreement(lambda: frames() * 2.0, FEEDS)
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value, FEEDS["data"][0] * 2)


def test_wrong_values():
    run = check_agreement(lambda: frames() * 2.0, FEEDS)
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value, FEEDS["data"][0] * 3)


def test_wrong_program():
    check_agreement(lambda: frames() + frames(), {})


def test_what_returnn_gives():
    assert check_agreement(frames, FEEDS).in_returnn.outputs


def test_tensorflow():
    import tensorflow


def test_nothing_is_imported():
    assert not {"returnn", "tensorflow"} & set(sys.modules)
"""


def test_where_tests_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--without-returnn", "-rA", "-p", "tests.conftest", tmp_path / "test_some.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {name: outcome for outcome, name in re.findall(r"^([A-Z]+) \S*::(\w+)", run.stdout, re.MULTILINE)}
    assert found == {
        "test_right_values": "PASSED",
        "test_wrong_values": "FAILED",
        "test_wrong_program": "FAILED",
        "test_nothing_is_imported": "PASSED",
    }, run.stdout + run.stderr
    assert "SKIPPED [2]" in run.stdout, run.stdout
