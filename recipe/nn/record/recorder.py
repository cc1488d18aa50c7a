"""What the graph asks of the recording that it belongs to, and which recording is under way."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from ..plain.dim import Dim
from ..plain.errors import NetworkError, SourceLine

TensorType = TypeVar("TensorType")
"""Its tensors."""
OpType = TypeVar("OpType")
"""Its ops."""
BodyType = TypeVar("BodyType")
"""Its bodies."""


class RecorderOf(Generic[TensorType, OpType, BodyType]):
    """What ops, tensors and bodies ask of the recording that they belong to."""

    body: BodyType
    root_body: BodyType
    module_calls: tuple[Any, ...]
    replaced: OpType | None
    names: Any
    of_branch: dict[TensorType, Any]
    """By the values of branches that are over, which :class:`recipe.nn.record.branching.Branching` each is of."""
    exempt: set[TensorType]
    warned_states: set[TensorType]
    with_lengths: dict[Dim, list[TensorType]]
    random_draws: int
    losses: list[Any]

    def read(self, tensor: TensorType) -> TensorType:
        """The tensor, if it may be used here."""
        raise TypeError(type(self).__name__)

    def seen_from_here(self, tensor: TensorType, source: SourceLine | None = None) -> TensorType:
        """The tensor; if it is a value of a branch that is over, what that is for the code around."""
        raise TypeError(type(self).__name__)

    def at(self, body: BodyType) -> AbstractContextManager[None]:
        """Records into another body for a while."""
        raise TypeError(type(self).__name__)

    def replacing(self, op: OpType) -> AbstractContextManager[None]:
        """Gives the ops that are recorded meanwhile the module and the line of another one, which they stand for."""
        raise TypeError(type(self).__name__)

    def reading_all(self) -> AbstractContextManager[None]:
        """Lets ops read the values of branches that are over, for a while."""
        raise TypeError(type(self).__name__)

    def module_path(self, module: Any) -> str:
        """The path of a module, as in the names of its parameters."""
        raise TypeError(type(self).__name__)

    def check_no_repeated_dims(self, op: OpType) -> None:
        """Checks that the axes of what an op reads and gives can be told apart."""
        raise TypeError(type(self).__name__)

    def note_lengths(self, op: OpType) -> None:
        """Notes which axes with lengths an op makes."""
        raise TypeError(type(self).__name__)

    def add_loss(self, tensor: TensorType, name: str | None, scale: Any, as_error: bool) -> None:
        """Notes a loss."""
        raise TypeError(type(self).__name__)

    def add_output(self, tensor: TensorType, name: str | None, source: SourceLine | None = None) -> None:
        """Notes an output."""
        raise TypeError(type(self).__name__)


_current = threading.local()


def under_way() -> Any:
    """
    The recording under way.

    :raises NetworkError: outside of ``nn.Network(...)``
    """
    recording = getattr(_current, "recording", None)
    if recording is None:
        raise NetworkError(
            "tensors exist only while a network is being recorded: put this into a function or a Module's forward and "
            "pass that to nn.Network(...)"
        )
    return recording


def is_recording() -> bool:
    """Whether a network is being recorded."""
    return getattr(_current, "recording", None) is not None


def begin(recording: RecorderOf[Any, Any, Any]) -> None:
    """Makes it the recording under way."""
    _current.recording = recording


def end() -> None:
    """Ends the recording under way."""
    _current.recording = None
