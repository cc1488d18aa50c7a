"""Trainings, searches and scores of the LibriSpeech systems."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sisyphus import tk

from configs.librispeech_data import DEV_PARTS, SCORED_PARTS, TUNED_PART, Data, Source
from configs.librispeech_models import TOPOLOGY, Models
from configs.librispeech_sizes import LanguageModelTraining, Recogniser, Sizes, one_cycle
from jobs.checkpoint import Checkpoint
from jobs.collapse_alignment import CollapseAlignmentJob
from jobs.ctc_collapse import CtcCollapseJob
from jobs.debian_package import DebianPackageJob
from jobs.experiment_page import experiment_page
from jobs.heat_maps import HeatMapsJob
from jobs.perplexity import PerplexityJob
from jobs.recognition import recognize_checkpoints
from jobs.rescoring import RescoringJob
from jobs.sclite import ScliteJob
from jobs.scoring import ScoringJob
from jobs.search import SearchJob
from jobs.selected_network import SelectedNetwork
from jobs.subwords.joining import SubwordsToWordsJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.speech_dataset import in_processes
from recipe.data.subwords import END_LABEL
from recipe.models.ctc import BLANK
from recipe.models.language_model import LanguageModel

Pieces = Callable[[SearchJob], tk.Path]
"""From a search to hypotheses of subwords."""


class Recognition(NamedTuple):
    """
    What was found with one network, by part of the data.

    :ivar searches: hypotheses of labels
    :ivar scores: word error rates
    """

    searches: dict[str, SearchJob]
    scores: dict[str, ScoringJob]


class Experiment:
    """
    The systems at one size, with one engine.

    :param source: where the corpus is
    :param sizes: of all
    :param engine: what RETURNN trains with: "torch" or "tensorflow"
    :param num_gpus: that each training has
    """

    def __init__(self, source: Source, sizes: Sizes, *, engine: str, num_gpus: int = 1):
        self.sizes, self.engine, self.num_gpus = sizes, engine, num_gpus
        self.name = sizes.name if engine == "torch" else f"{sizes.name}_{engine}"
        self.data, self.models = Data(source, sizes), Models(sizes)
        self.scores: dict[str, tk.Variable] = {}
        self.has_sclite, self.sclite = sclite_program()

    # trainings

    def train_recogniser(self, name: str, model: nn.Module, recogniser: Recogniser) -> TrainingJob:
        """The training of a recogniser."""
        train, dev = self.data.training_data(recogniser)
        sizes = self.sizes
        if self.engine == "tensorflow" and sizes.device == "gpu":
            train = in_processes(train, sizes.reading_workers)
        rates = one_cycle(sizes.epochs, recogniser.peak_rate)
        training = self._train(
            model, train, dev, rates, recogniser.batch_frames, recogniser.hours, workers=sizes.reading_workers
        )
        self._register_training(name, training)
        return training

    def train_language_model(self, name: str, model: LanguageModel, options: LanguageModelTraining) -> TrainingJob:
        """The training of a language model."""
        train, dev = self.data.text_data(model.labels.size)
        rates = one_cycle(options.epochs, options.peak_rate)
        training = self._train(model, train, dev, rates, options.batch_labels, options.hours)
        self._register_training(name, training)
        return training

    def _train(
        self,
        model: nn.Module,
        train: dict[str, Any],
        dev: dict[str, Any],
        learning_rates: list[float],
        batch_size: int,
        hours: float,
        *,
        workers: int = 0,
    ) -> TrainingJob:
        sizes, num_epochs = self.sizes, len(learning_rates)
        several = {"horovod_num_processes": self.num_gpus} if self.num_gpus > 1 else {}
        return TrainingJob(
            nn.Network(model),
            train,
            dev,
            engine=self.engine,
            config={
                "optimizer": self._optimizer(),
                "learning_rates": learning_rates,
                "learning_rate": learning_rates[-1],
                "gradient_clip_global_norm": 5.0,
                "batch_size": batch_size,
                "max_seqs": 200,
                **self._for_several_gpus(),
                **self._on_gpu(workers),
            },
            post_config=self._threads(),
            num_epochs=num_epochs,
            keep_epochs={epoch for epoch in sizes.recognised_epochs if epoch <= num_epochs} | {num_epochs},
            device=sizes.device,
            time_rqmt=max(1.0, round(hours / self.num_gpus, 1)),
            mem_rqmt=sizes.training_memory,
            cpu_rqmt=workers + 3 if sizes.device == "gpu" else 1,
            **several,
        )

    def _optimizer(self) -> dict[str, Any]:
        if self.engine == "torch":
            return {"class": "adamw", "epsilon": 1e-8, "weight_decay": 1e-3}
        return {"class": "adam", "epsilon": 1e-8}

    def _for_several_gpus(self) -> dict[str, Any]:
        """Each GPU has a part of the data of its own, so that an epoch is one on any number of them."""
        if self.num_gpus == 1:
            return {}
        if self.engine == "torch":
            return {"torch_distributed": {"reduce_type": "grad", "dataset_distribution": "shard"}}
        return {"horovod_reduce_type": "grad", "horovod_dataset_distribution": "shard"}

    def _on_gpu(self, workers: int) -> dict[str, Any]:
        """
        bfloat16, and processes that read, each its part of the data. Text is read by a process of its dataset's own,
        whose function PyTorch cannot give to others.
        """
        if self.engine != "torch" or self.sizes.device != "gpu":
            return {}
        return {"torch_amp": "bfloat16", "torch_dataloader_opts": {"num_workers": workers}}

    def _threads(self) -> dict[str, Any]:
        if self.engine == "torch":
            return {}
        return {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}

    def _register_training(self, name: str, training: TrainingJob) -> None:
        training.add_alias(f"{self.name}/{name}/training")
        for file, output in (
            ("learning_rates", training.out_learning_rates),
            ("learning_curves.png", training.out_learning_curves),
            ("learning_curves.txt", training.out_learning_curves_table),
        ):
            tk.register_output(f"{self.name}/{name}/{file}", output)

    # recognition

    def search(
        self, name: str | None, network: nn.Network | SelectedNetwork, checkpoint: Checkpoint, part: str
    ) -> SearchJob:
        """The search in all recordings of a part, with an alias if it has a name."""
        request = self.sizes.search
        job = SearchJob(
            network,
            checkpoint,
            self.data.recordings(part),
            config={"batch_size": self.sizes.search_batch_frames, "max_seqs": 40},
            post_config=self._threads(),
            device=self.sizes.device,
            time_rqmt=request.time,
            mem_rqmt=request.mem,
            cpu_rqmt=request.cpu,
        )
        if name is not None:
            job.add_alias(f"{self.name}/{name}/search_{part}")
        return job

    def score(self, name: str | None, pieces: tk.Path, part: str, *, with_sclite: bool = True) -> ScoringJob:
        """Word error rate of hypotheses of subwords, ours and sclite's, which are registered if there is a name."""
        words, references = SubwordsToWordsJob(pieces), self.data.references(part)
        scoring = ScoringJob(words.out_hypotheses, references.out_references)
        if name is None:
            return scoring
        where = f"{self.name}/{name}/{part}"
        tk.register_output(f"{where}/hypotheses.jsonl", words.out_hypotheses)
        tk.register_output(f"{where}/wer", scoring.out_wer)
        tk.register_output(f"{where}/report.txt", scoring.out_report_text)
        if with_sclite and self.has_sclite:
            sclite = ScliteJob(references.out_trn, words.out_trn, sctk_binary_path=self.sclite)
            tk.register_output(f"{where}/sclite_wer", sclite.out_wer)
            tk.register_output(f"{where}/sclite", sclite.out_report_dir)
        return scoring

    def recognise_training(
        self, name: str, training: TrainingJob, network: nn.Network, pieces: Pieces, *, heat_maps: bool = False
    ) -> tuple[Checkpoint, dict[str, SearchJob]]:
        """
        Recognises the dev parts with checkpoints while the training goes on, then all parts with the average of the
        last ones, and makes a page of all of it.

        :param heat_maps: whether the page shows attention and CTC alignments of some recordings
        :return: the average, and the searches with it, by part
        """

        def recognize(row: str, checkpoint: Checkpoint) -> Mapping[str, tk.Variable]:
            found = {part: self.search(f"{name}/{row}", network, checkpoint, part) for part in DEV_PARTS}
            return {
                part: self.score(f"{name}/{row}", pieces(search), part, with_sclite=False).out_wer
                for part, search in found.items()
            }

        recognition = recognize_checkpoints(
            training, recognize, epochs=self.sizes.recognised_epochs, best_by=TUNED_PART
        )
        tk.register_report(f"{self.name}/{name}/checkpoints_so_far.txt", recognition.live)
        tk.register_output(f"{self.name}/{name}/checkpoints.txt", recognition.summary.out_text)
        average = training.average_of_last(self.sizes.averaged)
        found = self.recognise(name, network, average, pieces)
        experiment_page(
            f"{self.name}/{name}",
            training,
            scores=found.scores,
            hypotheses={part: job.hypotheses for part, job in found.scores.items()},
            job_ids={f"search {part}": job.job_id() for part, job in found.searches.items()},
            heat_maps=HeatMapsJob(training.network, average, training.dev_data).out_heat_maps if heat_maps else None,
        )
        return average, found.searches

    def recognise(
        self, name: str, network: nn.Network | SelectedNetwork, checkpoint: Checkpoint, pieces: Pieces
    ) -> Recognition:
        """Searches and scores all four parts."""
        searches = {part: self.search(name, network, checkpoint, part) for part in SCORED_PARTS}
        scores = {part: self.score(name, pieces(search), part) for part, search in searches.items()}
        self.scores |= {f"{name}/{part}": job.out_wer for part, job in scores.items()}
        return Recognition(searches, scores)

    def evaluate_language_model(self, name: str, model: LanguageModel, training: TrainingJob) -> Checkpoint:
        """
        The perplexity of the transcripts of dev, by subword and by word, and a page of the training.

        :return: the last checkpoint
        """
        checkpoint = training.out_checkpoints[training.num_epochs]
        request, text = self.sizes.search, self.data.transcripts(*DEV_PARTS)
        job = PerplexityJob(
            nn.Network(model),
            checkpoint,
            self.data.text_dev(model.labels.size),
            text=text,
            config={"batch_size": self.sizes.lstm_training.batch_labels, "max_seqs": 200},
            post_config=self._threads(),
            device=self.sizes.device,
            time_rqmt=request.time,
            mem_rqmt=request.mem,
            cpu_rqmt=request.cpu,
        )
        tk.register_output(f"{self.name}/{name}/dev_perplexity", job.out_perplexity)
        tk.register_output(f"{self.name}/{name}/dev_word_perplexity", job.out_word_perplexity)
        experiment_page(
            f"{self.name}/{name}",
            training,
            scores={},
            hypotheses={},
            job_ids={"perplexity": job.job_id()},
            values={"dev perplexity": job.out_perplexity, "dev perplexity by word": job.out_word_perplexity},
        )
        return checkpoint

    def rescore(self, search: SearchJob, model: LanguageModel, checkpoint: Checkpoint) -> dict[str, tk.Path]:
        """The hypotheses of a search with its own scores, and with those of a language model."""
        request = self.sizes.search
        rescored = RescoringJob(
            nn.Network(model),
            checkpoint,
            search.out_hypotheses,
            search.search_data,
            end_label=END_LABEL,
            config={"batch_size": self.sizes.lstm_training.batch_labels, "max_seqs": 200},
            post_config=self._threads(),
            device=self.sizes.device,
            time_rqmt=request.time,
            mem_rqmt=request.mem,
            cpu_rqmt=request.cpu,
        )
        return {"recogniser": search.out_hypotheses, "language_model": rescored.out_hypotheses}


def of_ctc(search: SearchJob) -> tk.Path:
    """Subwords of CTC's frame labels."""
    return CtcCollapseJob(search.out_hypotheses, blank=BLANK).out_hypotheses


def of_transducer(search: SearchJob) -> tk.Path:
    """Subwords of the transducer's alignments."""
    return CollapseAlignmentJob(search.out_hypotheses, topology=TOPOLOGY, blank=BLANK).out_hypotheses


def of_decoder(search: SearchJob) -> tk.Path:
    """Subwords as the decoder writes them."""
    return search.out_hypotheses


def sclite_program() -> tuple[bool, tk.Path | None]:
    """
    Whether sclite can be had, and where it is: on PATH, or else in Debian's package, which a job fetches.

    :return: without a path, it is that on PATH
    """
    if shutil.which("sclite") or shutil.which("sctk"):
        return True, None
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        return True, DebianPackageJob("sctk").out_directory.join_right("usr/lib/sctk/bin")
    print("sclite is not installed, so its scores are left out: install NIST's scoring toolkit, then start again")
    return False, None
