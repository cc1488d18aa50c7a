"""Loops inside of one that searches, with states that depend on what was chosen in the steps before."""

from __future__ import annotations

from typing import Any

from ...ops.choice import Choice
from ...plain.dim import as_dim, batch_dim
from ...record.graph import Tensor
from ...record.loops import LoopOp, PreviousOp, ResultOp
from ...record.reads import leading_to, read_by_loop
from ..layers import Layer, LayerNetwork, Reference


class KeptHypotheses:
    """
    Gives loops inside of one that searches something to hold on to.

    RETURNN selects the states of a loop inside by the choice that they depend on. If that is ``prev:`` of a choice of
    the loop around, it looks for the choice among the layers of the loop inside, and fails. So there is a choice of
    one label at the beginning of the step, which keeps all hypotheses, and what the loop inside reads of the steps
    before depends on it; the choices of the step do, too, so that RETURNN knows which comes first.

    :param lower: the lowering of the network
    """

    def __init__(self, lower: Any):
        self.lower = lower

    def read(self, tensor: Tensor, source: Reference, inside: LayerNetwork) -> Layer | None:
        """
        What a loop inside reads in place of a value of the steps before; None for all other values and places.

        :param source: the layer of the value, of the step or of the step before
        :param inside: where it is read
        """
        search = tensor.op.body.loop
        if search not in self.lower.beam_sizes:
            return None
        inner = self._loop_of(inside, search)
        if inner is None or tensor not in self._read_before(inner):
            return None
        choice = self._choice_of(inner)
        return self.lower.once(("kept", tensor, choice), lambda: self._of_hypotheses(tensor, source, choice))

    def initial(self, inner: LoopOp, initial: Tensor) -> Layer | None:
        """
        What a state of a loop inside begins with, where that is a value from outside of the search.

        :return: None where the loop inside needs no such thing
        """
        search = inner.body.loop
        if search not in self.lower.beam_sizes or not self._read_before(inner):
            return None
        if initial.op.body.loop is search:
            return None
        source, choice = self.lower.reference(initial, self.lower.unit_of(search)), self._choice_of(inner)
        return self.lower.once(("kept", initial, choice), lambda: self._of_hypotheses(initial, source, choice))

    def choice_of_state(self, inner: LoopOp, state: PreviousOp) -> Layer | None:
        """
        The choice that a state of a loop inside depends on only by what it begins with.

        RETURNN expects of a state that its new value has to do with the same choice.
        """
        search = self._search_around(inner)
        if search is None or state.initial is None or state.final is None:
            return None
        if not self._has_hypotheses(state.initial, search) or self._has_hypotheses(state.final, search):
            return None
        outermost = self._loop_of(self.lower.unit_of(inner), search)
        assert outermost is not None
        return self._choice_of(outermost)

    def _search_around(self, inner: LoopOp) -> LoopOp | None:
        search = inner.body.loop
        while search is not None and search not in self.lower.beam_sizes:
            search = search.body.loop
        return search

    def _has_hypotheses(self, tensor: Tensor, search: LoopOp) -> bool:
        """Whether a value of a loop inside, or of the search, depends on what is chosen."""
        choices, body = set(self.lower.choices(search)), search.body_of_steps
        todo, seen = [tensor], {tensor}
        while todo:
            x = todo.pop()
            if x.op.body is body and choices & leading_to(x.op, over_steps=True):
                return True
            if x.op.body is body or not x.op.body.is_inside(body):
                continue
            read = set(read_by_loop(x.op.result_of) if isinstance(x.op, ResultOp) else x.op.inputs)
            if isinstance(x.op, PreviousOp):
                read |= {y for y in (x.op.initial, x.op.final) if y is not None}
            todo.extend(read - seen)
            seen |= read
        return False

    def scores(self, choice: Choice, scores: Reference) -> Reference:
        """The scores of a choice, which depend on the one that keeps all hypotheses, where there is one."""
        search = choice.body.loop
        assert search is not None
        loops = [op for op in search.body_of_steps.ops if isinstance(op, LoopOp) and op in self.lower.network.needed]
        if not any(self._read_before(loop) and not self._choices_read(loop) for loop in loops):
            return scores
        options = {"from": [self._kept(search), scores], "eval": "tf.where(source(0) < 0, source(1), source(1))"}
        return self.lower.add(choice, "eval", {**options, "allow_broadcast_all_sources": True}, name="scores")

    def _loop_of(self, inside: LayerNetwork, search: LoopOp) -> LoopOp | None:
        """The loop in the steps of a search in which a net dict is."""
        network: LayerNetwork | None = inside
        while network is not None:
            for op in search.body_of_steps.ops:
                if isinstance(op, LoopOp) and self.lower.is_unit_of(network, op):
                    return op
            network = network.parent
        return None

    def _read_before(self, inner: LoopOp) -> set[Tensor]:
        """What a loop inside reads of the steps before, if its states depend on that."""
        return self.lower.once(("read before", inner), lambda: self._find_read_before(inner))

    def _find_read_before(self, inner: LoopOp) -> set[Tensor]:
        search = inner.body.loop
        assert search is not None
        choices = set(self.lower.choices(search))
        states = [previous for previous in inner.previous.values() if previous.final is not None]
        outside = {x for x in read_by_loop(inner) if x.op.body.loop is search}
        read = {x for x in outside if choices & leading_to(x.op, over_steps=True)}
        before = {x for x in read if not choices & leading_to(x.op)}
        begins_so = any(previous.initial in before for previous in states)
        return before if states and (begins_so or len(before) == len(read)) else set()

    def _choices_read(self, inner: LoopOp) -> list[Choice]:
        """The choices of the step that a loop inside depends on."""
        search = inner.body.loop
        assert search is not None
        behind = {op for x in read_by_loop(inner) if x.op.body.loop is search for op in leading_to(x.op)}
        return [choice for choice in self.lower.choices(search) if choice in behind]

    def _choice_of(self, inner: LoopOp) -> Layer:
        """What gives a loop inside its hypotheses: the last choice of the step that it depends on, or none of them."""
        search, choices = inner.body.loop, self._choices_read(inner)
        assert search is not None
        layer = self.lower.reference(choices[-1].output, self.lower.unit_of(search)).layer() if choices else None
        return layer or self._kept(search)

    def _kept(self, search: LoopOp) -> Layer:
        """The choice of one label that keeps all hypotheses of the step before."""
        return self.lower.once(("kept", search), lambda: self._make_kept(search))

    def _make_kept(self, search: LoopOp) -> Layer:
        unit = self.lower.unit_of(search)
        zero = self.lower.constant_at_root(0.0, (batch_dim, as_dim(1)), "float32")
        nothing: dict[str, Any] = {
            "class": "eval",
            "from": [zero, self.lower.previous_choice(search, unit)],
            "eval": "source(0) + 0.0 * tf.cast(source(1), tf.float32)",
            "allow_broadcast_all_sources": True,
        }
        options: dict[str, Any] = {
            "class": "choice",
            "from": Layer(unit, unit.unique_name("no_scores"), nothing),
            "input_type": "log_prob",
            "beam_size": self.lower.beam_sizes[search],
            "target": None,
            "search": True,
            "length_normalization": False,
            "initial_output": 0,
        }
        return Layer(unit, unit.unique_name("kept"), options)

    def _of_hypotheses(self, tensor: Tensor, source: Reference, choice: Layer) -> Layer:
        """A value, once per hypothesis of a choice; RETURNN knows its shape before it knows the states."""
        layer = source.layer()
        name = tensor.op.leaf.name if isinstance(tensor.op, PreviousOp) else layer.name if layer else tensor.op.name
        kept = of_hypotheses(choice.network, f"{name}_kept", source, choice)
        if not any(dim.is_dynamic for dim in tensor.dims):
            zero = self.lower.constant_at_root(0, tensor.dims, tensor.dtype, tensor.sparse_dim)
            kept.options["initial_output"] = zero
        return kept


def of_hypotheses(network: LayerNetwork, name: str, source: Reference, choice: Layer) -> Layer:
    """A value, once per hypothesis of a choice."""
    options: dict[str, Any] = {
        "class": "eval",
        "from": [source, choice],
        "eval": "tf.where(source(1) < 0, source(0), source(0))",
        "allow_broadcast_all_sources": True,
    }
    return Layer(network, network.unique_name(name), options)
