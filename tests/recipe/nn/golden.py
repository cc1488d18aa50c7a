"""Golden files: what a network lowers to, kept so that a change of it is seen."""

from __future__ import annotations

import pathlib

import pytest

DIRECTORY = pathlib.Path(__file__).parents[2] / "golden"


def check_golden(name: str, text: str, request: pytest.FixtureRequest) -> None:
    """
    Compares with ``tests/golden/NAME``, or writes that file under ``--update-golden``.

    :raises AssertionError: if the file is missing or other
    """
    path = DIRECTORY / name
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"there is no tests/golden/{name}; pytest --update-golden writes it"
    expected = path.read_text(encoding="utf-8")
    assert text == expected, f"tests/golden/{name} differs; if that is meant, pytest --update-golden writes it anew"
