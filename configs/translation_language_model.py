"""
What a language model of the target language adds to translation: n-best lists rescored, and fusion within the search.

``py()`` is all of it. The models are those of ``configs/translation.py``; all scales are tuned on the development part,
by BLEU.
"""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from configs.translation import beam_search, demo_inputs, small_model, small_training
from configs.translation_graph import (
    BATCHES,
    Inputs,
    Texts,
    bleu,
    dictionary,
    register_scores,
    register_training,
    searched,
    threads,
    train_on,
)
from jobs.checkpoint import Checkpoint
from jobs.combine_checkpoints import combined_checkpoint
from jobs.combine_scores import CombineScoresJob, tune_scores
from jobs.experiment_page import experiment_page
from jobs.optimal_parameters import tune
from jobs.perplexity import PerplexityJob
from jobs.preload import Preload
from jobs.rescoring import RescoringJob
from jobs.text.blocks import TextBlocksJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.subwords import END_INDEX, END_LABEL, sentence_pieces
from recipe.data.text_dataset import text_blocks_dataset, text_dataset
from recipe.models.fusion import InternalLanguageModel, LanguageModelSubtraction, ShallowFusion
from recipe.models.language_model import LstmLanguageModel
from recipe.models.sequence_to_sequence import SequenceToSequence

NAME = "translation/language_model"
RATES = [0.002, 0.002, 0.001, 0.0005]
PARTS_OF_EPOCH = 4
BLOCKS = 12


def py(engine: str = "tensorflow") -> None:
    """Language model, rescoring and fusion."""
    texts = dictionary()
    inputs = demo_inputs(texts)
    model = small_model(inputs)
    translation = last(small_training(texts, inputs, model, engine=engine))
    language_model = LstmLanguageModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=inputs.target.sparse_dim),
        end_label=END_INDEX,
        embedding_dim=nn.Dim(64, "language_model_embedding"),
        lstm_dim=nn.Dim(128, "language_model_lstm"),
        dropout=0.1,
    )
    more_text = dictionary(words=True).target["train"]
    of_language_model = train_language_model(language_model, inputs, texts, more_text, engine=engine)
    rescoring(texts, inputs, model, translation, language_model, of_language_model)
    fusion(texts, inputs, model, translation, language_model, of_language_model)


def last(training: TrainingJob) -> Checkpoint:
    """The last checkpoint."""
    return training.out_checkpoints[training.num_epochs]


def train_language_model(
    model: LstmLanguageModel,
    inputs: Inputs,
    texts: Texts,
    text: tk.Path,
    *,
    engine: str = "tensorflow",
    blocks: int = BLOCKS,
    partition_epoch: int = PARTS_OF_EPOCH,
    rates: list[float] | None = None,
) -> Checkpoint:
    """
    Training on blocks of text, and the perplexity of the development part.

    :param text: of the target language, as much as there is
    :param blocks: into which the text is shuffled
    :param partition_epoch: in so many parts it is read
    :param rates: learning rates, one for each part
    """
    labels = sentence_pieces(inputs.target_subwords.out_model)
    dev = texts.checked("dev").out_target
    training = train_on(
        text_blocks_dataset(TextBlocksJob(text, blocks=blocks).out_blocks, labels, partition_epoch=partition_epoch),
        text_dataset(dev, labels, seq_ordering="sorted"),
        nn.Network(model),
        rates or RATES,
        engine=engine,
    )
    register_training(NAME, training)
    perplexity = PerplexityJob(
        nn.Network(model), last(training), text_dataset(dev, labels), text=dev, config=BATCHES, **threads(engine)
    )
    tk.register_output(f"{NAME}/dev/perplexity", perplexity.out_perplexity)
    tk.register_output(f"{NAME}/dev/word_perplexity", perplexity.out_word_perplexity)
    values = {"dev perplexity": perplexity.out_perplexity, "dev perplexity by word": perplexity.out_word_perplexity}
    job_ids = {"perplexity": perplexity.job_id()}
    experiment_page(NAME, training, scores={}, hypotheses={}, job_ids=job_ids, values=values)
    return last(training)


def rescoring(
    texts: Texts,
    inputs: Inputs,
    model: SequenceToSequence,
    checkpoint: Checkpoint,
    language_model: LstmLanguageModel,
    of_language_model: Checkpoint,
    *,
    scales: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3),
) -> None:
    """N-best lists with the scores of both models."""
    name = f"{NAME}/rescoring"

    def lists(part: str) -> dict[str, tk.Path]:
        search = searched(texts, inputs, part, beam_search(model), checkpoint)
        options: dict[str, Any] = {"end_label": END_LABEL, "config": BATCHES, **threads(checkpoint.engine)}
        rescored = RescoringJob(
            nn.Network(language_model), of_language_model, search.out_hypotheses, search.search_data, **options
        )
        return {"translation": search.out_hypotheses, "language_model": rescored.out_hypotheses}

    grid = {"language_model": scales}
    optimum = tune_scores(lists("dev"), grid, lambda found: bleu(texts, "dev", found).out_bleu, mode="maximize")
    tk.register_output(f"{name}/table.txt", optimum.out_table)
    found = CombineScoresJob(lists("test"), optimum.out_optimal_parameters).out_hypotheses
    register_scores(name, texts, {"test": found}, next_step=f"output/{name}/table.txt has the scales")


def fusion(
    texts: Texts,
    inputs: Inputs,
    model: SequenceToSequence,
    checkpoint: Checkpoint,
    language_model: LstmLanguageModel,
    of_language_model: Checkpoint,
    *,
    grid: dict[str, list[float]] | None = None,
) -> None:
    """Search with both models, without what the decoder knows of the language itself."""
    name = f"{NAME}/fusion"

    def network(scale: float, internal_scale: float) -> nn.Network:
        internal = InternalLanguageModel(model.decoder)
        without = LanguageModelSubtraction(model.decoder, internal, internal_scale)
        decoder = ShallowFusion(without, language_model, scale)
        return beam_search(SequenceToSequence(model.source, model.target, model.encoder, decoder))

    of_model = {"encoder/": "encoder/", "decoder/decoder/decoder/": "decoder/"}
    parts = [
        Preload(checkpoint, name_map=of_model),
        Preload(of_language_model, name_map={"decoder/language_model/": ""}),
    ]
    both = combined_checkpoint(network(0.2, 0.2), parts)

    def value(one: nn.Network) -> tk.Variable:
        return bleu(texts, "dev", searched(texts, inputs, "dev", one, both).out_hypotheses).out_bleu

    grid = grid or {"scale": [0.0, 0.1, 0.2], "internal_scale": [0.0, 0.1]}
    tuning = tune(network, grid, value, mode="maximize")
    tk.register_output(f"{name}/table.txt", tuning.optimum.out_table)
    found = searched(texts, inputs, "test", tuning.network, both).out_hypotheses
    register_scores(name, texts, {"test": found}, next_step=f"output/{name}/table.txt has the scales")
