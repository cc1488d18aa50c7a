"""A small program in place of RETURNN."""

from __future__ import annotations

import pathlib


def play_returnn(directory: pathlib.Path, program: str) -> pathlib.Path:
    """
    Writes a package ``returnn`` that runs the program instead, and then ends well.

    :param directory: where to, to be named by ``PYTHONPATH``
    :return: the directory
    """
    package = directory / "returnn"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(f"{program}\nraise SystemExit(0)\n")
    return directory
