"""
Neural Turing machine (Graves et al. 2014, https://arxiv.org/abs/1410.5401): a recurrent network with a memory that it
reads and writes at places that it finds by content and by moving on.

The memory and the weights of the heads are states [batch, slots, ...] like any other. One loop reads the input, a
second one goes on with its state and writes the copy. In search each hypothesis has a memory of its own.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

SYMBOLS = nn.Dim(5, "symbols", labels=["<end>", "a", "b", "c", "d"])
INPUT = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=SYMBOLS)
COPY = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "copy")], sparse_dim=SYMBOLS)  # ends with <end>


class Head(nn.Module):
    """Where to read or write: by content, then between that and the place before, then moved, then sharpened."""

    def __init__(self, slots: nn.Dim, width: nn.Dim):
        super().__init__()
        self.slots, self.shifts = slots, nn.Dim(3, "shifts")  # by -1, 0 and 1
        self.key, self.shift, self.numbers = nn.Linear(width), nn.Linear(self.shifts), nn.Linear(3)

    def forward(self, h: nn.Tensor, memory: nn.Tensor, before: nn.Tensor) -> nn.Tensor:
        """The weights of the slots [batch, slots], of the controller's output, the memory and the weights before."""
        strength, gate, sharpness = (nn.squeeze(x) for x in nn.split(self.numbers(h), 3))
        key = nn.tanh(self.key(h))
        norms = nn.sqrt(nn.reduce_sum(memory * memory) * nn.reduce_sum(key * key) + 1e-6)
        content = nn.softmax(nn.softplus(strength) * nn.dot(memory, key) / norms, self.slots)
        gate = nn.sigmoid(gate)
        weights = gate * content + (1.0 - gate) * before
        number, slots, shifts = self.slots.size, nn.range_over(self.slots), nn.range_over(self.shifts)
        neighbours = nn.combine("sub", slots + number + 1, shifts, allow_broadcast_all_sources=True) % number
        moved = nn.dot(nn.gather(weights, neighbours, axis=self.slots), nn.softmax(self.shift(h)), reduce=self.shifts)
        sharp = nn.combine("pow", moved + 1e-6, 1.0 + nn.softplus(sharpness))
        return sharp / nn.reduce_sum(sharp, self.slots)


def outer(slots: nn.Tensor, vector: nn.Tensor) -> nn.Tensor:
    """The vector [batch, width] in each slot, as much as the weight of the slot [batch, slots] says."""
    return nn.combine("mul", slots, vector, allow_broadcast_all_sources=True)


class NeuralTuringMachine(nn.Module):
    def __init__(self, slots: int = 5, width: int = 3, size: int = 6):
        super().__init__()
        self.slots, self.width, self.size = nn.Dim(slots, "slots"), nn.Dim(width, "width"), nn.Dim(size, "controller")
        self.embedding = nn.Embedding(SYMBOLS, 4)
        self.controller = nn.LstmCell(4 + self.width, self.size)
        self.read, self.write = Head(self.slots, self.width), Head(self.slots, self.width)
        self.erase, self.add = nn.Linear(self.width), nn.Linear(self.width)
        self.start = nn.Parameter([self.slots, self.width])  # what the memory holds at first
        self.output = nn.Linear(SYMBOLS)

    def initial_state(self) -> dict:
        """The memory as it is at first, and both heads at the first slot."""
        at_first = nn.expand(nn.cast(nn.range_over(self.slots) == 0, "float32"), [nn.batch_dim])
        memory = nn.expand(self.start, [nn.batch_dim])
        seen = nn.zeros([nn.batch_dim, self.width])
        cell = self.controller.initial_state()
        return {"cell": cell, "memory": memory, "seen": seen, "read": at_first, "write": at_first}

    def step(self, symbol: nn.Tensor, state: dict) -> tuple[nn.Tensor, dict]:
        """Logits of the next symbol, and the new state."""
        h, cell = self.controller(nn.concat(self.embedding(symbol), state["seen"]), state["cell"])
        write = self.write(h, state["memory"], state["write"])
        memory = state["memory"] * (1.0 - outer(write, nn.sigmoid(self.erase(h)))) + outer(write, self.add(h))
        read = self.read(h, memory, state["read"])
        seen = nn.dot(memory, read, reduce=self.slots)
        new = {"cell": cell, "memory": memory, "seen": seen, "read": read, "write": write}
        return self.output(nn.concat(h, seen)), new

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        reading = nn.Loop()
        reading.state.machine = self.initial_state()
        with reading:
            _, reading.state.machine = self.step(reading.unstack(nn.get_extern_data(INPUT)), reading.state.machine)
        writing = nn.Loop(max_seq_len=10 if search else None)
        writing.state.machine = reading.state.machine
        writing.state.symbol = nn.constant(0, [nn.batch_dim], sparse_dim=SYMBOLS)
        with writing:
            logits, writing.state.machine = self.step(writing.state.symbol, writing.state.machine)
            target = None if search else writing.unstack(nn.get_extern_data(COPY))
            writing.state.symbol = nn.choice(logits, target=target)
            if target is None:
                writing.end(writing.state.symbol == 0, include_eos=False)
                return writing.stack(writing.state.symbol)
            nn.cross_entropy(logits, target).mark_as_loss("ce")
            return writing.stack(writing.state.machine["read"])


def training(**dims: Any) -> nn.Network:
    """Trained to copy; gives where it read."""
    return nn.Network(NeuralTuringMachine(**dims))


def search(beam_size: int = 3, **dims: Any) -> nn.Network:
    """The copy by beam search."""
    return nn.Network(NeuralTuringMachine(**dims), search=nn.BeamSearch(beam_size))
