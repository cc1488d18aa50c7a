"""Which RETURNN layers an LSTM becomes, by device. Parameters (``W``, ``W_re``, ``b``) and results are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .dim import single_step_dim
from .layers import LstmStateTuple, Reference

if TYPE_CHECKING:
    from .lowering import Lowering
    from .lstm import LstmCellOp, LstmSequence
    from .tensor import Tensor


class NativeLstm:
    """RETURNN's NativeLstm2: one native op for the whole sequence where it can leave the loop. Right on a GPU."""

    sequence_unit = "nativelstm2"

    def parameters(
        self, lower: Lowering, op: LstmSequence | LstmCellOp, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> dict[str, Any]:
        """Its parameters are ours."""
        return lower.parameter_map(W=weight, W_re=recurrent, b=bias)

    def cell(self, lower: Lowering, op: LstmCellOp) -> Sequence[Reference]:
        """``rec`` on a single step; its state is implicit where it is only carried on, else given explicitly."""
        x, weight, recurrent, bias, h, c = op.inputs
        options: dict[str, Any] = {
            "unit": self.sequence_unit,
            "from": lower.reference(x),
            "in_dim": op.in_dim,
            "out_dim": op.out_dim,
            "axis": single_step_dim,
        }
        carried = op.carried_by()
        if carried is None:
            options["state"] = LstmStateTuple(c=lower.reference(c), h=lower.reference(h))
        options["reuse_params"] = self.parameters(lower, op, weight, recurrent, bias)
        layer = lower.add(op, "rec", options)
        if op.outputs[1] not in lower.network.needed_tensors and carried is not None:
            return [layer, layer]
        memory = lower.add(op, "get_last_hidden_state", {"from": layer, "key": "c", "out_dim": op.out_dim}, name="c")
        return [layer, memory]


def lstm_unit_for(device: str) -> NativeLstm:
    """The fastest unit on a device ("cpu" or "gpu")."""
    return NativeLstm()
