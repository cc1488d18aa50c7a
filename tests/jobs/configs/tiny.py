"""A training of seconds, search and scores: the chain that tests kill and continue."""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.lexicon import LexiconToHdfJob
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.summary import print_summary
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence


def py(num_epochs: int = 3) -> None:
    """Gradient descent, nothing random."""
    experiment(num_epochs, "gradientdescent", 0.5, dropout=0.0)


def adam(num_epochs: int = 3) -> None:
    """An optimiser with slots, and dropout."""
    experiment(num_epochs, "adam", 0.02, dropout=0.2)


def torch(num_epochs: int = 3) -> None:
    """As :func:`adam`, trained and searched by PyTorch."""
    experiment(num_epochs, "adam", 0.02, dropout=0.2, engine="torch")


def cluster(num_epochs: int) -> None:
    """As :func:`adam`; the training asks for a GPU, though it computes on the CPU."""
    _, training = experiment(num_epochs, "adam", 0.02, dropout=0.2)
    training.update_rqmt("run", {"cpu": 1, "gpu": 1, "mem": 3, "time": 1})


def training(num_epochs: int, engine: str = "tensorflow") -> None:
    """The training alone."""
    words, _ = lexicon_data(tk.Path("lexicon.tsv"))
    job = TrainingJob(
        nn.Network(tiny_model(dropout=0.2)),
        {**words, "seq_ordering": "laplace:.4"},
        words,
        engine=engine,
        config={"batch_size": 1000, "max_seqs": 4, "optimizer": {"class": "adam"}, "learning_rate": 0.02},
        num_epochs=num_epochs,
    )
    tk.register_output("model", job.out_checkpoints[num_epochs].path)


def search_in(file: str) -> None:
    """Search in another file."""
    model, training = experiment(3, "adam", 0.02, dropout=0.2)
    found = search(model, training.out_checkpoints[3], label_dataset(tk.Path(file), seq_ordering="sorted"))
    tk.register_output("found.jsonl", found.out_hypotheses)


def experiment(
    num_epochs: int, optimizer: str, learning_rate: float, *, dropout: float, engine: str = "tensorflow"
) -> tuple[SequenceToSequence, TrainingJob]:
    """Training, search and scores on the words of ``lexicon.tsv``."""
    model = tiny_model(dropout=dropout)
    lexicon = tk.Path("lexicon.tsv")
    train, words = lexicon_data(lexicon)
    training = TrainingJob(
        nn.Network(model),
        {**train, "seq_ordering": "laplace:.4"},
        train,
        engine=engine,
        config={
            "batch_size": 1000,
            "max_seqs": 4,
            "optimizer": {"class": optimizer},
            "learning_rate": learning_rate,
        },
        num_epochs=num_epochs,
    )
    found = search(model, training.out_checkpoints[num_epochs], words)
    scores = PronunciationScoringJob(found.out_hypotheses, lexicon)
    training.add_alias("training")
    tk.register_output("hypotheses.jsonl", found.out_hypotheses)
    tk.register_output("per", scores.out_per)
    tk.register_output("report.txt", scores.out_report_text)
    tk.register_callback(print_summary, "tiny", {"all": scores}, "a larger model")
    return model, training


def search(model: SequenceToSequence, checkpoint: Checkpoint, data: dict[str, Any]) -> SearchJob:
    """A search with three hypotheses."""
    network = nn.Network(model, search=nn.BeamSearch(3), max_seq_len=12)
    return SearchJob(network, checkpoint, data, config={"batch_size": 1000})


def tiny_model(*, label_smoothing: float = 0.0, dropout: float = 0.0) -> SequenceToSequence:
    """An attention model of 1,659 parameters."""
    letters = nn.Dim(LETTERS.size, "letters", labels=LETTERS.labels)
    phones = nn.Dim(PHONES.size, "phones", labels=PHONES.labels)
    encoder = BidirectionalLstmEncoder(
        letters, nn.Dim(4, "letter_embedding"), nn.Dim(5, "encoder_lstm"), dropout=dropout
    )
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        phones,
        end_label=0,
        embedding_dim=nn.Dim(4, "phone_embedding"),
        lstm_dim=nn.Dim(6, "decoder_lstm"),
        key_dim=nn.Dim(3, "key"),
        readout_dim=nn.Dim(7, "readout"),
        dropout=dropout,
    )
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones)
    return SequenceToSequence(source, target, encoder, decoder, label_smoothing=label_smoothing)


def lexicon_data(lexicon: tk.Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The dataset of all pronunciations, and that of all words once."""
    arguments = {"end_label": END_LABEL}
    train = LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, **arguments)
    words = LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, all_pronunciations=False, **arguments)
    return label_dataset(train.out_hdf, seq_ordering="sorted"), label_dataset(words.out_hdf, seq_ordering="sorted")
