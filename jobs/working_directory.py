"""The working directory of this process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def inside(directory: str) -> Iterator[None]:
    """With that as the working directory; afterwards it is the one before again."""
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
