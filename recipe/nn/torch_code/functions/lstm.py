"""LSTMs, whose gates stand in the order of RETURNN: cell input, input gate, forget gate, output gate."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from .rows import rows


def lstm_weights(weight: Tensor, recurrent: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The parameters as PyTorch has them: [4 * dim, in], with the input and forget gates first."""

    def by_gates(parameter: Tensor) -> Tensor:
        cell, entry, forget, exit = parameter.chunk(4, dim=-1)
        return torch.cat([entry, forget, cell, exit], dim=-1)

    return by_gates(weight).t().contiguous(), by_gates(recurrent).t().contiguous(), by_gates(bias)


def lstm_step(x: Tensor, h: Tensor, c: Tensor, weights: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """One step (Hochreiter and Schmidhuber 1997; Gers et al. 2000): the new h and c, [..., dim]."""
    weight, recurrent, bias = weights
    if x.dim() == 2:
        return torch.lstm_cell(x, (h, c), weight, recurrent, bias, torch.zeros_like(bias))
    shape = h.shape
    flat = [rows(value, 1) for value in (x, h, c)]
    new = torch.lstm_cell(flat[0], flat[1:], weight, recurrent, bias, torch.zeros_like(bias))
    return new[0].view(shape), new[1].view(shape)


def lstm_over(
    x: Tensor,
    lengths: Tensor | None,
    h: Tensor | None,
    c: Tensor | None,
    weights: tuple[Tensor, Tensor, Tensor],
    direction: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """
    An LSTM over whole sequences.

    :param x: [..., frames, in]
    :param lengths: [...]; None if all sequences have all frames
    :param h: [..., dim], the state to begin with; None for 0
    :param direction: 1, or -1 from each sequence's end to its start
    :return: h of all frames, [..., frames, dim], 0 in the padding; the last h and c, [..., dim]
    """
    weight, recurrent, bias = weights
    rest, frames, dim = x.shape[:-2], x.shape[-2], recurrent.shape[1]
    x = rows(x, 2)
    zeros = x.new_zeros((len(x), dim))
    h0, c0 = (zeros if value is None else rows(value, 1) for value in (h, c))
    counts = torch.full((len(x),), frames) if lengths is None else lengths.reshape(-1).long().cpu()
    kept = counts.nonzero().squeeze(-1)  # torch.lstm takes no sequence without frames
    if not len(kept):
        return x.new_zeros((*rest, frames, dim)), h0.view(*rest, dim), c0.view(*rest, dim)
    is_whole = len(kept) == len(x)
    some, some_h, some_c = (x, h0, c0) if is_whole else (value[kept] for value in (x, h0, c0))
    counts = counts[kept]
    if direction < 0:
        some = _from_the_end(some, counts)
    packed = pack_padded_sequence(some, counts, batch_first=True, enforce_sorted=False)
    order = packed.sorted_indices
    state = [value.index_select(0, order)[None] for value in (some_h, some_c)]
    parameters = [weight, recurrent, bias, torch.zeros_like(bias)]
    data, last_h, last_c = torch.lstm(packed.data, packed.batch_sizes, state, parameters, True, 1, 0.0, False, False)
    result = PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    output, _ = pad_packed_sequence(result, batch_first=True, total_length=frames)
    last_h, last_c = (value[0].index_select(0, packed.unsorted_indices) for value in (last_h, last_c))
    if direction < 0:
        output = _from_the_end(output, counts)
    if not is_whole:
        index = kept.to(x.device)
        output = x.new_zeros((len(x), frames, dim)).index_copy(0, index, output)
        last_h, last_c = h0.index_copy(0, index, last_h), c0.index_copy(0, index, last_c)
    return output.view(*rest, frames, dim), last_h.view(*rest, dim), last_c.view(*rest, dim)


def _from_the_end(x: Tensor, lengths: Tensor) -> Tensor:
    """Each sequence [batch, frames, dim] from its end to its start; padding stays."""
    positions = torch.arange(x.shape[1])
    positions = torch.where(positions < lengths[:, None], lengths[:, None] - 1 - positions, positions)
    return x.gather(1, positions.to(x.device)[:, :, None].expand_as(x))
