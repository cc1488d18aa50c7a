"""The LibriSpeech systems: which models are trained, searched together and tuned."""

from __future__ import annotations

from sisyphus import tk

from configs.librispeech_data import TUNED_PART
from configs.librispeech_graph import Experiment, of_ctc, of_decoder, of_transducer
from jobs.checkpoint import Checkpoint
from jobs.combine_checkpoints import combined_checkpoint
from jobs.optimal_parameters import tune
from jobs.preload import Preload
from jobs.summary import print_next_step
from recipe import nn
from recipe.models.language_model import LanguageModel
from recipe.models.speech_attention import AttentionRecogniser

TrainedRecogniser = tuple[AttentionRecogniser, Checkpoint]
TrainedLanguageModels = dict[str, tuple[LanguageModel, Checkpoint]]


def run_all(experiment: Experiment) -> None:
    """All systems, and fusion of the attention system with the language models."""
    run_ctc(experiment)
    run_transducer(experiment)
    recogniser = run_attention(experiment)
    for name, trained in run_language_models(experiment).items():
        run_fusion(experiment, f"fusion_{name}", recogniser, trained)
    finish(experiment)


def run_ctc(experiment: Experiment) -> None:
    """CTC: best path."""
    size = experiment.sizes.ctc
    model = experiment.models.ctc(experiment.data.labels(size.units))
    training = experiment.train_recogniser("ctc", model, size)
    experiment.recognise_training("ctc", training, experiment.models.alignment_search(model), of_ctc)


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
    return model, experiment.recognise_training("attention", training, network, of_decoder)


def run_language_models(experiment: Experiment) -> TrainedLanguageModels:
    """Both language models, over the subwords of the attention system."""
    sizes = experiment.sizes
    models = experiment.models.language_models(experiment.data.labels(sizes.attention.units))
    options = {"lstm": sizes.lstm_training, "transformer": sizes.transformer_training}
    trained: TrainedLanguageModels = {}
    for name, model in models.items():
        training = experiment.train_language_model(f"language_model_{name}", model, options[name])
        trained[name] = model, training.out_checkpoints[training.num_epochs]
    return trained


def run_fusion(
    experiment: Experiment, name: str, recogniser: TrainedRecogniser, trained: tuple[LanguageModel, Checkpoint]
) -> None:
    """The attention system with a language model in the search; the scales are tuned."""
    (model, of_recogniser), (language_model, of_language_model) = recogniser, trained

    def network(language_model_scale: float, internal_scale: float) -> nn.Network:
        return experiment.models.fused_search(
            model, language_model, language_model_scale=language_model_scale, internal_scale=internal_scale
        )

    parts = [
        Preload(of_recogniser, name_map={"recogniser/": ""}),
        Preload(of_language_model, name_map={"language_model/": ""}),
    ]
    both = combined_checkpoint(network(0.2, 0.2), parts)

    def word_error_rate(one: nn.Network) -> tk.Variable:
        search = experiment.search(None, one, both, TUNED_PART)
        return experiment.score(None, search.out_hypotheses, TUNED_PART).out_wer

    tuning = tune(network, experiment.sizes.grid, word_error_rate)
    tk.register_output(f"{experiment.name}/{name}/tuning.txt", tuning.optimum.out_table)
    experiment.recognise(name, tuning.network, both, of_decoder)


def finish(experiment: Experiment) -> None:
    """What is printed when all scores are there."""
    tk.register_callback(print_next_step, "docs/librispeech.md", list(experiment.scores.values()))
