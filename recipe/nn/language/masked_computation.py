"""MaskedComputation: steps that count only where a mask is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..plain.errors import NetworkError
from ..record.graph import Tensor
from .branch import Mask, condition_of

if TYPE_CHECKING:
    from types import TracebackType


class MaskedComputation:
    """
    ``with MaskedComputation(mask=...):`` does what is in it only where the mask is true.

    In NumPy, for each sequence::

        if mask:
            y, state = f(x, state)
        # else: y and state stay as they were in the step before

    States assigned in it keep their value where the mask is false. Its other values may be read outside of it: they
    repeat the value of the last step in which the mask was true, zero before the first. Outside of loops there is no
    step before, and they are zero where the mask is false. Losses marked in it count only where the mask is true.

    :param mask: bool, [batch] or a scalar
    """

    def __init__(self, mask: Tensor):
        self.mask = mask
        self._branch: Mask | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name != "mask":
            raise NetworkError(
                f"a MaskedComputation has no {name!r}: a value that is made in it is read after the block as it is, "
                "and is then that of the last step in which the mask was true"
            )
        object.__setattr__(self, name, value)

    def __enter__(self) -> MaskedComputation:
        if self._branch is not None:
            raise NetworkError("a MaskedComputation object is used once; make another one for a second block")
        self._branch = Mask(condition_of("MaskedComputation", self.mask))
        self._branch.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        branch = self._branch
        assert branch is not None
        if kind is not None:
            branch.recording.body = branch.body.parent or branch.recording.root_body
            return
        for leaf, value in branch.leave().items():
            old = branch.value_before(leaf)
            if old is None:
                raise NetworkError(
                    f"state {leaf.label} gets a value only where the mask is true; give it an initial value before"
                )
            branch.merge(leaf, value, old)
