"""The decoder that the README shows trains and searches, with the same parameters."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .pages import blocks


def test_decoder_of_the_readme() -> None:
    names: dict[str, Any] = {"__name__": "__docs__"}
    (block,) = (block for block in blocks("README.md") if block.kind == "python")
    exec(compile(block.code, block.place, "exec"), names)

    features = nn.Dim(6, "features")
    labels = nn.Dim(5, "labels", labels=["<end>", *"abcd"])
    frames = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features])
    text = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=labels)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decoder = names["Decoder"](features, labels)

        def forward(self, search: nn.BeamSearch | None = None) -> tuple[nn.Tensor, nn.Tensor]:
            targets = None if search else nn.get_extern_data(text)
            return self.decoder(nn.get_extern_data(frames), targets=targets, search=search)

    model = Model()
    training, recognition = nn.Network(model), nn.Network(model, search=nn.BeamSearch(12))
    assert set(training.parameters) == set(recognition.parameters)
    assert "decoder/cell/W" in training.parameters
    feeds = {
        "data": (numpy.random.RandomState(0).normal(size=(2, 4, 6)).astype("float32"), numpy.array([4, 3])),
        "classes": (numpy.array([[1, 2, 0], [3, 0, 0]], "int32"), numpy.array([3, 2])),
    }
    parameters = training.random_parameters(1)
    logits, fed = (result.value for result in nn.run_numpy(training, feeds, parameters).outputs.values())
    assert logits.shape == (2, 3, 5) and fed[0].tolist() == [1, 2, 0]
    found = nn.run_numpy(recognition, {"data": feeds["data"]}, parameters)
    assert found.beam_scores is not None and found.beam_scores.shape == (2, 12)
