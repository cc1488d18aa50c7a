"""
The canonical form of a network: what its hash is taken of. ``docs/canonical_form.md`` describes the format.

It is plain data, written as JSON with sorted keys, see :mod:`recipe.nn.canonical.text`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from ..plain.delayed import Delayed
from ..program.program import Program
from .text import FormWriter


class CanonicalForm(NamedTuple):
    """
    The canonical form of a network, and what readers want beside it.

    :ivar form: what is hashed, plain data
    :ivar names: names of its layers and dims by their numbers, with the user's lines; not hashed
    :ivar delayed: the values in it that jobs give later
    :ivar digest: SHA-256 of the form's text, in hex
    """

    form: dict[str, Any]
    names: dict[str, list[Any]]
    delayed: tuple[Delayed, ...]
    digest: str


class Hashed(NamedTuple):
    """
    What a graph of jobs keeps of the canonical form of a network.

    :ivar digest: SHA-256 of the form's text, in hex
    :ivar delayed: the values in it that jobs give later
    """

    digest: str
    delayed: tuple[Delayed, ...]


def canonical_form(program: Program) -> CanonicalForm:
    """The canonical form; equal for equal computations with equal parameter names."""
    writer = FormWriter(program)
    text = writer.text()
    return CanonicalForm(json.loads(text), writer.names(), tuple(writer.delayed.values()), _sha256(text))


def hashed(program: Program) -> Hashed:
    """The digest of the canonical form, without the form."""
    writer = FormWriter(program)
    return Hashed(_sha256(writer.text()), tuple(writer.delayed.values()))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
