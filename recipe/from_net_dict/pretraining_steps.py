"""The smaller networks that RETURNN's pretraining makes of one by itself, and how long each is trained."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Network = dict[str, Any]


def steps_from_output(network: Network, outputs: Sequence[str], inputs: Sequence[str]) -> list[Network]:
    """
    ``construction_algo = "from_output"``: the layers before the outputs are taken out, one after the other.

    :param outputs: the layers that stay
    :param inputs: what counts as input of the network
    :return: the networks, the whole one last
    """
    steps = [network]
    while True:
        shorter = _without_last(steps[0], network, outputs, inputs)
        if shorter is None:
            return _with_new_parameters(steps, outputs)
        steps.insert(0, shorter)


def _without_last(step: Network, network: Network, outputs: Sequence[str], inputs: Sequence[str]) -> Network | None:
    """A step without the layers that the outputs read; None if nothing is left to take out."""
    step = copy.deepcopy(step)
    while True:
        last = {source for output in outputs for source in _sources(step[output])}
        taken_out = last.difference(inputs)
        sources = last.intersection(inputs)
        for name in taken_out:
            sources |= set(_sources(step.pop(name)))
        if sources == last:
            return None
        for output in outputs:
            step[output]["from"] = sorted(sources)
        reads_input = bool(sources.intersection(inputs))  # its first layer would get other features
        if not reads_input and any(network[name].get("trainable", True) for name in taken_out):
            return step


def steps_from_input(network: Network, outputs: Sequence[str]) -> list[Network]:
    """
    ``construction_algo = "from_input"``: one more layer after the input in each step, and all outputs.

    :param outputs: layers that count as outputs, beside those with a target
    :return: the networks, the whole one last
    """
    steps: list[Network] = []
    while True:
        step = _first_layers(network, len(steps) + 1, outputs)
        if step is None:
            return _with_new_parameters([*steps, network], outputs)
        steps.append(step)


def _first_layers(network: Network, depth: int, outputs: Sequence[str]) -> Network | None:
    """The layers that are at most so deep, and the outputs; None if that is the whole network."""
    names: list[str] = []
    sources = ["data"]
    while True:  # layers without parameters, such as windows, do not count
        more = [name for name in _readers(network, sources) if not network[name].get("trainable", True)]
        more = [name for name in more if name not in names]
        if not more:
            break
        names += more
        sources += more
    for _ in range(depth):
        sources = [name for name in _readers(network, sources) if name not in names]
        if not sources:
            return None
        names += sources
    names += [name for name in sorted(network) if name not in names and _is_output(network[name], name, outputs)]
    if {source for name in names for source in _sources(network[name])} <= {*names, "data"}:
        return None
    step = {name: copy.deepcopy(network[name]) for name in names}
    for name, options in step.items():
        there = _sources_that_are_there(network, step, name)
        if _sources(options) != there:
            options["from"] = [source for source in there if source != "data"]
    return step


def _readers(network: Network, sources: Iterable[str]) -> list[str]:
    return [name for name in sorted(network) if not set(sources).isdisjoint(_sources(network[name]))]


def _sources_that_are_there(network: Network, step: Network, name: str) -> list[str]:
    """What a layer of a step reads: through those that are missing, what these would read."""
    found: list[str] = []
    seen = {name}

    def follow(layer: str) -> None:
        for source in _sources(network[layer]):
            if source in step or source == "data":
                found.extend([source] if source not in found else [])
            elif source not in seen:
                seen.add(source)
                follow(source)

    follow(name)
    return found


def _with_new_parameters(steps: Sequence[Network], outputs: Sequence[str]) -> list[Network]:
    """The steps that have parameters which the one before has not, and the last one."""
    kept: list[Network] = []
    before: Network = {}
    for step in steps[:-1]:
        more = [name for name in step if name not in before and not _is_output(step[name], name, outputs)]
        if any(step[name].get("trainable", True) for name in more):
            kept.append(step)
        before = step
    return [*kept, steps[-1]]


def _is_output(options: Mapping[str, Any], name: str, outputs: Sequence[str]) -> bool:
    return name in outputs or options["class"] == "softmax" or "target" in options


def _sources(options: Mapping[str, Any]) -> list[str]:
    given = options.get("from", ["data"])
    return [given] if isinstance(given, str) else list(given)


def repetitions_of(given: Any, steps: Sequence[Network]) -> list[int]:
    """
    For how many epochs each step is trained.

    :param given: a number, a list whose last one goes on, or a dict by step, with "default" and "final"
    :param steps: the networks; ``#repetition`` in one goes before all
    :raises ValueError: if these are no such numbers
    """
    if isinstance(given, dict):
        found = [given.get("default", 1)] * len(steps)
        for step, number in given.items():
            if step != "default":
                found[-1 if step == "final" else int(step)] = number
    else:
        found = list(given) if isinstance(given, (list, tuple)) else [given or 1]
        if not 0 < len(found) <= len(steps):
            raise ValueError(f"repetitions has {len(found)} numbers for {len(steps)} networks")
        found += [found[-1]] * (len(steps) - len(found))
    found = [step.get("#repetition", number) for step, number in zip(steps, found)]
    if not all(isinstance(number, int) and 0 <= number < 10_000 for number in found):
        raise ValueError(f"repetitions are numbers, not {found!r:.80}")
    return found
