"""Dims as code: what the user's program calls them where it stands, for advice that can be copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from .dim import Dim, batch_dim
from .errors import program_frame

_PACKAGE = __name__.removesuffix(".plain.code_of_dims")


def dims_code(dims: Iterable[Dim]) -> str | None:
    """
    ``[nn.batch_dim, features]``, as the user's program would write it; None if it has no name for one of them.

    Names are looked for where the program stands: its variables, those of the function and of the file, attributes of
    ``self`` and of imported modules, and the axes of tensors in variables that are no values of loops.
    """
    codes = [dim_code(dim) for dim in dims]
    return f"[{', '.join(code for code in codes if code)}]" if None not in codes else None


def dim_code(dim: Dim) -> str | None:
    """One of them."""
    frame = program_frame()
    variables = {**frame.f_globals, **frame.f_locals}
    if dim is batch_dim:
        return next((f"{name}.batch_dim" for name, value in variables.items() if _is_language(value)), "nn.batch_dim")
    names = (name for name, value in _names(variables) if value is dim)
    return next((name for name in names if not name.startswith("_")), None)


def _is_language(value: Any) -> bool:
    return isinstance(value, ModuleType) and value.__name__ == _PACKAGE


def _names(variables: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the program can write, and its value; the shortest first."""
    yield from variables.items()
    owners = [(name, value) for name, value in variables.items() if name == "self" or isinstance(value, ModuleType)]
    for name, owner in owners:
        for attribute, value in vars(owner).items() if not _is_language(owner) else ():
            if not attribute.startswith("_"):
                yield f"{name}.{attribute}", value
    for name, value in variables.items():
        dims = getattr(value, "known_dims", None)  # of a tensor
        if dims and value.op.body.loop is None:
            dynamic = [dim for dim in dims if dim.is_dynamic]
            if len(dynamic) == 1:
                yield f"{name}.spatial_dim", dynamic[0]
            static = [dim for dim in dims if dim.is_static and not dim.is_beam]
            if static:
                yield f"{name}.feature_dim", static[-1]
