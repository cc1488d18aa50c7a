"""The dims of what is computed place by place from several tensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..plain.dim import Dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from .graph import Tensor


def common_dims(op_name: str, tensors: Sequence[Tensor]) -> tuple[Dim, ...] | None:
    """
    The dims of an elementwise result: those of the one tensor that has all dims of the others; None if none are known.

    :raises NetworkError: if no tensor has all of them: which dims do not match, and of which tensor
    """
    known = [tensor for tensor in tensors if tensor.known_dims is not None]
    if not known:
        return None
    largest = max(known, key=lambda tensor: len(tensor.dims))
    for tensor in known:
        missing = [dim for dim in tensor.dims if dim not in largest.dims]
        if missing:
            same_size = [(a, b) for a in missing for b in largest.dims if a.known_size == b.known_size is not None]
            hint = (
                f" {same_size[0][0].name!r} and {same_size[0][1].name!r} have the same size, but are two dims: "
                "use one Dim object in both places."
                if same_size
                else " Each dim of the one must be a dim of the other; nn.expand(x, [dim]) adds one on purpose."
            )
            hint += as_long_hint(missing, [dim for dim in largest.dims if dim not in tensor.dims])
            raise NetworkError(
                f"dims do not match in {op_name}: {tensor} has {dims_text(missing)}, "
                f"which {largest} does not have.{hint}"
            )
    return largest.dims


def as_long_hint(missing: Iterable[Dim], others: Iterable[Dim]) -> str:
    """What to write if two values differ in one axis with lengths each, which may be as long; else nothing."""
    ones, twos = [[dim for dim in dims if dim.is_dynamic] for dims in (missing, others)]
    if len(ones) != 1 or len(twos) != 1:
        return ""
    return f" If {ones[0].name!r} is as long as {twos[0].name!r}: nn.replace_dim(x, axis=..., out_dim=y.spatial_dim)"


def all_dims(tensors: Iterable[Tensor]) -> tuple[Dim, ...]:
    """The dims of the first one, and then more that the others have."""
    return tuple(dict.fromkeys(dim for tensor in tensors for dim in tensor.dims))
