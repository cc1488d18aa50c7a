"""The networks that an old config trains one after the other: its pretraining, or its ``get_network``."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .pretraining_steps import repetitions_of, steps_from_input, steps_from_output
from .python_values import CannotRead, EpochValue, Function, Unreadable

_MOST_STEPS = 200
"""So many networks a construction may give; one that does not end is told by that."""
_MOST_EPOCHS = 500
"""So many epochs of ``get_network`` are looked at."""
_MOST_STAGES = 40
"""With more, the networks depend on each epoch, and are no stages."""
_COPY_PARAM_MODES = ("subset", "ifpossible", "reset")

_OPTIONS = ("#config", "#finish_all_data", "#trainable")
"""What a net dict says on the training of its epochs."""

Call = Callable[..., Any]
"""Reads what a function of the config gives: the function, and named arguments."""


class Stage(NamedTuple):
    """
    A network, from an epoch on.

    :ivar first_epoch: from 1 on
    :ivar layers: options by layer name
    """

    first_epoch: int
    layers: dict[str, Any]


class Stages(NamedTuple):
    """
    The networks of a training.

    :ivar stages: in the order of their epochs, the last one is the network of the rest; empty if there is but one
    :ivar options: training options by the epochs that they begin at, where they differ from epoch to epoch:
        ``#config`` and the like of the net dicts; {} for those of the config itself
    :ivar copy_param_mode: what RETURNN does with parameters whose shapes change
    :ivar problem: why they cannot be told; "" if they can
    """

    stages: tuple[Stage, ...] = ()
    options: Mapping[int, dict[str, Any]] = MappingProxyType({})
    copy_param_mode: str = "ifpossible"
    problem: str = ""


def stages_of(settings: Mapping[str, Any], network: dict[str, Any], call: Call) -> Stages:
    """
    The networks of a config, in the order of their epochs.

    :param settings: all that the file defines
    :param network: the one that training ends with
    :param call: reads what a function of the config gives
    """
    if isinstance(settings.get("get_network"), Function):
        return _by_epoch(settings["get_network"], settings, network, call)
    if not settings.get("pretrain"):
        return Stages()
    try:
        return _pretraining(settings, network, call)
    except CannotRead as error:
        return Stages(problem=f"only running the file would tell it, line {error.line}: {error.why}")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return Stages(problem=f"RETURNN's Pretrain would not take it: {type(error).__name__} {error}"[:200])


def _pretraining(settings: Mapping[str, Any], network: dict[str, Any], call: Call) -> Stages:
    """What RETURNN's class ``Pretrain`` makes of the network."""
    options = _pretrain_options(settings)
    gap = next(_gaps(options), None)
    if gap is not None:
        raise CannotRead(_at(gap.line), gap.why)
    mode = options.get("copy_param_mode")
    if options.get("copy_output_layer", mode) in (False, "reset") and mode != "reset":
        raise ValueError("copy_output_layer: nn.StagedNetwork has one copy_param_mode for all layers")
    if mode not in (None, *_COPY_PARAM_MODES):
        raise ValueError(f"copy_param_mode is one of {', '.join(_COPY_PARAM_MODES)}, not {mode!r:.80}")
    layers = {key: value for key, value in network.items() if isinstance(key, str)}
    steps = _steps(options, layers, call)
    repetitions = repetitions_of(options.get("repetitions"), steps)
    networks = [step for step, number in zip(steps, repetitions) for _ in range(number)] or steps[-1:]
    networks = [_at_epoch(step, epoch, call) for epoch, step in enumerate(networks, 1)]
    stages = _distinct(networks)
    if len(stages) > _MOST_STAGES:
        return Stages(problem=f"it has {len(stages)} different networks; up to {_MOST_STAGES} become stages")
    return Stages(stages, _options(networks), mode or "ifpossible")


def _steps(options: Mapping[str, Any], network: dict[str, Any], call: Call) -> list[dict[str, Any]]:
    algorithm = options.get("construction_algo", "from_output")
    outputs = options.get("output_layers", ("output",))
    if isinstance(algorithm, Function):
        return [*_constructed(algorithm, network, call), network]
    if algorithm == "from_input":
        return steps_from_input(network, outputs)
    if algorithm == "from_output":
        return steps_from_output(network, outputs, options.get("input_layers", ("data",)))
    if algorithm == "no_network_modifications":
        return [network]
    raise ValueError(f"invalid construction_algo {algorithm!r:.80}")


