"""
What leaves a loop that stands inside of another loop, where RETURNN is narrower than at the root.

There only the layer ``output`` of a ``rec`` can be read, and ``rec_last_output`` cannot be used. So several values are
joined into ``output`` and parted again outside, and the last one is the frame at the end of all steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...plain.dim import Dim, as_dim, dims_text
from ...plain.errors import NetworkError
from ...record.graph import Tensor
from ...record.loops import FinalState, LoopOp, ResultOp, StackOp
from ..layers import Layer, LayerNetwork, PreviousLayer, Reference, SubLayer


class InnerLoopResults:
    """
    Makes the layers of one loop's results.

    :param lower: the translation, standing at the body around the loop
    :param op: the loop
    :param rec: its layer
    :param unit: the layers of its steps
    """

    def __init__(self, lower: Any, op: LoopOp, rec: Layer, unit: LayerNetwork):
        self.lower, self.op, self.rec, self.unit = lower, op, rec, unit
        self._length: Layer | None = None

    def references(self, results: Sequence[ResultOp]) -> dict[ResultOp, Reference]:
        """
        :param results: those that are needed, at least one
        :raises NetworkError: for values that cannot be joined: more than one static dim, or none per sequence
        """
        tensors = list(dict.fromkeys(result.inner for result in results))
        if len(tensors) == 1:
            self._output("copy", {"from": self._source(tensors[0])})
            steps: dict[Tensor, Reference] = {tensors[0]: self.rec}
        else:
            steps = self._joined(tensors)
        return {
            result: self.lower.with_loop_axis(self.op, steps[result.inner])
            if isinstance(result, StackOp)
            else self.last_of_steps(result, steps[result.inner])
            for result in results
        }

    def _output(self, layer_class: str, options: dict[str, Any]) -> None:
        output = Layer(self.unit, "output", {"class": layer_class, **options})
        output.has_own_name = True
        sources = options["from"] if isinstance(options["from"], list) else [(options["from"], None)]
        if any(isinstance(source, PreviousLayer) for source, _ in sources):
            # RETURNN fails to read what a state was before outside of the loop, as it does not find the axis of steps
            output.options["collocate_with"] = [self.lower.stays_in_loop(self.unit, is_needed=True)]

    def _source(self, tensor: Tensor) -> Reference:
        if tensor.op.body.is_inside(self.op.body_of_steps):
            return self.lower.reference(tensor, self.unit)
        return self.lower.in_each_step(self.unit, tensor)

    def _add(self, layer_class: str, options: dict[str, Any], name: str) -> Layer:
        return self.lower.add(self.op, layer_class, options, name=name)

    def _joined(self, tensors: list[Tensor]) -> dict[Tensor, Reference]:
        parts = [self._part_dim(tensor) for tensor in tensors]
        whole = sum(parts[1:], parts[0])
        sources = [(self._as_features(tensor, part), part) for tensor, part in zip(tensors, parts)]
        self._output("concat", {"from": sources, "out_dim": whole})
        split = self._add("split", {"from": self.rec, "axis": whole, "out_dims": parts}, "parts")
        return {
            tensor: self._as_before(SubLayer(split, str(index)), tensor, part)
            for index, (tensor, part) in enumerate(zip(tensors, parts))
        }

    def _part_dim(self, tensor: Tensor) -> Dim:
        features = [dim for dim in tensor.dims if not dim.is_batch]
        if len(features) == len(tensor.dims) or len(features) > 1 or any(dim.is_dynamic for dim in features):
            raise NetworkError(
                f"{tensor} leaves a loop that is inside of a loop together with other values. RETURNN can join them "
                f"only if each is [batch] or [batch, features], but this one is {dims_text(tensor.dims)}"
            )
        return features[0] if features else as_dim(1)

    def _as_features(self, tensor: Tensor, part: Dim) -> Reference:
        """float32 [batch, features], whatever it is."""
        source = self._source(tensor)
        if tensor.dtype != "float32":
            source = Layer(
                self.unit, self.unit.unique_name("as_float"), {"class": "cast", "from": source, "dtype": "float32"}
            )
        if part not in tensor.dims:
            options = {"class": "expand_dims", "from": source, "axis": "F", "dim": part}
            source = Layer(self.unit, self.unit.unique_name("as_features"), options)
        return source

    def _as_before(self, source: Reference, tensor: Tensor, part: Dim) -> Reference:
        """All steps of it, with its own dims and dtype."""
        in_loop = {"collocate_with": [self.lower.stays_in_loop(self.lower.unit)]}
        if part not in tensor.dims:
            source = self._add("squeeze", {"from": source, "axis": part, **in_loop}, "part")
        else:
            source = self._add("copy", {"from": source, **in_loop}, "part")
        if tensor.dtype != "float32":
            source = self._add("cast", {"from": source, "dtype": tensor.dtype}, "cast")
        if tensor.sparse_dim is not None:
            options = {"from": source, "set_sparse": True, "set_sparse_dim": tensor.sparse_dim}
            source = self._add("reinterpret_data", options, "labels")
        return source

    def last_of_steps(self, result: ResultOp, steps: Reference) -> Reference:
        """The frame at the end; where there was no step, a state's initial value, and 0 for others."""
        axis = self.op.rec_axis
        if self._length is None:
            known = self.op.axis_is_known and not self.op.counts_steps
            self._length = (
                self.lower.input_length(self.op)
                if known
                else self._add("length", {"from": self.rec, "axis": axis}, "length")
            )
        formula: dict[str, Any] = {"from": self._length, "eval": "source(0) - 1"}
        options: dict[str, Any] = {"from": steps, "axis": axis, "clip_to_valid": True}
        if self.lower.unit.parent is not None:
            in_loop = self.lower.stays_in_loop(self.lower.unit)
            formula = {"from": [self._length, in_loop], "eval": "source(0) + source(1) - 1"}
            options["collocate_with"] = [in_loop]
        options["position"] = self._add("eval", formula, "last_step")
        last = self._add("gather", options, "last")
        initial: Any = False if result.output.dtype == "bool" else 0
        if isinstance(result, FinalState):
            assert result.previous.initial is not None
            initial = self.lower.reference(result.previous.initial)
        any_step = self._add("compare", {"from": self._length, "kind": "greater", "value": 0}, "any_step")
        options = {"condition": any_step, "true_from": last, "false_from": initial}
        return self._add("switch", options, "final")
