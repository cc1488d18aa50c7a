"""States without an initial value that are read before it is known what they are: what is said about them."""

from __future__ import annotations

from ..plain.code_of_dims import dim_code, dims_code
from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError, SourceLine
from .graph import Tensor
from .loops import PreviousOp


def wrong_type(tensor: Tensor, wanted: str, message: str, *, labels: Dim | None = None) -> NetworkError:
    """
    The error about a value of another type than is wanted.

    It is a float as long as nothing says more, if it is a state that starts without an initial value, or was computed
    of one: then it is said how that gets one.

    :param wanted: the type: "bool", "int32"; "labels" for those of a dim that is not known
    :param message: what is said about any other value
    :param labels: the dim of the labels that are wanted
    """
    state = state_without_start(tensor)
    if state is None:
        return NetworkError(message)
    return error_about_start(state, wanted, labels, (batch_dim,))


def state_without_start(tensor: Tensor) -> PreviousOp | None:
    """The state whose missing initial value is why it is not known what a value is, if there is one."""
    todo, seen = [tensor], {tensor}
    while todo:
        x = todo.pop(0)
        if x.known_dims or not x.dtype.startswith("float"):
            continue
        if isinstance(x.op, PreviousOp):
            if x.op.initial is None:
                return x.op
            more = [x.op.initial]
        else:
            more = list(x.op.inputs)
        todo += [one for one in more if one not in seen]
        seen.update(more)
    return None


def error_about_start(
    state: PreviousOp, wanted: str, labels: Dim | None, dims: tuple[Dim, ...], source: SourceLine | None = None
) -> NetworkError:
    """
    The error about a state that would need an initial value.

    :param wanted: the type that it should have; "labels" for those of a dim that is not known
    :param labels: the dim of its labels, if it should hold labels
    :param dims: its dims, as far as is known
    :param source: the line of the mistake; default: where the user's code stands now
    """
    is_label = labels is not None or wanted == "labels"
    kind = "labels" if is_label else {"bool": "a condition (bool)"}.get(wanted, wanted)
    code = dims_code(dims) or "dims"
    if is_label:
        start = f"nn.constant(0, {code}, sparse_dim={(labels and dim_code(labels)) or 'dim'})"
    elif wanted == "bool":
        start = f"nn.constant(False, {code})"
    elif wanted.startswith("int"):
        start = f"nn.constant(0, {code})"
    else:
        start = f"nn.zeros({code})"
    return NetworkError(
        f"state {state.leaf.label} is read as {kind}, but has no initial value, so that it starts as float32. Give it "
        f"one before the loop: {_assigned(state, start)}",
        source,
    )


def _assigned(state: PreviousOp, start: str) -> str:
    """The code that gives a state its initial value."""
    name = getattr(state.leaf.state, "name", None)
    return f"loop.state.{name} = {start}" if name is not None else f"nn.State({start})"
