"""
Choices in an inner loop over a state of the outer one: the row before, as a model of images has it.

Each choice takes the row along to the hypotheses that live on, while the loop runs over it.
"""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, OTHER, label, x_, z_, zeros
from .plain_layers import Parameters, linear, log_softmax
from .plain_search import Choose
from .program import Program


class RowsOfLabels(nn.Module):
    """
    A row of labels for each frame, each label from that to its left and from the state above it.

    :param reads: whether the inner loop also unstacks another sequence, before or after the row; or the row alone
    :param over: the axis of the rows
    """

    def __init__(self, reads: str, over: nn.Dim = OTHER) -> None:
        super().__init__()
        self.reads, self.over = reads, over
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        z = z_()
        rows = nn.Loop()
        rows.state.above = z if self.over is OTHER else nn.zeros([nn.batch_dim, self.over, FEATURES])
        with rows:
            frame = rows.unstack(x_())
            row = nn.Loop()
            row.state.left, row.state.letter = zeros(), label(1)
            with row:
                other = row.unstack(z) if self.reads == "before" else 0.0
                above = row.unstack(rows.state.above, axis=self.over)
                other = row.unstack(z) if self.reads == "after" else other
                before = self.embedding(row.state.letter)
                row.state.left = nn.tanh(frame + before + row.state.left * above + other)
                row.state.letter = nn.choice(self.output(row.state.left))
                states, letters = row.stack(row.state.left), row.stack(row.state.letter)
            rows.state.above = states
            return {"letters": rows.stack(letters), "sums": rows.stack(nn.reduce_sum(states, self.over))}


def rows_of_labels_reference(reads: bool, over: int | None = None) -> Any:
    def reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
        above = z if over is None else numpy.zeros((over, 4))
        every, sums = [], []
        for frame in x:
            left, letter, letters, states = numpy.zeros(4), 1, [], []
            for column, up in enumerate(above):
                other = z[column] if reads else 0.0
                left = numpy.tanh(frame + p["embedding/W"][letter] + left * up + other)
                letter = choose(log_softmax(linear(p, "output", left)))
                letters.append(letter)
                states.append(left)
            above = numpy.array(states)
            every.append(letters)
            sums.append(above.sum(axis=0))
        return {"letters": every, "sums": sums}

    return reference


COLUMNS = nn.Dim(3, "columns")


@programs(
    [
        Program(
            "row_alone", RowsOfLabels("nothing"), rows_of_labels_reference(False), beam_size=1, compares_scores=False
        ),
        Program("row_alone_with_a_beam", RowsOfLabels("nothing"), rows_of_labels_reference(False), beam_size=3),
        Program("sequence_before_the_row", RowsOfLabels("before"), rows_of_labels_reference(True), beam_size=2),
        Program("row_before_the_sequence", RowsOfLabels("after"), rows_of_labels_reference(True), beam_size=2),
        Program(
            "row_of_fixed_size",
            RowsOfLabels("nothing", COLUMNS),
            rows_of_labels_reference(False, over=3),
            batch=ALONE,
            beam_size=3,
        ),
    ]
)
def test_choices_over_outer_states(program: Program, engine: str) -> None:
    check(program, engine)
