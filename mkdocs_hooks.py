"""What MkDocs does not do by itself: links to the repository, and docstrings that are written for Sphinx."""

from __future__ import annotations

import re
import subprocess
from typing import Any


def on_config(config: Any) -> Any:
    """Links to the repository that this checkout is a clone of, if it is one that has a page."""
    asked = subprocess.run(["git", "remote", "get-url", "origin"], capture_output=True, text=True)
    address = re.sub(r"^(?:ssh://)?git@([\w.-]+)[:/]", r"https://\1/", asked.stdout.strip()).removesuffix(".git")
    if address.startswith("https://"):
        config.repo_url = address
        config.repo_name = address.removeprefix("https://").partition("/")[2]
    return config


def on_page_content(html: str, **_: Any) -> str:
    """Leaves out the roles before names, as of ``:meth:`get```."""
    return re.sub(r":(meth|class|func|mod|attr|data):(?=<code>)", "", html)
