"""The hypotheses of a search."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy
from returnn.forward_iface import ForwardCallbackIface


class HypothesesWriter(ForwardCallbackIface):
    """
    Writes the labels and scores of all hypotheses of each sequence, best first, as JSON lines.

    :param path: of the file
    """

    def __init__(self, path: str):
        self.path = path

    def init(self, *, model: Any) -> None:
        """Begins the file."""
        self.file = open(self.path + ".part", "w", encoding="utf-8")

    def process_seq(self, *, seq_tag: str, outputs: Any) -> None:
        """
        Writes a line.

        :param outputs: "output" are the labels [beam, positions] or [beam]; "beam_scores", "beam_scores_1", ... the
            scores of all searches, of which those of the last one that the labels are of count
        """
        labels = outputs["output"]
        searches = [scores for name, scores in outputs.data.items() if name.startswith("beam_scores")]
        beams = [dim for dim in labels.dims if any(dim is scores.dims[-1] for scores in searches)]
        if not beams:
            raise ValueError(f"the output {labels} does not depend on the hypotheses of a search")
        rest = [dim for dim in labels.dims if dim not in beams]
        scores = _rows([scores for scores in searches if scores.dims[-1] in beams][-1], beams, [])
        names = labels.sparse_dim.vocab.labels
        hypotheses = []
        for row, length, score in zip(_rows(labels, beams, rest), _lengths(rest, beams), scores):
            found = [names[label] for label in numpy.atleast_1d(row)[:length]]
            # the shortest number that is this float, as people read it
            hypotheses.append({"labels": found, "score": float(str(score)) if math.isfinite(score) else None})
        self.file.write(json.dumps({"seq_tag": seq_tag, "hypotheses": hypotheses}, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Ends the file."""
        self.file.close()
        os.replace(self.path + ".part", self.path)


def _rows(x: Any, beams: list[Any], rest: list[Any]) -> numpy.ndarray:
    """The values with a row for each hypothesis, also of what does not depend on all axes over hypotheses."""
    axes = [dim for dim in beams if dim in x.dims]
    values = x.raw_tensor.transpose([x.dims.index(dim) for dim in [*axes, *rest]])
    inner = values.shape[len(axes) :]
    values = values.reshape([*(dim.dimension if dim in axes else 1 for dim in beams), *inner])
    values = numpy.broadcast_to(values, [*(dim.dimension for dim in beams), *inner])
    return values.reshape([math.prod(dim.dimension for dim in beams), *inner])


def _lengths(rest: list[Any], beams: list[Any]) -> list[int | None]:
    """The lengths of all hypotheses; None of single labels."""
    if not rest:
        return [None] * math.prod(dim.dimension for dim in beams)
    (axis,) = rest
    if axis.dyn_size_ext is None:
        return [axis.dimension] * math.prod(dim.dimension for dim in beams)
    return [int(length) for length in _rows(axis.dyn_size_ext, beams, [])]