def _constructed(algorithm: Function, network: dict[str, Any], call: Call) -> Iterator[dict[str, Any]]:
    """The networks that a function of the config gives until it gives none."""
    for index in range(_MOST_STEPS):
        step = call(algorithm, idx=index, net_dict=copy.deepcopy(network))
        if not step:
            return
        if not isinstance(step, dict):
            raise CannotRead(algorithm.definition, f"{algorithm.name} gives no net dict, but {step!r:.60}")
        yield copy.deepcopy(step)
    raise CannotRead(algorithm.definition, f"{algorithm.name} gives more than {_MOST_STEPS} networks")


def _at_epoch(value: Any, epoch: int, call: Call) -> Any:
    """A net dict with its values of an epoch."""
    if isinstance(value, EpochValue):
        if not isinstance(value.function, Function):
            raise ValueError("WrapEpochValue takes a function of the config")
        return call(value.function, epoch=epoch)
    if type(value) is dict:
        return {key: _at_epoch(item, epoch, call) for key, item in value.items()}
    return type(value)(_at_epoch(item, epoch, call) for item in value) if type(value) in (list, tuple) else value


def _pretrain_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of RETURNN's Pretrain, as RETURNN takes them from the config."""
    given = settings["pretrain"]
    if isinstance(given, Unreadable):
        raise CannotRead(_at(given.line), given.why)
    if given not in ("default", True, 1) and not isinstance(given, dict):
        raise ValueError(f"pretrain is 'default' or a dict, not {given!r:.80}")
    options = dict(given) if isinstance(given, dict) else {}
    for name in ("copy_output_layer", "greedy", "repetitions", "construction_algo"):
        if f"pretrain_{name}" in settings:
            options.setdefault(name, settings[f"pretrain_{name}"])
    if isinstance(options.get("repetitions"), str):
        options["repetitions"] = [int(number) for number in options["repetitions"].split(",")]
    if options.pop("greedy", None):
        raise ValueError("pretrain_greedy: only RETURNN's Theano engine had it")
    return options


def _by_epoch(function: Function, settings: Mapping[str, Any], network: dict[str, Any], call: Call) -> Stages:
    """The networks that ``get_network`` gives, as far as the training goes."""
    last = settings.get("num_epochs")
    last = min(last, _MOST_EPOCHS) if isinstance(last, int) else _MOST_EPOCHS
    networks: list[dict[str, Any]] = []
    try:
        for epoch in range(1, last + 1):
            networks.append(call(function, epoch=epoch))
            if len(networks) > _MOST_STAGES and len(_distinct(networks)) > _MOST_STAGES:
                return Stages(problem=f"get_network gives more than the {_MOST_STAGES} networks that become stages")
    except CannotRead as error:
        return Stages(problem=f"only running the file would tell it, line {error.line}: {error.why}")
    networks = [one for one in networks if isinstance(one, dict)]
    modes = {str(one["#copy_param_mode"]) for one in networks if one.get("#copy_param_mode")}
    if len(modes) > 1:
        return Stages(problem=f"#copy_param_mode changes: {', '.join(sorted(modes))}")
    mode = modes.pop() if modes else "ifpossible"
    return Stages(_distinct(networks), _options(networks), mode)


def _options(networks: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    last: dict[str, Any] = {}
    for epoch, network in enumerate(networks, 1):
        options = {key: value for key, value in network.items() if key in _OPTIONS and value}
        options = {**options.pop("#config", {}), **options}
        if options != last:
            found[epoch] = last = options
    return found


def _distinct(networks: list[dict[str, Any]]) -> tuple[Stage, ...]:
    """Those that differ from the one before, with the epochs that they begin at."""
    stages: list[Stage] = []
    last = None
    for epoch, network in enumerate(networks, 1):
        layers = {key: value for key, value in network.items() if not str(key).startswith("#")}
        comparable = _comparable(layers)
        if comparable != last:
            stages.append(Stage(epoch, layers))
            last = comparable
    return tuple(stages)


def _comparable(value: Any) -> Any:
    """Functions of the config by their text: each call of one around makes another."""
    if isinstance(value, Function):
        return ("function", value.name, value.definition.lineno, value.definition.col_offset)
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [_comparable(item) for item in value]
    return value


def _gaps(value: Any) -> Iterator[Unreadable]:
    if isinstance(value, Unreadable):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _gaps(item)


def _at(line: int) -> ast.AST:
    return ast.Pass(lineno=line)
