"""
Runs the networks of all configs of a directory, and the modules that they become, in RETURNN with the same parameters.

``python -m tests.recipe.from_net_dict.experiments_agreement DIRECTORY --out results.jsonl`` goes on where it was
stopped: what is in the file already is not run again. ``--again STATUS`` runs those of a status again. It prints how
many agree, and why others do not. It is no test: several hundred networks take hours.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import queue
import sys
import tempfile
import time
from typing import Any

from recipe.from_net_dict.net_dict import NetDict, NetDictError, read_net_dict, read_settings
from recipe.from_net_dict.translation import Translation

from ..nn.tensorflow_session import never_optimize
from .config_agreement import STATUSES, Outcome, all_layers, compare
from .small_network import small_network, structure


def main(arguments: list[str] | None = None) -> int:
    """Goes through the configs, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.recipe.from_net_dict.experiments_agreement")
    parser.add_argument("directory", type=pathlib.Path, help="it and all in it is searched for *.config")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="a JSON line for each config")
    parser.add_argument("--again", action="append", default=[], metavar="STATUS", help="run those again")
    parser.add_argument("--only", default="", help="a part of the path of the configs")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for a network (default: 300)")
    parser.add_argument("--minutes", type=float, default=1e6, help="stop after so many minutes")
    parser.add_argument("--table", action="store_true", help="print the table of what was run, and run nothing")
    parsed = parser.parse_args(arguments)
    rows = _rows(parsed.out, set(parsed.again))
    if not parsed.table:
        _run(parsed, rows)
    print(table(list(_rows(parsed.out, set()).values())))
    return 0


def _run(parsed: argparse.Namespace, rows: dict[str, dict[str, Any]]) -> None:
    """Networks that many configs have come first, by what a layer of them costs."""
    end = time.monotonic() + parsed.minutes * 60
    outcomes = {row["structure"]: row for row in rows.values() if row.get("structure")}
    groups: dict[str, list[str]] = {}
    read: dict[str, tuple[NetDict, dict[str, Any]]] = {}
    for file in sorted(parsed.directory.rglob("*.config")):
        name = str(file.relative_to(parsed.directory))
        if name in rows or parsed.only not in name:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        net, outcome = _read(text)
        if net is None:
            _write(parsed.out, {"config": name, **outcome._asdict(), "structure": "", "like": "", "seconds": 0.0})
            continue
        key = structure(net)
        groups.setdefault(key, []).append(name)
        read.setdefault(key, (net, read_settings(text)))
    _import_returnn()
    costs = {key: len(all_layers(net.layers)) for key, (net, _) in read.items()}
    for key, names in sorted(groups.items(), key=lambda item: costs[item[0]] / len(item[1])):
        if time.monotonic() > end:
            break
        started = time.monotonic()
        like = outcomes.get(key)
        outcome = _compared(*read[key], parsed.timeout) if like is None else Outcome(like["status"], like["detail"])
        seconds = round(time.monotonic() - started, 1)
        for name in names:
            first = like["config"] if like is not None else "" if name == names[0] else names[0]
            row = {"config": name, **outcome._asdict(), "structure": key, "like": first, "seconds": seconds}
            _write(parsed.out, row)
        print(f"{seconds:6.1f} s  {len(names)} as {names[0]}: {outcome.status}: {outcome.detail}", flush=True)


def _write(file: pathlib.Path, row: dict[str, Any]) -> None:
    with file.open("a") as out:
        out.write(json.dumps(row) + "\n")


def _rows(file: pathlib.Path, again: set[str]) -> dict[str, dict[str, Any]]:
    """What was run, by config; the last line of each counts."""
    lines = file.read_text().splitlines() if file.exists() else []
    rows = {row["config"]: row for row in map(json.loads, lines)}
    return {name: row for name, row in rows.items() if row["status"] not in again}


def _read(text: str) -> tuple[NetDict | None, Outcome]:
    """The net dict of a config, or why it is not run."""
    try:
        net = read_net_dict(text)
        problems = Translation(net).notes.problems
    except NetDictError as error:
        return None, Outcome("not read", str(error)[:200])
    except Exception as error:  # a fault of the translation, to be seen in the table
        return None, Outcome("not read", f"{type(error).__name__}: {error}"[:200])
    return (None if problems else net), Outcome("not translated", problems[0][:200] if problems else "")


def _compared(net: NetDict, settings: dict[str, Any], timeout: float) -> Outcome:
    """With small layers, or with its own where only these go together."""
    small = small_network(net)
    outcome = _in_child(small, settings, timeout)
    if outcome.status in ("agrees", "not comparable") or small is net:
        return outcome
    whole = _in_child(net, settings, timeout)
    return outcome if whole.status != "agrees" and outcome.status == "differs" else whole


def _in_child(net: NetDict, settings: dict[str, Any], timeout: float) -> Outcome:
    """In a process of its own, which has imported RETURNN already and ends with its memory."""
    context = multiprocessing.get_context("fork")
    answers: Any = context.Queue()
    child = context.Process(target=_child, args=(net, settings, answers))
    child.start()
    try:
        outcome = Outcome(*_wait(child, answers, timeout))
    except queue.Empty:
        outcome = Outcome("not comparable", f"no end within {timeout:.0f} s, or the process died")
        child.kill()
    child.join()
    return outcome


def _wait(child: Any, answers: Any, timeout: float) -> tuple[str, str]:
    end = time.monotonic() + timeout
    while True:
        try:
            return answers.get(timeout=1)
        except queue.Empty:
            if time.monotonic() > end or not child.is_alive():
                return answers.get(timeout=1)


def _child(net: NetDict, settings: dict[str, Any], answers: Any) -> None:
    sys.setrecursionlimit(10_000)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    never_optimize()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        answers.put(tuple(compare(net, pathlib.Path(directory), settings)))


def _import_returnn() -> None:
    """Once, for all children; nothing of TensorFlow runs here, so that these may fork."""
    import returnn.tf.engine
    import returnn.tf.layers.rec  # noqa: F401
    from returnn.log import log

    log.initialize(verbosity=[1])


def table(rows: list[dict[str, Any]]) -> str:
    """How many configs, and how many networks that differ in more than numbers, came out how, and why."""
    lines = [f"{'':18} {'configs':>8} {'networks':>9}"]
    for status in STATUSES:
        found = [row for row in rows if row["status"] == status]
        networks = {row["structure"] or row["config"] for row in found}
        lines.append(f"{status:18} {len(found):8} {len(networks):9}")
    for status in STATUSES[1:]:
        reasons = collections.Counter(row["detail"] for row in rows if row["status"] == status)
        lines += ["", f"{status}:"] if reasons else []
        lines += [f"{count:5}  {reason}" for reason, count in reasons.most_common(25)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
