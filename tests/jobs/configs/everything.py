"""Each job of this setup has its place here, on a training of seconds."""

from __future__ import annotations

from sisyphus import tk

from jobs.comparison_job import ComparisonJob
from jobs.experiment_page import experiment_page
from jobs.export_model import ExportModelJob
from jobs.forward import ForwardJob
from jobs.heat_maps import HeatMapsJob
from jobs.lexicon_references import LexiconToReferencesJob
from jobs.optimal_parameters import tune
from jobs.prior import PriorJob
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.recognition import recognize_checkpoints
from jobs.rescoring import RescoringJob
from jobs.sclite import ScliteJob
from jobs.scoring import ScoringJob
from jobs.search import SearchJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.models.sequence_to_sequence import SequenceToSequence

from .tiny import lexicon_data, tiny_model

BATCHES = {"batch_size": 1000, "max_seqs": 20}
NUM_EPOCHS = 12


def with_sclite(engine: str = "tensorflow") -> None:
    """All of them in one graph, with the one that needs sclite."""
    references, final = py(engine)
    sclite = ScliteJob(references.out_trn, final.out_trn)
    sclite.add_alias("sclite")
    tk.register_output("sclite", sclite.out_wer)


def py(engine: str = "tensorflow") -> tuple[LexiconToReferencesJob, SearchJob]:
    """
    All but that one; gives the references and the last search.

    :param engine: of the training; the jobs that run what it trained go by its checkpoints
    """
    model = tiny_model(label_smoothing=0.1)
    lexicon = tk.Path("lexicon.tsv")
    train, words = lexicon_data(lexicon)
    network = nn.Network(model)
    training = TrainingJob(
        network,
        train,
        train,
        config={"batch_size": 1000, "max_seqs": 5, "optimizer": {"class": "adam"}, "learning_rate": 0.03},
        engine=engine,
        num_epochs=NUM_EPOCHS,
        keep_epochs={4},
    )
    references = LexiconToReferencesJob(lexicon)

    def search(checkpoint, network):
        return SearchJob(network, checkpoint, words, config=BATCHES, seconds_per_frame=0.1)

    def with_beam(beam_size, length_normalization=1.0):
        search = nn.BeamSearch(beam_size, length_normalization=length_normalization)
        return nn.Network(model, search=search, max_seq_len=12)

    def recognize(name, checkpoint):
        found = search(checkpoint, with_beam(4)).add_alias(f"search_{name}").out_hypotheses
        return {"all": ScoringJob(found, references.out_references, unit="phone").out_wer}

    recognition = recognize_checkpoints(training, recognize, epochs=[4], average_of_last=[2], best=["dev_score"])
    tk.register_output("checkpoints", recognition.summary.out_text)
    tk.register_output("best_row", recognition.summary.out_best_row)
    tk.register_report("live.txt", recognition.live, update_frequency=1)

    best = training.best_checkpoint("dev_score")

    def value(network):
        return PronunciationScoringJob(search(best, network).out_hypotheses, lexicon).out_per

    tuning = tune(with_beam, {"beam_size": [2, 4], "length_normalization": [1.0, 0.0]}, value)
    tk.register_output("tuned.txt", tuning.optimum.out_table)
    for name, variable in tuning.optimum.out_optimal_parameters.items():
        tk.register_output(f"tuned/{name}", variable)
    final = search(best, tuning.network)
    with_variables = search(best, with_beam(**tuning.optimum.out_optimal_parameters))
    scoring = ScoringJob(final.out_hypotheses, references.out_references, unit="phone", alignment="sclite")
    rescoring = RescoringJob(network, best, final.out_hypotheses, words, end_label="</s>", config=BATCHES)
    forward = ForwardJob(nn.Network(Encoded(model)), best, train, config=BATCHES)
    prior = PriorJob(nn.Network(Logits(model)), best, train, config=BATCHES)
    export = ExportModelJob(with_beam(4), best)
    page = experiment_page(
        "tiny & all",
        training,
        scores={"all": scoring},
        hypotheses={"all": final.out_hypotheses},
        job_ids={"search": final.job_id()},
        heat_maps=HeatMapsJob(network, best, train).out_heat_maps,
    )
    results = {name: {"all": (scoring.out_report, scoring.out_alignments)} for name in ("one", "other")}
    comparison = ComparisonJob(results, curves={"one": training.out_learning_curves_json})
    for name, job in {
        "training": training,
        "final": final,
        "with_variables": with_variables,
        "scoring": scoring,
        "rescoring": rescoring,
        "forward": forward,
        "prior": prior,
        "page": page,
        "export": export,
    }.items():
        job.add_alias(name)
    tk.register_output("curves.png", training.out_learning_curves)
    tk.register_output("wer", scoring.out_wer)
    tk.register_output("with_variables", with_variables.out_hypotheses)
    tk.register_output("rescored", rescoring.out_hypotheses)
    tk.register_output("prior", prior.out_prior_txt_file)
    tk.register_output("encoder", forward.out_hdf_files["encoder"])
    tk.register_output("page.html", page.out_page)
    tk.register_output("comparison.txt", comparison.out_text)
    tk.register_output("exported", export.out_parameters)
    return references, final


class Encoded(nn.Module):
    """What the encoder makes of the input, and its mean over time."""

    def __init__(self, model: SequenceToSequence):
        super().__init__()
        self.source, self.encoder = model.source, model.encoder

    def forward(self) -> dict[str, nn.Tensor]:
        """[batch, time, features] and [batch, features]."""
        encoder = self.encoder(nn.get_extern_data(self.source))
        return {"encoder": encoder, "mean": nn.reduce_mean(encoder, axis=self.source.dims[1])}


class Logits(nn.Module):
    """The scores that the model gives to the labels."""

    def __init__(self, model: SequenceToSequence):
        super().__init__()
        self.source, self.target, self.encoder, self.decoder = model.source, model.target, model.encoder, model.decoder

    def forward(self) -> nn.Tensor:
        """[batch, time, labels]."""
        encoder = self.encoder(nn.get_extern_data(self.source))
        return self.decoder(encoder, nn.get_extern_data(self.target)).logits
