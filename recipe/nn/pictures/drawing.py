"""Drawing: a picture of a network as a file."""

from __future__ import annotations

import pathlib
import shutil

from ..plain.errors import NetworkError, warn
from .depth import readable
from .dot_source import MOST_NODES, graph
from .picture import Picture
from .svg import svg_picture

KINDS = ("svg", "png", "pdf", "dot", "gv", "txt")
"""What can be drawn, by the ending of the file."""

NO_DOT = "Graphviz's program dot is not installed, so it is drawn as .svg (Debian: apt install graphviz)"


def draw(shown: Picture, table: str, path: str, *, depth: int | None = None) -> pathlib.Path:
    """
    Draws a picture.

    :param table: what is written to a ``.txt`` file
    :param path: where to; the ending says what: ``.svg``, ``.png``, ``.pdf``, ``.dot`` (source), ``.txt`` (the table)
    :param depth: how deep modules are opened; one deeper down is a single node. Default: as deep as is readable, with
        layers that are alike drawn once
    :return: the file that was written; where Graphviz is not installed, in place of ``.png`` and ``.pdf`` one with the
        ending ``.svg``
    :raises NetworkError: for another ending
    """
    target = pathlib.Path(path)
    kind = target.suffix[1:].lower()
    if kind not in KINDS:
        raise NetworkError(f"{path!r} should end in .svg, .png, .pdf, .dot or .txt, which says what is drawn")
    if kind in ("png", "pdf") and shutil.which("dot") is None:
        warn(NO_DOT)
        target, kind = target.with_suffix(".svg"), "svg"
    if kind == "txt":
        target.write_text(table, encoding="utf-8")
        return target
    if kind == "svg":
        target.write_text(svg_picture(shown, depth), encoding="utf-8")
        return target
    drawn = graph(readable(shown, MOST_NODES, depth))
    if kind in ("dot", "gv"):
        target.write_text(drawn.source, encoding="utf-8")
    else:
        target.write_bytes(drawn.pipe(format=kind))
    return target
