"""Names of layers: what RETURNN takes for one, and what the user's names become."""

from __future__ import annotations

import re

from .errors import NetworkError

NO_SOURCE = "none"
"""What RETURNN (``LayerBase.transform_config_dict`` in tf/layers/base.py) takes for no layer, as a source of one."""
_IN_SCOPES = re.compile(r"[A-Za-z0-9_.>/:(){}&+\-*'\" ,]+")


def layer_of_output(name: str) -> str:
    """The layer of an output: its name, without the slashes of a nested structure, which mean parts of layers."""
    return name.replace("/", "_")


def layer_name(wanted: str) -> str:
    """A name in ASCII, as TensorFlow wants it: other letters by their numbers, ``u3b1`` for alpha."""
    return wanted if wanted.isascii() else "".join(c if c.isascii() else f"u{ord(c):x}" for c in wanted)


def check_result_name(what: str, name: str) -> None:
    """
    :param what: "an output" or "a loss"
    :raises NetworkError: for a name that a layer of RETURNN cannot have
    """
    allowed = name != NO_SOURCE and name.isascii() and _IN_SCOPES.fullmatch(name) is not None
    if not allowed or (what == "a loss" and "/" in name):
        raise NetworkError(
            f"{name!r} cannot be the name of {what}, as RETURNN has a layer of that name: take letters from a to z, "
            f"digits, '_', '.' and '-', and not {NO_SOURCE!r}"
        )
