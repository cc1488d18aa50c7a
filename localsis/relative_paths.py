"""Paths of files that lie beside the code."""

from __future__ import annotations

import importlib
import os
from typing import Any

from .paths import Path


class RelPath:
    """
    Makes paths relative to a directory.

    :param origin: the directory
    :param hash_overwrite: what is hashed in its place
    """

    def __init__(self, origin: str, hash_overwrite: str | None = None):
        self.origin = origin
        self.hash_overwrite = hash_overwrite

    def __call__(self, path: str, *args: Any, **kwargs: Any) -> Path:
        """The path of a file in the directory; further arguments are those of :class:`Path`."""
        if self.hash_overwrite and "hash_overwrite" not in kwargs and len(args) < 3:
            kwargs["hash_overwrite"] = os.path.join(self.hash_overwrite, path)
        return Path(
            os.path.relpath(os.path.join(self.origin, path)) if not os.path.isabs(path) else path, *args, **kwargs
        )


def setup_path(package: str) -> RelPath:
    """
    For files that lie beside the code: ``rel_path = tk.setup_path(__package__)``, then ``rel_path("file")``.

    :raises ValueError: if the package has no ``__init__.py``
    """
    file = getattr(importlib.import_module(package), "__file__", None) if package else None
    if not file:
        raise ValueError(f"setup_path({package!r}): there is no package of that name with an __init__.py")
    return RelPath(os.path.relpath(os.path.dirname(file)), package.replace(".", "/"))
