"""What decoders say of given labels: teacher forcing, and a plain beam search by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from recipe import nn
from recipe.models.label_decoder import Decoded, LabelDecoder

from .small_model import END


class TeacherForcing(nn.Module):
    """
    A decoder on given labels.

    :param encoder: of the source
    :param decoder: a decoder, or a wrapper of some
    """

    def __init__(self, encoder: nn.Module, decoder: LabelDecoder, source: nn.ExternData, target: nn.ExternData):
        super().__init__()
        self.encoder, self.decoder, self.source, self.target = encoder, decoder, source, target

    def forward(self) -> nn.Tensor:
        return self.decoded().logits

    def decoded(self, **kwargs: Any) -> Decoded:
        encoder = self.encoder(nn.get_extern_data(self.source))
        # of a language model, too, whose own forward is its training
        return LabelDecoder.forward(self.decoder, encoder, nn.get_extern_data(self.target), **kwargs)


def values_by_parameter(network: nn.Network, values: Mapping[str, numpy.ndarray]) -> dict[nn.Parameter, numpy.ndarray]:
    """The values of parameters, whatever another network calls them."""
    return {parameter: values[name] for name, parameter in network.parameters.items()}


def scores_of(
    network: nn.Network,
    values: Mapping[nn.Parameter, numpy.ndarray],
    source: Sequence[int] | numpy.ndarray,
    labels: Sequence[int],
) -> numpy.ndarray:
    """
    Of one source sequence the log scores of what can follow the labels: [labels]; log softmax of what the network says.
    """
    given = numpy.array([[*labels, END]], "int32")
    frames = numpy.array([source], "float32" if numpy.ndim(source) > 1 else "int32")
    feeds = {"data": (frames, numpy.array([len(source)], "int32")), "classes": (given, numpy.array([len(labels) + 1]))}
    parameters = {name: values[parameter] for name, parameter in network.parameters.items()}
    scores = nn.run_numpy(network, {name: feeds[name] for name in network.extern_data}, parameters)
    logits = scores.outputs["output"].value[0, -1].astype("float64")
    return logits - numpy.logaddexp.reduce(logits)


def plain_beam_search(
    scores: Callable[[tuple[int, ...]], numpy.ndarray], beam_size: int, max_seq_len: int
) -> list[tuple[float, tuple[int, ...]]]:
    """The best hypotheses with their scores, without length normalisation, by the scores of what follows labels."""
    beam: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for _ in range(max_seq_len):
        longer = [(score, labels) for score, labels in beam if labels[-1:] == (END,)]
        for score, labels in beam:
            if labels[-1:] != (END,):
                longer += [(score + one, (*labels, label)) for label, one in enumerate(scores(labels))]
        beam = sorted(longer, key=lambda item: -item[0])[:beam_size]
    return [(score, labels[:-1] if labels[-1:] == (END,) else labels) for score, labels in beam]
