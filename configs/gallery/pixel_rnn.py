"""
A PixelRNN (van den Oord et al. 2016, https://arxiv.org/abs/1601.06759): a grey image pixel by pixel, row by row, each
from the state to its left and the state above it (as in the multi-dimensional RNN of Graves et al. 2007).

A row's states are a state of the loop over the rows: [batch, columns, hidden], which the loop over the columns
unstacks while it makes the next one. Images have any height and width. Completion keeps the first rows of an image
and draws the others, pixel by pixel.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

SHADES = nn.Dim(4, "shades")
ROWS, COLUMNS = nn.Dim(None, "rows"), nn.Dim(None, "columns")
IMAGE = nn.ExternData("data", [nn.batch_dim, ROWS, COLUMNS], sparse_dim=SHADES)


class PixelRnn(nn.Module):
    """
    :param size: of the states
    :param given_rows: for completion: how many rows are those of the image; None for training
    :param temperature: of the draws; 0 takes the most likely shade
    """

    def __init__(self, size: int = 4, *, given_rows: int | None = None, temperature: float = 1.0):
        super().__init__()
        self.given_rows, self.temperature = given_rows, temperature
        self.dim = nn.Dim(size, "hidden")
        self.embedding = nn.Embedding(SHADES, self.dim)
        self.gates, self.new, self.output = nn.Linear(3 * self.dim), nn.Linear(self.dim), nn.Linear(SHADES)

    def cell(self, pixel: nn.Tensor, left: nn.Tensor, above: nn.Tensor) -> nn.Tensor:
        """A gated unit with two states before it."""
        x = [pixel, left, above]
        new, keep_left, keep_above = nn.split(nn.sigmoid(self.gates(x)), 3)
        return new * nn.tanh(self.new(x)) + keep_left * left + keep_above * above

    def draw(self, logits: nn.Tensor) -> nn.Tensor:
        """A shade, by its probability: the greatest of logits with Gumbel noise."""
        if self.temperature:
            noise = 1.0 - nn.random_uniform(logits.dims)  # above 0
            logits = logits / self.temperature - nn.log(-nn.log(noise))
        return nn.argmax(logits)

    def forward(self) -> nn.Tensor:
        image = nn.get_extern_data(IMAGE)
        rows = nn.Loop()
        rows.state.above = nn.zeros([nn.batch_dim, COLUMNS, self.dim])
        with rows:
            row = rows.unstack(image, axis=ROWS)  # [batch, columns]
            columns = nn.Loop()
            columns.state.left = nn.zeros([nn.batch_dim, self.dim])
            columns.state.pixel = nn.constant(0, [nn.batch_dim], sparse_dim=SHADES)  # the one to the left
            with columns:
                above = columns.unstack(rows.state.above, axis=COLUMNS)
                columns.state.left = self.cell(self.embedding(columns.state.pixel), columns.state.left, above)
                logits = self.output(columns.state.left)
                pixel = columns.unstack(row)
                if self.given_rows is None:
                    nn.cross_entropy(logits, pixel).mark_as_loss("ce")
                else:
                    pixel = nn.where(rows.iter_idx < self.given_rows, pixel, self.draw(logits))
                columns.state.pixel = pixel
                states, pixels = columns.stack(columns.state.left), columns.stack(pixel)
            rows.state.above = states
            return rows.stack(pixels)


def training(**dims: Any) -> nn.Network:
    """Trained on images."""
    return nn.Network(PixelRnn(**dims))


def completion(given_rows: int = 2, temperature: float = 1.0, **dims: Any) -> nn.Network:
    """The first rows of an image, and others that go on with them."""
    return nn.Network(PixelRnn(given_rows=given_rows, temperature=temperature, **dims))
