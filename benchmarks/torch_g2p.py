"""
The model of ``configs/g2p.py`` in PyTorch, as a PyTorch user writes it: ``nn.LSTM`` over packed sequences, ``LSTMCell``
in a Python loop, attention by ``bmm``, beam search with one batch of all hypotheses.

As a program it is a contender of :mod:`paired`: ``torch_g2p.py SIZE TASK DROPOUT THREADS PARAMETERS BATCHES [BEAM]``;
without BEAM the search has that of the size.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Mapping

import numpy
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks.g2p_batches import BEAM_SIZES, LEARNING_RATE, MAX_STEPS, SIZES, Batch, read_batches  # noqa: E402
from benchmarks.paired import serve  # noqa: E402


class Model(nn.Module):
    """
    Letters to phones.

    :param letters: number of letters; :param phones: number of phones
    :param embedding_dim: of letters and of phones
    :param lstm_dim: of each direction of the encoder, of the decoder and of the readout; the keys have half of it
    :param num_layers: of the encoder
    :param dropout: on embeddings, encoder layers and readout
    :param end_label: the phone that starts and ends each sequence
    """

    def __init__(
        self,
        letters: int,
        phones: int,
        *,
        embedding_dim: int,
        lstm_dim: int,
        num_layers: int,
        dropout: float,
        end_label: int,
    ):
        super().__init__()
        self.end_label, self.key_dim = end_label, lstm_dim // 2
        self.dropout = nn.Dropout(dropout)
        self.letter_embedding = nn.Embedding(letters, embedding_dim)
        self.encoder = nn.LSTM(
            embedding_dim, lstm_dim, num_layers, batch_first=True, bidirectional=True, dropout=dropout
        )
        self.key = nn.Linear(2 * lstm_dim, self.key_dim, bias=False)
        self.phone_embedding = nn.Embedding(phones, embedding_dim)
        self.cell = nn.LSTMCell(embedding_dim + 2 * lstm_dim, lstm_dim)
        self.query = nn.Linear(lstm_dim, self.key_dim, bias=False)
        self.readout = nn.Linear(3 * lstm_dim, lstm_dim)
        self.output = nn.Linear(lstm_dim, phones)

    def encode(self, letters: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """
        :param letters: [batch, time]; :param lengths: [batch], on the CPU, as packing wants them
        :return: frames [batch, time, 2 * lstm_dim], their keys, and where they are padding
        """
        x = self.dropout(self.letter_embedding(letters))
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        frames, _ = pad_packed_sequence(self.encoder(packed)[0], batch_first=True)
        frames = self.dropout(frames)
        padding = torch.arange(frames.shape[1])[None, :] >= lengths[:, None]
        return frames, self.key(frames) * self.key_dim**-0.5, padding.to(frames.device)

    def step(
        self,
        embedded: torch.Tensor,
        state: tuple[torch.Tensor, torch.Tensor],
        context: torch.Tensor,
        encoded: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    ) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
        """
        :param embedded: the label before [batch, embedding_dim]
        :return: the new state and context
        """
        frames, keys, padding = encoded
        h, c = self.cell(torch.cat([embedded, context], dim=1), state)
        energy = torch.bmm(keys, self.query(h)[:, :, None])[:, :, 0]
        weights = torch.softmax(energy.masked_fill(padding, float("-inf")), dim=1)
        return (h, c), torch.bmm(weights[:, None, :], frames)[:, 0]

    def logits(self, h: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """:return: [..., phones]"""
        return self.output(self.dropout(torch.tanh(self.readout(torch.cat([h, context], dim=-1)))))

    def start(self, batch: int) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
        """The state and the context before the first step."""
        device = self.cell.weight_ih.device
        h = torch.zeros(batch, self.cell.hidden_size, device=device)
        return (h, torch.zeros_like(h)), torch.zeros(batch, self.key.in_features, device=device)

    def forward(
        self, letters: torch.Tensor, letter_lengths: torch.Tensor, phones: torch.Tensor, phone_lengths: torch.Tensor
    ) -> torch.Tensor:
        """
        :param phones: [batch, steps] with the end label last; lengths of both are on the CPU
        :return: the sum of the cross entropies of all labels, which RETURNN minimises, with label smoothing 0.1
        """
        encoded = self.encode(letters, letter_lengths)
        before = torch.cat([torch.full_like(phones[:, :1], self.end_label), phones[:, :-1]], dim=1)
        embedded = self.dropout(self.phone_embedding(before))
        state, context = self.start(len(letters))
        hs, contexts = [], []
        for step in range(phones.shape[1]):
            state, context = self.step(embedded[:, step], state, context, encoded)
            hs.append(state[0])
            contexts.append(context)
        logits = self.logits(torch.stack(hs, dim=1), torch.stack(contexts, dim=1))
        frames = (torch.arange(phones.shape[1])[None, :] < phone_lengths[:, None]).to(phones.device)
        return nn.functional.cross_entropy(logits[frames], phones[frames].long(), label_smoothing=0.1, reduction="sum")

    @torch.no_grad()
    def search(
        self, letters: torch.Tensor, lengths: torch.Tensor, *, beam_size: int, max_steps: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """
        Beam search; a hypothesis that has ended keeps its score per length, as in RETURNN.

        :return: labels [batch, beam, steps], filled up with the end label, and scores [batch, beam], best first
        """
        batch, beam, device = len(letters), beam_size, letters.device
        encoded = tuple(tensor.repeat_interleave(beam, dim=0) for tensor in self.encode(letters, lengths))
        state, context = self.start(batch * beam)
        scores = torch.full((batch, beam), -1e30, device=device)
        scores[:, 0] = 0.0
        ended = torch.zeros(batch, beam, dtype=torch.bool, device=device)
        labels = torch.full((batch, beam, 0), self.end_label, device=device)
        last = torch.full((batch * beam,), self.end_label, device=device)
        for step in range(max_steps):
            state, context = self.step(self.phone_embedding(last), state, context, encoded)
            log_probs = torch.log_softmax(self.logits(state[0], context), dim=-1).view(batch, beam, -1)
            only_end = torch.full_like(log_probs[0, 0], -1e30)
            only_end[self.end_label] = 0.0
            log_probs = torch.where(ended[:, :, None], only_end, log_probs)
            if step:
                scores = torch.where(ended, scores * ((step + 1) / step), scores)
            scores, best = (scores[:, :, None] + log_probs).flatten(1).topk(beam)
            source, label = best // log_probs.shape[-1], best % log_probs.shape[-1]
            rows = (source + torch.arange(batch, device=device)[:, None] * beam).flatten()
            state, context = (state[0][rows], state[1][rows]), context[rows]
            labels = torch.cat([labels.flatten(0, 1)[rows].view(batch, beam, -1), label[:, :, None]], dim=2)
            ended = ended.gather(1, source) | (label == self.end_label)
            last = label.flatten()
            if ended.all():
                break
        return labels, scores


def load_parameters(model: Model, parameters: Mapping[str, numpy.ndarray]) -> None:
    """
    Copies the parameters of a ``recipe.models.SequenceToSequence`` by name.

    PyTorch's LSTM has its gates in another order (input, forget, cell, output), transposed, and a second bias, which
    stays zero: it is not trained, as with both the bias would learn twice as fast.
    """
    new: dict[str, torch.Tensor] = {
        "letter_embedding.weight": torch.tensor(parameters["encoder/embedding/W"]),
        "phone_embedding.weight": torch.tensor(parameters["decoder/embedding/W"]),
    }
    for name, path in (
        ("key", "attention/key"),
        ("query", "attention/query"),
        ("readout", "readout"),
        ("output", "output"),
    ):
        new[f"{name}.weight"] = torch.tensor(parameters[f"decoder/{path}/W"]).T
        if f"decoder/{path}/b" in parameters:
            new[f"{name}.bias"] = torch.tensor(parameters[f"decoder/{path}/b"])
    for layer in range(model.encoder.num_layers):
        for direction, suffix in (("fw", ""), ("bw", "_reverse")):
            new.update(_lstm(f"encoder.%s_l{layer}{suffix}", f"encoder/layers/{layer}/{direction}", parameters))
    new.update(_lstm("cell.%s", "decoder/cell", parameters))
    model.load_state_dict(new)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("bias_hh" not in name)


def _lstm(name: str, path: str, parameters: Mapping[str, numpy.ndarray]) -> dict[str, torch.Tensor]:
    def gates(array: numpy.ndarray) -> torch.Tensor:
        cell, in_gate, forget_gate, out_gate = numpy.split(array, 4, axis=-1)
        return torch.tensor(numpy.concatenate([in_gate, forget_gate, cell, out_gate], axis=-1)).T

    bias = gates(parameters[f"{path}/b"])
    return {
        name % "weight_ih": gates(parameters[f"{path}/W"]),
        name % "weight_hh": gates(parameters[f"{path}/W_re"]),
        name % "bias_ih": bias,
        name % "bias_hh": torch.zeros_like(bias),
    }


def main() -> None:
    """Runs steps on demand."""
    size, task, dropout, threads, parameters_path, batches_path, *beam = sys.argv[1:]
    beam_size = int(beam[0]) if beam else BEAM_SIZES[size]
    torch.manual_seed(1)
    torch.set_num_threads(int(threads))
    with numpy.load(parameters_path) as file:
        parameters = dict(file)
    labels = [len(parameters[f"{part}/embedding/W"]) for part in ("encoder", "decoder")]
    model = Model(*labels, **{**SIZES[size], "dropout": float(dropout)}, end_label=0)
    load_parameters(model, parameters)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, eps=1e-8)
    batches = read_batches(pathlib.Path(batches_path))

    def train(number: int) -> float:
        letters, letter_lengths, phones, phone_lengths = _tensors(batches[number])
        optimizer.zero_grad()
        loss = model(letters, letter_lengths, phones, phone_lengths)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        return loss.item() / int(phone_lengths.sum())

    def search(number: int) -> float:
        letters, lengths, *_ = _tensors(batches[number])
        labels, scores = model.search(letters, lengths, beam_size=beam_size, max_steps=MAX_STEPS)
        return float(scores[:, 0].mean()) / labels.shape[2]  # so each is divided by its own length

    if task == "search":
        model.eval()
    serve(train if task == "train" else search)


def _tensors(batch: Batch) -> list[torch.Tensor]:
    return [torch.from_numpy(array).long() for key in ("data", "classes") for array in batch[key]]


if __name__ == "__main__":
    main()
