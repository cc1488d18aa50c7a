"""``get_model``: a line for each parameter."""

from __future__ import annotations

from collections.abc import Mapping

from ..plain.delayed import resolved
from ..plain.errors import NetworkError
from ..plain.initializer import Constant, Initializer, Normal, NumpyFile, Uniform
from ..record.parameter import Parameter


def get_model_text(parameters: Mapping[str, Parameter]) -> list[str]:
    """The lines of the function that makes the model."""
    lines = ["def get_model(**_kwargs):", '    """The model, with the parameters that a training begins with."""']
    lines.append("    model = Model()")
    for path, parameter in parameters.items():
        shape = ", ".join(str(dim.size) for dim in parameter.dims)
        shape = f"({shape},)" if len(parameter.dims) == 1 else f"({shape})"
        options = "" if parameter.dtype == "float32" else f", dtype=torch.{parameter.dtype}"
        options += "" if parameter.trainable else ", trainable=False"
        lines.append(f'    model.add("{path}", {shape}, {_initial(parameter.initial)}{options})')
    return [*lines, "    return model"]


def functions_of(parameters: Mapping[str, Parameter]) -> list[str]:
    """The names of the functions that it calls."""
    return ["Model", *dict.fromkeys(_initial(parameter.initial).partition("(")[0] for parameter in parameters.values())]


def _initial(initial: Initializer) -> str:
    if isinstance(initial, Constant):
        return f"init_constant({float(resolved(initial.value))!r})"
    if isinstance(initial, Uniform):
        return "init_glorot" if initial.limit is None else f"init_uniform({float(initial.limit)!r})"
    if isinstance(initial, Normal):
        return f"init_normal({float(initial.deviation)!r})"
    if isinstance(initial, NumpyFile):
        return f"init_from_file({str(resolved(initial.path))!r})"
    raise NetworkError(f"PyTorch has no rule for the initial value {initial!r}")
