"""The tensors that a state is made of: which value each has at which point of which body."""

from __future__ import annotations

from typing import Any

from ..plain.errors import NetworkError
from .graph import Body, Tensor


class StateLeaf:
    """
    One tensor of a state.

    :param name: how the written config calls it
    :param initial: its value before any assignment; None if it was not given (rule L8)
    :param label: how messages call it, as the user's code does (``'cell.h'``)
    :param state: what it is of, if it is a user's
    """

    def __init__(self, name: str, initial: Tensor | None, label: str | None = None, state: Any = None):
        self.name = name
        self.initial = initial
        self.label = label or repr(name)
        self.state = state

    begun_in: Body | None = None
    """Where the loop was made whose variable it is; None if it is no loop's own."""
    left: Tensor | None = None
    """Its value when the branch ended that this loop was made in: a value of that branch."""
    not_pickled = ("state", "begun_in", "left")  # which lead to all that was recorded

    def read(self, body: Body) -> Tensor:
        """The value at this point of a body; in a loop, first of all the value of the step before."""
        if self not in body.values:
            if self.left is not None:
                return self.left
            if body.branch is not None and body.parent is not None:
                return self.read(body.parent)
            if body.parent is None:
                if self.initial is None:
                    raise NetworkError(f"state {self.label} is read, but was never assigned")
                body.values[self] = self.initial
            else:
                assert body.loop is not None
                outside = self.read(body.parent) if self.is_known(body.parent) else None
                body.values[self] = body.loop.carry(self, outside)
        return body.values[self]

    def assign(self, body: Body, value: Tensor) -> None:
        """Gives it a new value from this point of a body on."""
        if body.parent is not None and self.is_known(body):
            self.read(body)
        self.left = None
        if body.loop is not None:
            body.loop.assigned.add(self)
        body.values[self] = value

    def is_known(self, body: Body | None) -> bool:
        """Whether it has a value at this point of the body, its own or from around."""
        while body is not None:
            if self in body.values:
                return True
            body = body.parent
        return self.initial is not None
