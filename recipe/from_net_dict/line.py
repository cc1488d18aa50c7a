"""A line of a written forward."""

from __future__ import annotations


class Line:
    """
    A line of forward.

    :ivar variable: what it gives a value to, "" for a statement
    :ivar expression: that value, or the statement
    :ivar state: the state of the loop that gets the value, too
    :ivar is_cell: whether the value is a pair: the output, and that state
    :ivar reads: the states of the loop that it reads
    :ivar second: what the second part of a pair is assigned to
    :ivar indent: spaces before it, of one in a ``with`` block
    """

    def __init__(self, variable: str, expression: str, *, is_cell: bool = False, reads: set[str] | None = None):
        self.variable, self.expression, self.is_cell = variable, expression, is_cell
        self.state: str | None = None
        self.reads = reads or set()
        self.second = f"{variable}_state" if is_cell else ""
        self.indent = ""
        self.may_be_left_out = False
        """Whether it is not needed where nothing reads it."""

    def text(self) -> str:
        """The line, without the assignment to its state."""
        pair = f", {self.second}" if self.is_cell else ""
        text = f"{self.variable}{pair} = {self.expression}" if self.variable else self.expression
        return "\n".join(f"{self.indent}{part}" for part in text.split("\n"))
