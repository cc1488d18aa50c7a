"""What this engine says of parts of Sisyphus that it does not have."""

from __future__ import annotations

import importlib.abc
from collections.abc import Sequence
from typing import Any

SISYPHUS = "github.com/rwth-i6/sisyphus"

JOB_METHODS = frozenset(
    {"hold", "get_aliases", "get_one_alias", "get_vis_name", "set_default", "work_path", "get_lock"}
)
"""Methods that jobs have in Sisyphus alone."""


def beyond(name: str) -> str:
    """The message for something that only Sisyphus has."""
    return (
        f"{name} is not part of the embedded engine. Install Sisyphus for it: "
        f"{SISYPHUS} (the package called sisyphus on PyPI is another project)"
    )


class ModulesBeyond(importlib.abc.MetaPathFinder):
    """Finds no module; says of those of Sisyphus where they are to be had."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> None:
        """
        Nothing.

        :raises ModuleNotFoundError: for ``sisyphus.NAME``
        """
        if fullname.startswith("sisyphus."):
            raise ModuleNotFoundError(beyond(fullname), name=fullname)
