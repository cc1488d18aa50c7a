"""A CTC training of seconds, alignments by it, a transducer trained on them, searches with both, and scores."""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from jobs.collapse_alignment import CollapseAlignmentJob
from jobs.ctc_alignment import align_with_ctc
from jobs.ctc_prefix_search import CtcPrefixSearchJob
from jobs.lexicon import LexiconToHdfJob
from jobs.preload import Preload
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.rescoring import RescoringJob
from jobs.search import SearchJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import LETTERS, PHONES
from recipe.data.dataset import aligned_dataset, label_dataset
from recipe.models.ctc import BLANK, CtcModel
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.topology import RNNT
from recipe.models.transducer import TransducerDecoder, TransducerModel

BATCHES = {"batch_size": 1000, "max_seqs": 20}
TOPOLOGY = RNNT
PHONES_ALONE = PHONES.labels[1:]


def py(engine: str = "tensorflow") -> None:
    """
    The chain on the words of ``lexicon.tsv``, of which some may have too many phones to be aligned.

    :param engine: of the trainings; the jobs that run what they trained go by their checkpoints
    """
    ctc, transducer = models()
    lexicon = tk.Path("lexicon.tsv")
    arguments: dict[str, Any] = {"end_label": None, "all_pronunciations": False, "letter_copies": 2}
    words = LexiconToHdfJob(lexicon, LETTERS.labels, PHONES_ALONE, **arguments).out_hdf
    data = label_dataset(words, seq_ordering="sorted")

    first = train(nn.Network(ctc), data, 20, engine=engine)
    checkpoint = first.out_checkpoints[20]
    alignment = align_with_ctc(ctc, checkpoint, words, topology=TOPOLOGY, skip_too_long=True, config=BATCHES)
    prefixes = CtcPrefixSearchJob(alignment.log_posteriors, labels=PHONES_ALONE, beam_size=4)

    network = nn.Network(transducer)
    preload = Preload(checkpoint, name_map={"encoder/": "encoder/"})
    aligned = aligned_dataset(words, alignment.out_hdf, seq_ordering="sorted")
    second = train(network, aligned, 20, engine=engine, preload=[preload])
    search = SearchJob(
        nn.Network(transducer, search=nn.BeamSearch(4, length_normalization=0.0)),
        second.out_checkpoints[20],
        data,
        config=BATCHES,
    )
    rescoring = RescoringJob(network, second.out_checkpoints[20], search.out_hypotheses, data, config=BATCHES)
    labels = CollapseAlignmentJob(search.out_hypotheses, topology=TOPOLOGY, blank=BLANK)
    for name, job in {
        "ctc": first,
        "alignment": alignment,
        "prefixes": prefixes,
        "training": second,
        "search": search,
        "rescoring": rescoring,
        "labels": labels,
    }.items():
        job.add_alias(name)
    tk.register_output("rescored", rescoring.out_hypotheses)
    tk.register_output("ctc/per", PronunciationScoringJob(prefixes.out_hypotheses, lexicon).out_per)
    tk.register_output("transducer/per", PronunciationScoringJob(labels.out_hypotheses, lexicon).out_per)


def train(network: nn.Network, data: dict[str, Any], num_epochs: int, **kwargs: Any) -> TrainingJob:
    """On all words, for seconds."""
    config = {"batch_size": 1000, "max_seqs": 5, "optimizer": {"class": "adam"}, "learning_rate": 0.03}
    return TrainingJob(network, data, data, config=config, num_epochs=num_epochs, keep_epochs={num_epochs}, **kwargs)


def models() -> tuple[CtcModel, TransducerModel]:
    """Small ones, with the same encoder."""
    letters = nn.Dim(LETTERS.size, "letters", labels=LETTERS.labels)
    phones = nn.Dim(len(PHONES_ALONE), "phones", labels=PHONES_ALONE)
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones)
    encoder = BidirectionalLstmEncoder(letters, nn.Dim(8, "letter_embedding"), nn.Dim(12, "encoder_lstm"), dropout=0.05)
    ctc = CtcModel(source, target, encoder)
    labels = ctc.output.out_dim
    decoder = TransducerDecoder(
        encoder.out_dim,
        labels,
        topology=TOPOLOGY,
        embedding_dim=nn.Dim(6, "phone_embedding"),
        slow_dim=nn.Dim(8, "slow"),
        fast_dim=nn.Dim(10, "fast"),
        dropout=0.05,
    )
    alignment = nn.ExternData("alignment", [nn.batch_dim, nn.Dim(None, "steps")], sparse_dim=labels)
    return ctc, TransducerModel(source, alignment, encoder, decoder)
