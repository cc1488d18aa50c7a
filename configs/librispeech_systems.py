"""The LibriSpeech systems: which models are trained, searched together and tuned."""

from __future__ import annotations

from typing import NamedTuple

from sisyphus import tk

from configs.librispeech_data import SCORED_PARTS, TUNED_PART
from configs.librispeech_graph import Experiment, of_ctc, of_decoder, of_transducer
from jobs.checkpoint import Checkpoint
from jobs.combine_checkpoints import combined_checkpoint
from jobs.combine_scores import CombineScoresJob, tune_scores
from jobs.corpus.check import CheckCorpusJob
from jobs.corpus.statistics import CorpusStatisticsJob
from jobs.optimal_parameters import tune
from jobs.preload import Preload
from jobs.search import SearchJob
from jobs.summary import print_next_step
from recipe import nn
from recipe.models.language_model import LanguageModel
from recipe.models.speech_attention import AttentionRecogniser


class TrainedRecogniser(NamedTuple):
    """The attention system, its parameters, and what it found, by part of the data."""

    model: AttentionRecogniser
    checkpoint: Checkpoint
    searches: dict[str, SearchJob]


class TrainedLanguageModel(NamedTuple):
    """A language model and its parameters."""

    model: LanguageModel
    checkpoint: Checkpoint


def run_all(experiment: Experiment) -> None:
    """All systems, and fusion of the attention system with the language models."""
    look_at_corpus(experiment)
    run_ctc(experiment)
    run_transducer(experiment)
    recogniser, language_models = run_attention(experiment), run_language_models(experiment)
    for name, trained in language_models.items():
        run_fusion(experiment, f"fusion_{name}", recogniser, trained)
    run_rescoring(experiment, "rescoring_transformer", recogniser, language_models["transformer"])
    finish(experiment)


def look_at_corpus(experiment: Experiment) -> None:
    """Hours, lengths and speakers of each part, and what is wrong with recordings or texts; nothing is left out."""
    data, name = experiment.data, f"{experiment.name}/corpus"
    parts = [*experiment.sizes.train_parts, *SCORED_PARTS]
    request = experiment.sizes.preparation
    for part in parts:
        statistics = CorpusStatisticsJob(data.corpus(part), cpu_rqmt=request.cpu)
        tk.register_output(f"{name}/{part}.txt", statistics.out_text)
    check = CheckCorpusJob(
        [data.corpus(part) for part in parts], leave_out=True, cpu_rqmt=request.cpu, time_rqmt=request.time
    )
    tk.register_output(f"{name}/problems.txt", check.out_report)
    tk.register_output(f"{name}/problems", check.out_num_problems)


def run_ctc(experiment: Experiment) -> None:
    """CTC: best path."""
    size = experiment.sizes.ctc
    model = experiment.models.ctc(experiment.data.labels(size.units))
    training = experiment.train_recogniser("ctc", model, size)
    network = experiment.models.alignment_search(model)
    experiment.recognise_training("ctc", training, network, of_ctc, heat_maps=True)


def run_transducer(experiment: Experiment) -> None:
    """Transducer: beam search over alignments."""
    size = experiment.sizes.transducer_training
    model = experiment.models.transducer(experiment.data.labels(size.units))
    training = experiment.train_recogniser("transducer", model, size)
    experiment.recognise_training("transducer", training, experiment.models.alignment_search(model), of_transducer)


def run_attention(experiment: Experiment) -> TrainedRecogniser:
    """Attention decoder with CTC beside, in training and search."""
    size = experiment.sizes.attention
    model = experiment.models.attention(experiment.data.labels(size.units))
    training = experiment.train_recogniser("attention", model, size)
    network = experiment.models.attention_search(model)
    found = experiment.recognise_training("attention", training, network, of_decoder, heat_maps=True)
    return TrainedRecogniser(model, *found)


def run_language_models(experiment: Experiment) -> dict[str, TrainedLanguageModel]:
    """Both language models, over the subwords of the attention system."""
    sizes = experiment.sizes
    models = experiment.models.language_models(experiment.data.labels(sizes.attention.units))
    options = {"lstm": sizes.lstm_training, "transformer": sizes.transformer_training}
    trained = {}
    for name, model in models.items():
        training = experiment.train_language_model(f"language_model_{name}", model, options[name])
        checkpoint = experiment.evaluate_language_model(f"language_model_{name}", model, training)
        trained[name] = TrainedLanguageModel(model, checkpoint)
    return trained


def run_fusion(
    experiment: Experiment, name: str, recogniser: TrainedRecogniser, language_model: TrainedLanguageModel
) -> None:
    """The attention system with a language model in the search; the scales are tuned."""

    def network(**scales: float) -> nn.Network:
        return experiment.models.fused_search(recogniser.model, language_model.model, **scales)

    parts = [
        Preload(recogniser.checkpoint, name_map={"recogniser/": ""}),
        Preload(language_model.checkpoint, name_map={"language_model/": ""}),
    ]
    both = combined_checkpoint(network(language_model_scale=0.2, internal_scale=0.2), parts)

    def word_error_rate(one: nn.Network) -> tk.Variable:
        search = experiment.search(None, one, both, TUNED_PART)
        return experiment.score(None, search.out_hypotheses, TUNED_PART).out_wer

    tuning = tune(network, experiment.sizes.grid, word_error_rate)
    tk.register_output(f"{experiment.name}/{name}/tuning.txt", tuning.optimum.out_table)
    experiment.recognise(name, tuning.network, both, of_decoder)


def run_rescoring(
    experiment: Experiment, name: str, recogniser: TrainedRecogniser, language_model: TrainedLanguageModel
) -> None:
    """What the attention system found, sorted again with the scores of a language model, whose scale is tuned."""
    lists = {part: experiment.rescore(search, *language_model) for part, search in recogniser.searches.items()}

    def word_error_rate(pieces: tk.Path) -> tk.Variable:
        return experiment.score(None, pieces, TUNED_PART).out_wer

    optimum = tune_scores(lists[TUNED_PART], {"language_model": experiment.sizes.rescoring_scales}, word_error_rate)
    tk.register_output(f"{experiment.name}/{name}/tuning.txt", optimum.out_table)
    for part, scored in lists.items():
        pieces = CombineScoresJob(scored, optimum.out_optimal_parameters).out_hypotheses
        experiment.scores[f"{name}/{part}"] = experiment.score(name, pieces, part).out_wer


def finish(experiment: Experiment) -> None:
    """What is printed when all scores are there."""
    tk.register_callback(print_next_step, "docs/librispeech.md", list(experiment.scores.values()))
