"""LSTMs, whose gates stand in the order of RETURNN: cell input, input gate, forget gate, output gate."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from .rows import rows


def lstm_weights(weight: Tensor, recurrent: Tensor, bias: Tensor) -> list[Tensor]:
    """The parameters as PyTorch has them: [4 * dim, in], input and forget gates first; of its two biases one is 0."""

    def by_gates(parameter: Tensor) -> Tensor:
        cell, entry, forget, exit = parameter.chunk(4, dim=-1)
        return torch.cat([entry, forget, cell, exit], dim=-1)

    weight, recurrent = by_gates(weight).t().contiguous(), by_gates(recurrent).t().contiguous()
    return [weight, recurrent, by_gates(bias), torch.zeros_like(bias)]


def lstm_step(x: Tensor, h: Tensor, c: Tensor, weights: list[Tensor]) -> tuple[Tensor, Tensor]:
    """One step (Hochreiter and Schmidhuber 1997; Gers et al. 2000): the new h and c, [..., dim]."""
    shape = h.shape
    x, h, c = rows(x, 1), rows(h, 1), rows(c, 1)
    if torch.is_grad_enabled() or x.is_cuda or not len(x):
        h, c = torch.lstm_cell(x, (h, c), *weights)
    else:  # a sequence of one frame is one operation of oneDNN, fast without gradients
        _, h, c = torch.lstm(x[None], (h[None], c[None]), weights, True, 1, 0.0, False, False, False)
        h, c = h[0], c[0]
    return h.view(shape), c.view(shape)


def lstm_over(x: Tensor, lengths: Tensor | None, state: tuple[Tensor, Tensor] | None, weights: list[Tensor]) -> Tensor:
    """
    An LSTM over whole sequences: h of all frames, [..., frames, dim]; what stands in the padding has no meaning.

    :param x: [..., frames, in]
    :param lengths: [...]; None if all sequences have all frames
    :param state: h and c to begin with, [..., dim]; None for 0
    """
    shape = (*x.shape[:-1], weights[1].shape[1])
    if lengths is not None:
        is_frame = torch.arange(x.shape[-2], device=x.device) < lengths[..., None]
        x = torch.where(is_frame[..., None], x, 0.0)
    x = rows(x, 2)
    if not x.numel():
        return x.new_zeros(shape)
    zeros = x.new_zeros((1, len(x), shape[-1]))
    h, c = (zeros, zeros) if state is None else (rows(value, 1)[None] for value in state)
    return torch.lstm(x, (h, c), weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)[0].view(shape)


def lstm_to_the_start(
    x: Tensor, lengths: Tensor | None, state: tuple[Tensor, Tensor] | None, weights: list[Tensor]
) -> Tensor:
    """The same from the end of each sequence to its start."""
    if lengths is None:
        return lstm_over(x.flip(-2), None, state, weights).flip(-2)
    shape, counts = x.shape[:-1], lengths.reshape(-1, 1)
    positions = torch.arange(shape[-1], device=x.device)
    places = torch.where(positions < counts, counts - 1 - positions, positions)
    places = (places + shape[-1] * torch.arange(len(counts), device=x.device)[:, None]).flatten()
    turned = rows(x, 1).index_select(0, places).view(x.shape)
    h = lstm_over(turned, lengths, state, weights)
    return rows(h, 1).index_select(0, places).view(h.shape)


def lstm_with_state(
    x: Tensor,
    lengths: Tensor | None,
    state: tuple[Tensor, Tensor] | None,
    weights: list[Tensor],
    direction: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """
    An LSTM over whole sequences, as :func:`lstm`, which also gives the state of each one at its end.

    :param direction: 1, or -1 from each sequence's end to its start
    :return: h of all frames, [..., frames, dim], 0 in the padding; the last h and c, [..., dim]
    """
    rest, frames, dim = x.shape[:-2], x.shape[-2], weights[1].shape[1]
    x = rows(x, 2)
    zeros = x.new_zeros((len(x), dim))
    h0, c0 = (zeros, zeros) if state is None else (rows(value, 1) for value in state)
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
    first = [value.index_select(0, order)[None] for value in (some_h, some_c)]
    training = torch.is_grad_enabled()
    data, last_h, last_c = torch.lstm(packed.data, packed.batch_sizes, first, weights, True, 1, 0.0, training, False)
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
