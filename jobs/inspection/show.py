"""What a job is, for readers: ``./sis show JOB``."""

from __future__ import annotations

import collections
import glob
import json
import os
import re
from collections.abc import Iterator
from typing import Any

from recipe.nn.canonical.difference import Side

from .failure_reasons import failure_reasons
from .job_names import Setup
from .values import Text, plain, tree


def show(setup: Setup, name: str) -> Iterator[str]:
    """
    A job as lines: its id, state, inputs, arguments, outputs, networks, and the config that it wrote.

    :param name: see :meth:`Setup.job`
    :raises InspectionError: if there is no such job
    """
    job = setup.job(name)
    yield job.job_id
    yield f"  class: {job.class_name}"
    yield f"  directory: {os.path.relpath(job.directory, setup.directory)}"
    for alias in setup.aliases(job.job_id):
        yield f"  alias: {alias}"
    yield f"  state: {directory_state(job.directory)}"
    yield from (f"    {line}" for line in error_lines(job.directory))
    yield "inputs:"
    yield from (f"  {job.relative(path)}" for path in job.inputs)
    arguments = {key: plain(value, job) for key, value in job.arguments.items()}
    yield "arguments:"
    yield from tree({key: value for key, value in arguments.items() if key not in job.unhashed}, 1)
    if job.unhashed:
        yield "arguments that are not hashed:"
        yield from tree({key: arguments[key] for key in job.unhashed}, 1)
    yield "outputs:"
    for path in job.outputs:
        here = os.path.join(setup.work_dir, job.relative(path))
        yield f"  {job.relative(path)}{'' if os.path.exists(here) else ' (not there)'}"
    for key, side in networks(arguments).items():
        yield f"{key}:"
        yield from (f"  {line}" for line in network_lines(side))
    places = [os.path.join(setup.work_dir, job.relative(path)) for path in job.outputs]
    for config in filter(os.path.exists, (path for path in places if os.path.basename(path) == "returnn.config")):
        yield f"{os.path.relpath(config, setup.directory)}:"
        with open(config, encoding="utf-8") as file:
            yield from (f"  {line.rstrip()}" for line in file)


def show_forms(setup: Setup, name: str) -> Iterator[str]:
    """
    The canonical forms of the networks of a job, as JSON.

    :raises InspectionError: if there is no such job
    """
    job = setup.job(name)
    arguments = {key: plain(value, job) for key, value in job.arguments.items()}
    forms = {key: side.form for key, side in networks(arguments).items()}
    yield json.dumps(forms, indent=1, ensure_ascii=False)


def networks(value: Any, path: str = "") -> dict[str, Side]:
    """All networks in a value, by their paths in it; of staged networks each stage."""
    if isinstance(value, Side):
        return {path: value}
    if not isinstance(value, (dict, list)):
        return {}
    found: dict[str, Side] = {}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found.update(networks(item, f"{path}/{key}".lstrip("/")))
    return found


def directory_state(path: str) -> str:
    """Finished, failed, started or set up, by the files in a job's directory; "missing" if there is none."""
    if not os.path.isdir(path):
        return "missing"
    directory = glob.escape(path)
    if any(os.path.exists(os.path.join(path, name)) for name in ("finished", "finished.tar.gz")):
        return "finished"
    errors = sorted(glob.glob(os.path.join(directory, "error.*")))
    if errors:
        kind = os.path.basename(errors[0]).removeprefix("error.")
        return f"failed, see {os.path.join(path, f'log.{kind}')}"
    logs = sorted(path for path in glob.glob(os.path.join(directory, "log.*")) if re.search(r"log\.\w+\.[0-9]+$", path))
    return f"started, not finished, see {logs[-1]}" if logs else "set up, not started"


def error_lines(path: str) -> Iterator[str]:
    """Why a job failed, by its logs, and what to do; nothing if it did not fail."""
    reasons = failure_reasons(path)
    for reason in reasons:
        yield from reason.splitlines()
    if reasons:
        yield "when that is mended: ./sis retry with the name of this job, then the manager"


def network_lines(side: Side) -> Iterator[str]:
    """A network in short: inputs, outputs, losses, parameters, and how many layers of which class."""
    form = side.form
    for name, data in form["inputs"].items():
        dims = ", ".join(map(side.text, data["dims"]))
        labels = f", labels {side.text(data['sparse_dim'])}" if "sparse_dim" in data else ""
        yield f"input {name}: [{dims}] {data['dtype']}{labels}"
    for name, output in form["outputs"].items():
        yield f"output {name}: {side.text(output)}"
    for name, loss in form["losses"].items():
        scale = "only reported" if loss.get("as_error") else f"scale {side.text(loss['scale'])}"
        yield f"loss {name}: {side.text(loss['from'])}, {scale}"
    for given in dict.fromkeys(_delayed(form)):
        yield f"value given by a job: {side.text({'delayed': given})}"
    parameters = [layer for layer in form["layers"] if layer["class"] == "variable"]
    for layer in sorted(parameters, key=_parameter_name):
        shape = ", ".join(side.text(dim) for dim in layer["shape"])
        yield f"parameter {_parameter_name(layer)}: [{shape}] init {side.text(layer['init'])}"
    counts = collections.Counter(layer["class"] for layer in form["layers"])
    yield "layers: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _parameter_name(layer: dict[str, Any]) -> str:
    return f"{layer['name_scope']}/{layer['param_name']}".strip("/")


def _delayed(value: Any) -> Iterator[Text]:
    if isinstance(value, dict) and set(value) == {"delayed"}:
        yield value["delayed"] if isinstance(value["delayed"], str) else Text(repr(value["delayed"]))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _delayed(item)
    elif isinstance(value, list):
        for item in value:
            yield from _delayed(item)
