"""What modules of the project are called in this package; the loader and the installation go by it."""

import re

PARTS = {
    "nn": "recipe/nn",
    "models": "recipe/models",
    "data": "recipe/data",
    "from_net_dict": "recipe/from_net_dict",
    "jobs": "jobs",
}
"""The parts of this package, and where they are in a checkout; pip installs them beside this file."""

_FROM = re.compile(r"^(\s*from )(?:recipe|(jobs))(?=[. ])", re.MULTILINE)
_PLAIN_IMPORT = re.compile(r"^\s*import (?:recipe|jobs)\b.*", re.MULTILINE)


def renamed(source: str) -> str:
    """
    The source of a module with imports from this package in place of those of ``recipe`` and ``jobs``, line by line.

    :raises ImportError: at ``import recipe...`` or ``import jobs...``, which would name a module of the setup
    """
    plain = _PLAIN_IMPORT.search(source)
    if plain:
        raise ImportError(f"write from ... import ... in place of {plain[0].strip()!r}")
    return _FROM.sub(lambda match: f"{match[1]}returnn_recurrent{'.jobs' if match[2] else ''}", source)
