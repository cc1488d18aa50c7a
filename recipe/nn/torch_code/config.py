"""The written config: a plain Python file that a person can read, and ``python -m returnn`` runs with PyTorch alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plain.config_sections import BEHAVIOR_VERSION, assignment, declared_inputs, sections_text
from ..plain.delayed import resolved
from ..plain.errors import NetworkError
from ..plain.extern_data import ExternData
from ..plain.python_source import DimNames, PythonCode, PythonSource, definitions_section
from ..program.program import Program
from ..record.parameter import Parameter
from .function_texts import imports_of
from .module_text import module_texts


def config_text(
    stages: Mapping[int, Program],
    extern_data: Mapping[str, ExternData],
    *,
    config: Mapping[str, Any] | None = None,
    preamble: str = "",
) -> str:
    """
    A whole RETURNN config: imports, options, dims, data, functions, the model, the network, what RETURNN calls.

    :param stages: the programs of users, by the epoch that each begins with; mostly one, from 1 on
    :param extern_data: the inputs, by name
    :param config: all other options by name: plain values, or :class:`recipe.nn.PythonCode`
    :param preamble: code that stands after the imports
    :raises NetworkError: if a parameter has other dims in a later stage
    """
    source = PythonSource(DimNames())
    parameters = _parameters(stages)
    options = {"backend": "torch", "behavior_version": BEHAVIOR_VERSION, **(config or {})}
    factors = {
        path: resolved(parameter.learning_rate_factor)
        for path, parameter in parameters.items()
        if resolved(parameter.learning_rate_factor) != 1.0
    }
    if factors:
        options["optimizer"] = _optimizer_with_groups(options.get("optimizer"))
    general = [assignment(key, value, source) for key, value in options.items()]
    data = assignment("extern_data", declared_inputs(extern_data), source)
    functions = module_texts(stages, parameters, factors, source.names)
    sections = [
        ["#!returnn"],
        _imports([*functions, *general], source, preamble),
        [preamble.strip()] if preamble else [],
        ["# dims", *source.names.definitions(source)],
        ["# data", data],
        ["", "\n\n\n".join(functions)],
    ]
    late = [line for line, (key, value) in zip(general, options.items()) if _names_function(value)]
    sections.insert(2 if not preamble else 3, [line for line in general if line not in late])
    sections.insert(2 if not preamble else 3, definitions_section(source))
    return sections_text([*sections, ["", *late] if late else []])


def _imports(texts: list[str], source: PythonSource, preamble: str) -> list[str]:
    """The lines of the imports, but for those that the preamble has."""
    lines = imports_of([*texts, preamble], has_labels=any(dim.has_labels for dim in source.names.used))
    return [line for line in lines if not line or line not in preamble.splitlines()]


def _names_function(value: Any) -> bool:
    """Whether an option is written of functions, so that it stands after them."""
    return isinstance(value, PythonCode) and "param_groups" in value.code


def _optimizer_with_groups(optimizer: Any) -> PythonCode:
    """The optimizer, whose parameters have learning rates of their own."""
    if isinstance(optimizer, PythonCode):
        given = f"(lambda given: given if isinstance(given, dict) else {{'class': given}})({optimizer.code})"
    elif isinstance(optimizer, Mapping):
        given = PythonSource().value(dict(optimizer)).replace("\n", " ")
    else:
        given = f"{{'class': {optimizer or 'sgd'!r}}}"
    return PythonCode(f"{{**{given}, 'param_groups_custom': param_groups}}")


def _parameters(stages: Mapping[int, Program]) -> dict[str, Parameter]:
    """The parameters of all stages."""
    parameters: dict[str, Parameter] = {}
    for epoch, program in stages.items():
        for path, parameter in program.parameters.items():
            known = parameters.setdefault(path, parameter)
            if known.shape != parameter.shape:
                raise NetworkError(
                    f"from epoch {epoch} on parameter {path!r} has the shape {parameter.shape}, before it has "
                    f"{known.shape}. On PyTorch RETURNN makes the parameters once: train the stages by a job each, the "
                    'second with preload=, or with engine="tensorflow"'
                )
    return parameters
