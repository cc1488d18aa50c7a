"""``./sis draw``: the networks of a job, or the jobs of a config, as pictures."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

from recipe.nn.pictures.drawing import KINDS, draw
from recipe.nn.pictures.picture import Picture

from .job_graph import graph_picture, graph_table, job_graph
from .job_names import Setup
from .saved_job import InspectionError, Record

NO_DOT = "Graphviz's program dot is not installed, so a table is written instead (Debian: apt install graphviz)"


class Drawn(NamedTuple):
    """A network of a saved job: its picture, and its table."""

    picture: Picture
    table: str


def draw_job(setup: Setup, name: str, target: str | None, depth: int | None) -> Iterator[str]:
    """
    Draws all networks of a job.

    :param name: see :meth:`Setup.job`
    :param target: the file; of several networks with what each is put into its name. Default: named after the job, svg
    :param depth: how deep modules are opened
    :return: the names of the files
    :raises InspectionError: if there is no such job, or no network in it
    """
    job = setup.job(name)
    drawn = dict(_networks(job.arguments))
    if not drawn:
        raise InspectionError(f"{job.job_id} has no network with a picture: those of jobs set up earlier have none")
    path = pathlib.Path(checked_target(target, name))
    for key, one in drawn.items():
        more = f"_{_file_name(key)}" if len(drawn) > 1 else ""
        file = path.with_name(f"{path.stem}{more}{path.suffix}")
        yield str(draw(one.picture, one.table, str(file), depth=depth))


def draw_config(jobs: list[Any], arguments: list[str]) -> int:
    """
    Draws the graph of the jobs of a config.

    :param jobs: those that are asked for
    :param arguments: the config, and the file
    :return: exit status
    """
    config, target = arguments
    graph = job_graph(jobs, Setup(os.getcwd()).work_dir)
    path = pathlib.Path(target)
    if path.suffix in (".svg", ".png", ".pdf") and shutil.which("dot") is None:
        print(NO_DOT)
        path = path.with_suffix(".txt")
    if path.suffix == ".txt":
        path.write_text(graph_table(graph), encoding="utf-8")
    elif path.suffix in (".dot", ".gv"):
        path.write_text(graph_picture(graph, config).source, encoding="utf-8")
    else:
        path.write_bytes(graph_picture(graph, config).pipe(format=path.suffix[1:]))
    print(path)
    return 0


def checked_target(target: str | None, name: str) -> str:
    """
    The file to draw to.

    :param name: of what is drawn, which names the file by default
    :raises InspectionError: if its ending is none that can be drawn
    """
    target = target or f"{_file_name(name)}.svg"
    if pathlib.Path(target).suffix[1:] not in KINDS:
        raise InspectionError(f"{target} should end in .{', .'.join(KINDS)}, which says what is drawn")
    return target


def _networks(value: Any, path: str = "") -> Iterator[tuple[str, Drawn]]:
    """The networks in the arguments of a saved job, with their paths there."""
    if isinstance(value, Record):
        if "canonical_form" in value.state:
            if "picture" in value.state:
                yield path, Drawn(Picture.from_plain(value.state["picture"]), value.state["summary"])
            return
        value = value.state
    if isinstance(value, (dict, list, tuple)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _networks(item, f"{path}/{key}".lstrip("/"))


def _file_name(name: str) -> str:
    name = re.sub(r"^(configs|work|alias|output)/", "", name.strip("/"))
    return re.sub(r"[^\w.-]+", "_", name.removesuffix(".py")).strip("_") or "picture"
