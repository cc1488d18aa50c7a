"""The job that computes the perplexity of a language model, by token and by word."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy
from sisyphus import tk

from recipe import nn
from recipe.data.text import lines_of_sequences

from .atomic_file import write_json
from .callback import Callback
from .checkpoint import Checkpoint
from .forward import forward_options
from .model_job import ModelJob
from .rescoring import cross_entropy_layer, cross_entropy_of, target_of
from .returnn_process import resolve_paths
from .selected_network import SelectedNetwork, resolve_network


class TextScore(NamedTuple):
    """
    What a language model says of a text.

    :ivar sequences: how many
    :ivar tokens: labels, with the end labels
    :ivar log_prob: the natural logarithm of the probability of all of them
    """

    sequences: int
    tokens: int
    log_prob: float

    @property
    def perplexity(self) -> float:
        """By token."""
        return _exp(-self.log_prob / self.tokens)

    def word_perplexity(self, words: int) -> float:
        """
        By word, the end of each sequence counting as one: what SRILM calls ``ppl``; comparable between vocabularies.

        :param words: how many there are, without ends
        """
        return _exp(-self.log_prob / (words + self.sequences))


class PerplexityJob(ModelJob):
    """
    The perplexity of a text: exp of the mean cross entropy.

    - ``out_perplexity``: by token (label, with the end label)
    - ``out_word_perplexity``: by word, the end of each sequence counting as one, so comparable between vocabularies;
      only if ``text`` is given
    - ``out_report``: both, and the numbers of sequences, tokens and words, and the log probability

    :param network: recorded without search, with one ``nn.cross_entropy`` of logits and an input, outside of loops
    :param model_checkpoint: the parameters
    :param data: RETURNN dataset options, paths as ``tk.Path``
    :param text: the same as text, a sentence a line, whose words are counted
    :param config: hashed RETURNN options (``batch_size``, ``max_seqs``, ...)

    For the other parameters see :class:`jobs.model_job.ModelJob`.
    """

    returnn_options = (*ModelJob.returnn_options, "data")

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        data: dict[str, Any],
        *,
        text: tk.Path | None = None,
        engine: str | None = None,
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        device: str = "cpu",
        time_rqmt: float = 1,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
        super().__init__(
            network,
            model_checkpoint,
            engine=engine,
            config=config,
            post_config=post_config,
            device=device,
            time_rqmt=time_rqmt,
            mem_rqmt=mem_rqmt,
            cpu_rqmt=cpu_rqmt,
            log_verbosity=log_verbosity,
        )
        self.check_data(data, "data")
        self.data = data
        self.text = text

        self.out_perplexity = self.output_var("perplexity")
        self.out_word_perplexity = self.output_var("word_perplexity")
        self.out_report = self.output_path("report.json")

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if it has not one cross entropy of an input
        """
        target_of(network)

    def work(self) -> None:
        """
        Scores with RETURNN.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        :raises ValueError: at a line of the text that RETURNN does not take as it is, or if the data have another
            number of sequences
        """
        words = None if self.text is None else [len(line.split()) for line in lines_of_sequences(self.text.get_path())]
        dump = self.work_file("cross_entropy.hdf")
        network, data = resolve_network(self.network), resolve_paths(self.data)
        if self.engine == "torch":
            program = network.giving([("cross_entropy", cross_entropy_of(network).output)])
            self.run_callback(program, data, Callback("hdf", "HdfWriter", [{"cross_entropy": dump}]))
        else:
            layer_name = cross_entropy_layer(network, self.device)
            layer = {"class": "hdf_dump", "from": layer_name, "filename": dump, "is_output_layer": True}
            options = forward_options(data, self.batch_size, layer_name, self.work_file("all.hdf"))
            self.run_model(options, layers={"cross_entropy_hdf": layer})
        self._write(_score_of_dump(dump), words)

    def _write(self, score: TextScore, words: list[int] | None) -> None:
        """Writes the report; ``words`` has how many each line of the text has."""
        report: dict[str, Any] = {**score._asdict(), "perplexity": score.perplexity}
        word_perplexity = None
        if self.text is not None and words is not None:
            if len(words) != score.sequences:
                raise ValueError(
                    f"the data have {score.sequences} sequences, but {self.text.get_path()} has {len(words)} lines "
                    "with text: give the text that the data are made of"
                )
            word_perplexity = score.word_perplexity(sum(words))
            report.update(words=sum(words), word_perplexity=word_perplexity)
        write_json(self.out_report, report)
        self.out_word_perplexity.set(word_perplexity)
        self.out_perplexity.set(score.perplexity)


def score_in_numpy(
    network: nn.Network,
    parameters: Mapping[str, numpy.ndarray],
    sequences: Sequence[Sequence[int]],
    *,
    batch: int = 32,
) -> TextScore:
    """
    What :class:`PerplexityJob` computes, in NumPy: for small models, and to see that the engines agree.

    :param network: as for the job
    :param parameters: arrays by name, as of :func:`jobs.checkpoint_values.read_checkpoint`
    :param sequences: the indices of the labels of each, with the end label
    :param batch: so many sequences are computed together
    """
    program = network.giving([("cross_entropy", cross_entropy_of(network).output)])
    name, own = target_of(network).name, {key: parameters[key] for key in network.parameters}
    total = 0.0
    for start in range(0, len(sequences), batch):
        rows = sequences[start : start + batch]
        lengths = numpy.array([len(row) for row in rows], "int32")
        labels = numpy.zeros((len(rows), lengths.max()), "int32")
        for number, row in enumerate(rows):
            labels[number, : len(row)] = row
        result = nn.run_numpy(program, {name: (labels, lengths)}, own).outputs["cross_entropy"]
        total += sum(float(values.astype("float64").sum()) for values in result.sequences())
    return TextScore(len(sequences), sum(map(len, sequences)), -total)


def _score_of_dump(hdf: str) -> TextScore:
    import h5py

    with h5py.File(hdf, "r") as file:
        values, lengths = file["inputs"][:].astype("float64"), file["seqLengths"][:, 0]
    return TextScore(len(lengths), int(lengths.sum()), -float(values.sum()))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else float("inf")
