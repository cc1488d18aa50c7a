"""The part of a config that computes: functions, the model, the network, and what RETURNN calls."""

from __future__ import annotations

from collections.abc import Mapping

from ..plain.delayed import resolved
from ..plain.python_source import DimNames
from ..program.program import Program
from ..record.parameter import Parameter
from .function_texts import texts_of
from .parameters import functions_of, get_model_text
from .program_text import program_text


def module_texts(
    stages: Mapping[int, Program],
    parameters: Mapping[str, Parameter],
    factors: Mapping[str, float],
    dims: DimNames,
) -> list[str]:
    """
    All functions of a config, from those that others call to those that RETURNN calls.

    :param stages: the programs of users, by the epoch that each begins with
    :param parameters: those of all stages, by path
    :param factors: of the learning rates of parameters that have one of their own, by path
    :param dims: the names of dims in the config
    """
    texts, called = [], [*functions_of(parameters), "mark_losses", "mark_outputs"]
    for epoch, program in stages.items():
        text = program_text(program, dims)
        called += text.functions
        name = "network" if len(stages) == 1 else f"network_from_epoch_{epoch}"
        texts.append("\n".join([f"def {name}(model, inputs):", f'    """{_what(stages, epoch)}"""', *text.lines]))
    if len(stages) > 1:
        texts.append(_choice_of_stage(stages))
    if factors:
        texts.append(_param_groups(factors))
    decays = {
        path: resolved(parameter.weight_decay)
        for path, parameter in parameters.items()
        if resolved(parameter.weight_decay) and parameter.trainable
    }
    if decays:
        called += ["squared_norm", "mark_weight_decay"]
    return [*texts_of(called), "\n".join(get_model_text(parameters)), *texts, _train_step(decays), FORWARD_STEP]


def _what(stages: Mapping[int, Program], epoch: int) -> str:
    begin = "" if len(stages) == 1 else f", from epoch {epoch} on"
    return f"The outputs and losses of a batch{begin}."


def _choice_of_stage(stages: Mapping[int, Program]) -> str:
    lines = ["def network(model, inputs):", '    """The outputs and losses of a batch, by the network of the epoch."""']
    *others, first = sorted(stages, reverse=True)
    for epoch in others:
        lines += [
            f"    if rf.get_run_ctx().epoch >= {epoch}:",
            f"        return network_from_epoch_{epoch}(model, inputs)",
        ]
    return "\n".join([*lines, f"    return network_from_epoch_{first}(model, inputs)"])


def _param_groups(factors: Mapping[str, float]) -> str:
    lines = [
        "def param_groups(*, model, **_kwargs):",
        '    """The parameters, by the factors of their learning rates."""',
    ]
    lines.append("    factors = {")
    lines += [f'        "{path.replace("/", ".")}": {factor!r},' for path, factor in factors.items()]
    lines += ["    }", "    groups = {}", "    for name, parameter in model.named_parameters():"]
    lines.append("        groups.setdefault(factors.get(name, 1.0), []).append(parameter)")
    groups = '[{"params": parameters, "learning_rate_multiplier": factor} for factor, parameters in groups.items()]'
    return "\n".join([*lines, f"    return {groups}"])


def _train_step(decays: Mapping[str, float]) -> str:
    lines = [
        "def train_step(*, model, extern_data, **_kwargs):",
        '    """What RETURNN calls for each batch of training."""',
    ]
    lines += ["    _, losses = network(model, extern_data)", "    mark_losses(losses)"]
    if decays:
        lines.append("    decays = {")
        lines += [f'        "{path}": {decay!r},' for path, decay in decays.items()]
        lines += ["    }", "    mark_weight_decay(squared_norm(model, decays))"]
    return "\n".join(lines)


FORWARD_STEP = '''\
def forward_step(*, model, extern_data, **_kwargs):
    """What RETURNN calls for each batch of search, or to get outputs."""
    outputs, _ = network(model, extern_data)
    mark_outputs(outputs)\
'''
