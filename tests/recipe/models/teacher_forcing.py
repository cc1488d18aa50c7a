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


def values_by_parameter(model: nn.Module, values: Mapping[str, numpy.ndarray]) -> dict[nn.Parameter, numpy.ndarray]:
    """The values of parameters, whatever another model calls them."""
    return {parameter: values[name] for name, parameter in model.named_parameters() if name in values}


class ForcedScores:
    """
    What a model says of labels, one sequence at a time.

    :param forcing: the model
    """

    def __init__(self, forcing: TeacherForcing):
        self.names = dict(forcing.named_parameters())
        self.network = nn.Network(forcing)

    def __call__(
        self, values: Mapping[nn.Parameter, numpy.ndarray], source: numpy.ndarray, labels: Sequence[int]
    ) -> numpy.ndarray:
        """
        The log softmax of the scores of what can follow the labels: [labels].

        :param values: by the parameters
        :param source: of one sequence
        """
        given = numpy.array([[*labels, END]], "int32")
        feeds = {"data": (source[None], [len(source)]), "classes": (given, [len(labels) + 1])}
        parameters = {name: values[self.names[name]] for name in self.network.parameters}
        run = nn.run_numpy(self.network, {name: feeds[name] for name in self.network.extern_data}, parameters)
        logits = run.outputs["output"].value[0, -1].astype("float64")
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
