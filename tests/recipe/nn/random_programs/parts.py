"""What the model of a program is made of: modules, inputs, and states."""

from __future__ import annotations

from recipe import nn

from .program import NUM_CELLS, NUM_LABELS, NUM_LINEAR, NUM_POSITIONS, Frames, Program

NUM_PARTS = 2


class SequenceOfVectors:
    """
    Vectors along an axis.

    :param tensor: [batch, axis, features]
    """

    def __init__(self, tensor: nn.Tensor, axis: nn.Dim):
        self.tensor, self.axis = tensor, axis


class Parts(nn.Module):
    """The calls of its modules share their parameters."""

    def __init__(self, program: Program):
        super().__init__()
        self.program = program
        features = self.features = nn.Dim(program.features, name="features")
        self.others = nn.Dim(program.features, name="others")
        self.labels = nn.Dim(NUM_LABELS, name="labels")
        self.positions = nn.Dim(NUM_POSITIONS, name="positions")
        self.parts = nn.Dim(NUM_PARTS, name="parts")
        self.times = [nn.Dim(None, name="time"), nn.Dim(None, name="other_time")]
        self.linear = nn.ModuleList([nn.Linear(features, features) for _ in range(NUM_LINEAR)])
        self.cells = nn.ModuleList([nn.LstmCell(features, features) for _ in range(NUM_CELLS)])
        self.forth, self.back = nn.Linear(features, self.others), nn.Linear(self.others, features)
        self.both = nn.Linear(2 * features, features)
        self.readout, self.embedding = nn.Linear(features, self.labels), nn.Embedding(self.labels, features)
        self.history = nn.CausalSelfAttention(features, self.others, features)
        self.attention = nn.DotAttention(features, features, self.others)
        self.additive = nn.AdditiveAttention(features, features, self.others)
        self.window = nn.Window(features, 2)
        self.wide = nn.Linear(features, NUM_PARTS * features)
        self.norm = nn.LayerNorm(features)
        self.lstm = nn.ModuleList([nn.Lstm(features, features, direction=direction) for direction in (1, -1)])
        self.conv = nn.ModuleList([nn.Conv1d(features, features, 3 - stride % 2, stride=stride) for stride in (1, 2)])
        self.main_loop: nn.Loop | None = None
        self.main_sequence: SequenceOfVectors
        self.main_axis: nn.Dim
        self.sequences: list[SequenceOfVectors] = []
        self.outputs: dict[str, nn.Tensor] = {}

    def declare_inputs(self) -> None:
        """The inputs that :meth:`.program.Program.feeds` feeds."""
        batch, (time, other_time) = nn.batch_dim, self.times
        dims = {
            "data0": [batch, time, self.features],
            "data1": [batch, other_time, self.features],
            "grid": [batch, time, other_time, self.features],
            "table": [batch, self.positions, self.features],
            "vector": [batch, self.features],
        }
        inputs = {name: nn.get_extern_data(nn.ExternData(name, dims[name])) for name in dims}
        if self.program.over == "backwards":
            inputs["reversed"] = nn.reverse(inputs["data0"])
        inputs["labels"] = nn.get_extern_data(nn.ExternData("labels", [batch, time], sparse_dim=self.labels))
        self.inputs, self.vector = inputs, inputs["vector"]

    def make_states(self) -> None:
        """All states; those that nothing uses change nothing."""
        dims = [nn.batch_dim, self.features]
        initial = {"input": lambda: self.vector, "encoded": lambda: nn.tanh(self.linear[0](self.vector))}
        self.states = [
            nn.State(dims, initial=0.25 * number, name=f"s{number}")
            if kind == "number"
            else nn.State(initial=initial[kind](), name=f"s{number}")
            for number, kind in enumerate(self.program.initial)
        ]
        self.cell_states = [nn.State(initial=cell.initial_state(), name=f"c{n}") for n, cell in enumerate(self.cells)]
        zeros = nn.zeros(dims)
        self.nested = nn.State(initial={"a": zeros, "b": (self.vector, zeros)}, name="nested")
        self.frames_before = nn.State(initial=self.window.initial_state(), name="window")
        self.late = nn.State(name="late")
        self.label = nn.State(initial=nn.constant(1, [nn.batch_dim], sparse_dim=self.labels), name="label")
        self.count = nn.State([nn.batch_dim], initial=0, dtype="int32", name="count")
        self.flag = nn.State([nn.batch_dim], initial=False, dtype="bool", name="flag")
        if self.program.uses("other_cell"):
            self.other_cell_state = nn.State(initial=self.cells[0].initial_state(), name="other_cell")
        if self.program.uses("memory") or self.program.uses_frames("memory"):
            self.memory = nn.State(initial=self.inputs["data1"] * 0.5, name="memory")
        if self.program.uses("tick"):
            self.ticks = nn.State([], initial=0, dtype="int32", name="ticks")
        if self.uses_second_label:
            self.second = nn.State(initial=nn.constant(0, [nn.batch_dim], sparse_dim=self.labels), name="second")

    @property
    def uses_second_label(self) -> bool:
        """Whether there is a second label in each step."""
        return self.program.uses("emit") or any(
            statement[0] in ("choice", "greedy") and statement[2:] and statement[2] == "second"
            for statement in self.program.statements()
        )

    def final_states(self) -> None:
        """All states become outputs that RETURNN and NumPy both give, the vectors also losses."""
        for number, state in enumerate(self.states):
            self.outputs[f"state{number}"] = state.get()
            self.mark_loss(state.get(), f"state{number}_loss")
        for number, cell_state in enumerate(self.cell_states):
            self.outputs[f"cell{number}"] = cell_state.get().h
        outputs = {"label": lambda: {"label": self.label.get()}, "count": lambda: {"count": self.count.get()}}
        outputs |= {"flag": lambda: {"flag": self.flag.get()}, "late": lambda: {"late": self.late.get()}}
        outputs["nested"] = lambda: {"nested_a": self.nested.get()["a"], "nested_b": self.nested.get()["b"][1]}
        outputs["window"] = lambda: {"window": self.frames_before.get()[0]}
        outputs["other_cell"] = lambda: {"other_cell": self.other_cell_state.get().c}
        outputs["memory"] = lambda: {"memory": self.memory.get()}
        outputs["tick"] = lambda: {"ticks": self.vector * nn.cast(self.ticks.get(), "float32")}
        for kind, values in outputs.items():
            if self.program.uses(kind):
                self.outputs.update(values())
        if self.uses_second_label:
            self.outputs["second"] = self.second.get()

    def mark_loss(self, loss: nn.Tensor, name: str) -> None:
        """Marks it in training."""
        if not self.program.beam_size:
            loss.mark_as_loss(name)

    # what statements read

    def pick(self, values: list[nn.Tensor], index: int) -> nn.Tensor:
        """One of the values, or of the states as they are now."""
        readable = [*values, *(state.get() for state in self.states)]
        return readable[index % len(readable)]

    def condition(self, values: list[nn.Tensor], index: int) -> nn.Tensor:
        """Something that is true for some sequences: bool [batch]."""
        return nn.reduce_sum(self.pick(values, index)) > 0.1

    def sequence(self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames) -> SequenceOfVectors:
        """A sequence."""
        kind, *arguments = frames
        sequence: SequenceOfVectors = getattr(self, f"_frames_{kind}")(values, loop, *arguments)
        return sequence
