"""The pass over the record: what becomes of each op where there are hypotheses."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from ...ops.activation import log
from ...ops.choice import Choice
from ...ops.dot import Dot
from ...ops.elementwise import Elementwise, maximum
from ...ops.history import CumConcat
from ...ops.indexing import Gather
from ...ops.reduce import Reduce
from ...ops.softmax import log_softmax
from ...plain.dim import Dim, batch_dim
from ...plain.errors import NetworkError
from ...record.graph import Body, Op, Tensor
from ...record.loops import LoopIndex, LoopOp
from .loops import LoopsOfHypotheses


class Beams(LoopsOfHypotheses):
    """
    A copy of a program in which searches are plain ops.

    :param program: a program with choices
    """

    def stands_for(self, op: Op, tensors: Iterable[Tensor]) -> None:
        """Notes what the results of an old op became, with the axes of all hypotheses that they depend on."""
        completed = []
        for old, new in zip(op.outputs, tensors):
            completed.append(self.context.with_dims(new, self.context.beams_of(self.depending.of(old))))
            self.context.made_now(completed[-1])
        super().stands_for(op, completed)

    def copy_op(self, op: Op, body: Body) -> None:
        """Writes what becomes of an op."""
        if isinstance(op, Choice):
            self.copy_choice(op)
        elif isinstance(op, CumConcat) and op.body.loop in self.choices:
            self.copy_history(op, op.body.loop, body)
        else:
            super().copy_op(op, body)

    def copy_choice(self, op: Choice) -> None:
        """The labels of the best continuations of all hypotheses."""
        assert op.body.loop is not None
        log_prob = _log_probabilities(self.read(op.inputs[0]), op)
        beam = self.beam_after(op, op.search.beam_size)
        self.stands_for(op, [self.choices[op.body.loop].choose(op, log_prob, self.ended(op), beam)])

    def copy_history(self, op: CumConcat, loop: LoopOp, body: Body) -> None:
        """What came so far of each hypothesis."""
        if self.context.search not in self.depending.of(op.output):
            self.copy_plain(op, body)
            return
        frames = op.rebuilt(body, [self.read_with_beams(op.inputs[0], op.output)]).output
        self.stands_for(op, [self.choices[loop].continued(frames)])

    def copy_plain(self, op: Op, body: Body) -> None:
        """Copies an op, with the axes over hypotheses that its inputs have."""
        inputs = [self.read(tensor) for tensor in op.inputs]
        fitted = copy.copy(op)
        if isinstance(fitted, Elementwise):
            union = {dim for tensor in inputs for dim in tensor.dims}
            fitted.broadcast = fitted.broadcast or all(len(tensor.dims) < len(union) for tensor in inputs)
        elif isinstance(fitted, Reduce) and batch_dim in fitted.axes:
            fitted.axes = (*fitted.axes, *_beams(inputs))
        else:
            inputs = self._alike(op, inputs)
        new = fitted.rebuilt(body, inputs, self._held_dims(op))
        if isinstance(op, LoopIndex):
            new.loop = self.loops[op.loop]
        self.stands_for(op, new.outputs)

    def _alike(self, op: Op, inputs: list[Tensor]) -> list[Tensor]:
        """
        The inputs of an op that is not elementwise, with the same axes over hypotheses.

        :raises NetworkError: if it goes along the batch, over sequences with different hypotheses
        """
        beams = _beams(inputs)
        if beams and batch_dim in (getattr(op, "axis", None), getattr(op, "reduce", None)):
            raise NetworkError(
                f"{op.name} along the batch, of a value that depends on the hypotheses of a search, of which each "
                "sequence has its own: of those of all sequences there is nn.reduce_sum(x, nn.batch_dim) and the like",
                op.source,
            )
        if isinstance(op, (Dot, Gather)):
            return inputs
        return [self.context.with_dims(x, beams) if batch_dim in x.dims else x for x in inputs]

    def _held_dims(self, op: Op) -> dict[Dim, Dim]:
        """The axes that an op holds whose lengths depend on hypotheses, and what they are now."""
        held = [dim for value in vars(op).values() for dim in (value if isinstance(value, (list, tuple)) else (value,))]
        return {
            dim: self.context.dim_now(dim) for dim in held if isinstance(dim, Dim) and self.depending.of_lengths(dim)
        }


def _beams(tensors: Iterable[Tensor]) -> list[Dim]:
    """The axes over hypotheses of any of these."""
    return list(dict.fromkeys(dim for tensor in tensors for dim in tensor.dims if dim.is_beam))


def _log_probabilities(scores: Tensor, choice: Choice) -> Tensor:
    """The log probabilities of labels that a choice is made by."""
    if choice.input_type == "log_prob":
        return scores
    if choice.input_type == "prob":
        return log(maximum(scores, 1e-30))
    return log_softmax(scores, choice.inputs[0].feature_dim)
