"""What is checked when a model was called, before its record becomes a Network."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..language.module import Module
from ..ops.as_tensor import as_tensor
from ..ops.inputs import ParameterOp
from ..plain.errors import NetworkError, warn
from ..plain.extern_data import ExternData
from ..plain.layer_names import layer_of_output
from ..plain.structure import flatten
from ..record.graph import Tensor
from ..record.parameter import Parameter
from ..record.recording import Recording
from .program import Program
from .searches import searches


def declared_inputs(extern_data: Iterable[ExternData] | Mapping[str, ExternData]) -> dict[str, ExternData]:
    """
    The declarations of inputs by name.

    :raises NetworkError: for anything else, or a name that is not its declaration's
    """
    if isinstance(extern_data, Mapping):
        for name, data in extern_data.items():
            if isinstance(data, ExternData) and data.name != name:
                raise NetworkError(f"extern_data has {data} under the name {name!r}; both must be alike")
        extern_data = extern_data.values()
    if isinstance(extern_data, (str, ExternData)) or not isinstance(extern_data, Iterable):
        raise NetworkError(f"extern_data is a list of nn.ExternData, not {extern_data!r}")
    declared = list(extern_data)
    for data in declared:
        if not isinstance(data, ExternData):
            raise NetworkError(f"extern_data is a list of nn.ExternData(name, dims), but {data!r} is in it")
    return {data.name: data for data in declared}


def check_model(model: Any) -> None:
    """
    :raises NetworkError: if it cannot be called, or is a class
    """
    if not callable(model) or inspect.isclass(model):
        hint = f". Make one: {model.__name__}(...)" if inspect.isclass(model) else ""
        raise NetworkError(f"Network wants a Module or a function to call, not {model!r}{hint}")


def takes_search(model: Module | Callable[..., Any]) -> bool:
    """Whether a model has a parameter that says how to search."""
    function = model.forward if isinstance(model, Module) else model
    plain = getattr(function, "__func__", function)
    if isinstance(plain, types.FunctionType) and not vars(plain):  # no signature of another function
        code = plain.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return "search" in names[plain is not function :] or bool(code.co_flags & inspect.CO_VARKEYWORDS)
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return False
    return any(parameter.name == "search" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def add_result(recording: Recording, result: Any) -> None:
    """
    Notes what the model returned as outputs.

    :raises NetworkError: if there is something else in it than tensors, or nothing at all to compute
    """
    if inspect.isgenerator(result) or inspect.iscoroutine(result):
        if inspect.iscoroutine(result):
            result.close()
        raise NetworkError("the model is a generator or a coroutine (`yield`, `async`), so calling it computes nothing")
    for path, value in flatten(result):
        if isinstance(value, (Tensor, Parameter)):
            tensor = as_tensor(value)
            recording.add_output(tensor, path or None, tensor.op.source)
        elif value is not None:
            what = f"{value!r} ({type(value).__name__})"
            raise NetworkError(f"the model returns {what}{f' as {path!r}' if path else ''}, which is no tensor")
    if not recording.outputs and not recording.losses:
        raise NetworkError(
            "the model returns no tensor and marks no loss, so there is nothing to compute. End it with "
            "`return y`, or mark y.mark_as_loss() or y.mark_as_output(name)"
        )


def check_searches(program: Program) -> None:
    """
    Warns of a search without limit.

    :raises NetworkError: if choices of one search normalize scores differently
    """
    for search in searches(program):
        first = search.choices[0]
        for choice in search.choices:
            if choice.search.length_normalization != first.search.length_normalization:
                raise NetworkError(
                    "all choices of a loop share its hypotheses, and so how their scores are normalized, but here is "
                    f"{choice.search}, and in {first.source} {first.search}",
                    choice.source,
                )
        for loop in {choice.body.loop: None for choice in search.choices}:
            if loop is not None and not loop.axis_is_known and not loop.has_limit:
                warn(
                    "this search has no limit: a hypothesis that never ends would go on forever. Write "
                    "nn.Loop(max_seq_len=...)",
                    loop.source,
                )


def warn_of_unused_parameters(model: Any, used: Iterable[Parameter]) -> None:
    """Tells of parameters of the model that training would not change."""
    known = set(used)
    if isinstance(model, Module):
        unused = [name for name, parameter in model.named_parameters() if parameter not in known]
        unused += [  # of modules whose first call makes them
            f"{path}/W" for path, module in model.named_modules() if getattr(module, "W", known) is None
        ]
        if unused:
            warn(
                f"no output and no loss depends on these parameters: {', '.join(unused)}. Use them in forward, or "
                "remove the modules that own them"
            )


def check_result_names(recording: Recording) -> None:
    """
    :raises NetworkError: if an output and a loss that is another value have one name: a layer has one of both
    """
    outputs = dict(recording.outputs)
    layers: dict[str, str] = {}
    for name, tensor in recording.outputs:
        other = layers.setdefault(layer_of_output(name), name)
        if other != name:
            raise NetworkError(
                f"outputs {other!r} and {name!r} are both called {layer_of_output(name)!r} in RETURNN: rename one",
                tensor.op.source,
            )
    for loss in recording.losses:
        output = outputs.get(layers.get(loss.name, ""))
        if output is not None and output is not loss.tensor:
            line = recording.loss_lines[loss.name]
            raise NetworkError(
                f"the loss {loss.name!r} has the name of an output, but is another value than that, "
                f"{output.seen_from(line)}. Rename one of them, for example x.mark_as_loss({loss.name + '_loss'!r})",
                line,
            )


def check_names(parameters: Iterable[ParameterOp]) -> None:
    """
    :raises NetworkError: for a parameter that is no attribute of a module; where it was used
    """
    for op in parameters:
        name = op.body.recording.names.parameter(op.owned, op.source)
        if not name.isascii():
            raise NetworkError(
                f"parameter {name!r}: names of variables in TensorFlow's checkpoints are ASCII, so attributes that own "
                "parameters are called with letters from a to z: self.alpha",
                op.source,
            )
