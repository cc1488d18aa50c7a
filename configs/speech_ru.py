"""
Phone recognition on recordings of one Russian reader (Debian's ``festvox-ru``, 1.66 hours).

``py()`` is a small CTC system of some minutes. The real ones, with one encoder: ``ctc()``, and ``ctc_prefix()``, which
searches with it for phones instead of alignments; ``attention()``, which starts with that one's encoder, ``joint()``,
which searches with both, and ``ensemble()``, which does so with two trainings; and ``transducer()``, which is also
trained on alignments of CTC. Their scores are also those of sclite (Debian: apt install sctk). The small system and
``ctc()`` run on either engine of RETURNN: ``./sis manager 'configs/speech_ru.py("torch")'``.
"""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.collapse_alignment import CollapseAlignmentJob
from jobs.combine_checkpoints import combined_checkpoint
from jobs.ctc_alignment import align_with_ctc, ctc_log_posteriors
from jobs.ctc_collapse import CtcCollapseJob
from jobs.ctc_prefix_search import CtcPrefixSearchJob
from jobs.debian_package import DebianPackageJob
from jobs.experiment_page import experiment_page
from jobs.heat_maps import HeatMapsJob
from jobs.hypotheses_to_trn import HypothesesToTrnJob
from jobs.lexicon_references import LexiconToReferencesJob
from jobs.optimal_parameters import tune
from jobs.preload import Preload
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.sclite import ScliteJob
from jobs.search import SearchJob
from jobs.speech_features import FestvoxFeaturesJob
from jobs.summary import print_next_step
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.dataset import aligned_dataset, label_dataset
from recipe.data.festvox import RUSSIAN_PHONES
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.ctc import BLANK, CtcModel
from recipe.models.location_attention import LocationAttention
from recipe.models.spec_augment import SpecAugment
from recipe.models.speech_attention import AttentionRecogniser, RecogniserEnsemble, with_end
from recipe.models.speech_encoder import SpeechLstmEncoder
from recipe.models.topology import RNA
from recipe.models.transducer import TransducerDecoder, TransducerModel

NUM_MEL, STACK = 40, 3
BATCHES = {"batch_size": 6_000, "max_seqs": 10}
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}
REAL: dict[str, Any] = {"lstm_dim": 160, "num_layers": 3, "dropout": 0.3}
CTC_RATES = [0.002] * 20 + [0.001] * 6 + [0.0005] * 5 + [0.00025] * 5
ENCODER_EPOCH = 16
"""Of the CTC system, whose encoder others start with: before the learning rate gets small."""
ATTENTION_RATES = [0.002] * 14 + [0.001] * 9 + [0.0005] * 5 + [0.00025] * 4
TRANSDUCER_RATES = [0.001] * 14 + [0.0005] * 5 + [0.00025] * 5
TOPOLOGY = RNA
ATTENTION_SEARCH = nn.BeamSearch(8, length_normalization=1.0)
SHORT_RATES = [0.002] * 8 + [0.001] * 5 + [0.0005] * 3 + [0.00025] * 2
JOINT_SCALES = [0.2, 0.4, 0.6, 0.8]
"""Shares of CTC in a search beside the attention decoder that are tried."""
JOINT_SCALE = 0.4
"""The one for ensembles."""
AVERAGED = 4
"""How many last epochs the real systems are averaged over."""


def py(engine: str = "tensorflow") -> None:
    """The small system."""
    model = ctc_model(lstm_dim=96, num_layers=2, dropout=0.1, masks={})
    training = train(model, features(), [0.003] * 10 + [0.001, 0.0003], engine=engine)
    ctc_experiment(named("speech_ru/demo", engine), model, training, training.out_checkpoints[training.num_epochs])


def ctc(engine: str = "tensorflow") -> None:
    """The real system with CTC."""
    model = ctc_model(**REAL)
    training = train(model, features(), CTC_RATES, engine=engine)
    checkpoint = training.average_of_last(AVERAGED)
    ctc_experiment(named("speech_ru/ctc", engine), model, training, checkpoint, with_sclite=True)


def named(name: str, engine: str) -> str:
    """The name of an experiment: with the engine, where that is not the default."""
    return name if engine == "tensorflow" else f"{name}_{engine}"


def threads(engine: str) -> dict[str, Any]:
    """TensorFlow is told how many threads are to compute; PyTorch uses as many as the job asks for."""
    return THREADS if engine == "tensorflow" else {}


def attention() -> None:
    """An attention decoder, and the encoder of :func:`ctc`, which both go on learning."""
    model = attention_model()
    attention_experiment("speech_ru/attention", model, nn.Network(model, search=ATTENTION_SEARCH))


def joint() -> None:
    """The training of :func:`attention`, searched with its CTC output beside the decoder, whose share is tuned."""
    data, model = features(), attention_model()
    checkpoint = attention_training(model).average_of_last(AVERAGED)

    def network(joint_scale: float) -> nn.Network:
        return nn.Network(model, search=ATTENTION_SEARCH, joint_scale=joint_scale)

    def phone_error_rate(one: nn.Network) -> tk.Variable:
        search = search_with(one, checkpoint, data.out_hdf["dev"])
        return PronunciationScoringJob(search.out_hypotheses, data.out_references["dev"]).out_per

    tuning = tune(network, {"joint_scale": JOINT_SCALES}, phone_error_rate)
    tk.register_output("speech_ru/joint/table.txt", tuning.optimum.out_table)
    attention_experiment("speech_ru/joint", model, tuning.network)


def ensemble() -> None:
    """Two trainings of attention decoders of different length, and the CTC outputs of both, in one search."""
    name, data, of_both = "speech_ru/ensemble", features(), inputs()
    members = [attention_model(of_both), attention_model(of_both)]
    trainings = [attention_training(member, rates) for member, rates in zip(members, (SHORT_RATES, ATTENTION_RATES))]
    network = nn.Network(RecogniserEnsemble(members), search=ATTENTION_SEARCH, joint_scale=JOINT_SCALE)
    parts = [
        Preload(training.average_of_last(AVERAGED), name_map={f"members/{number}/": ""})
        for number, training in enumerate(trainings)
    ]
    checkpoint, scores = combined_checkpoint(network, parts), {}
    for part in ("dev", "test"):
        search = search_with(network, checkpoint, data.out_hdf[part])
        search.add_alias(f"{name}/search_{part}")
        scores[part] = score(f"{name}/{part}", search.out_hypotheses, data.out_references[part], with_sclite=True)
    finish(name, scores, "sizes and rates are in configs/speech_ru.py")


def attention_training(model: AttentionRecogniser, learning_rates: list[float] | None = None) -> TrainingJob:
    """
    That of :func:`attention`.

    :param learning_rates: default: those of :func:`attention`
    """
    data = features()
    start = train(ctc_model(**REAL), data, CTC_RATES).out_checkpoints[ENCODER_EPOCH]
    names = {"encoder/": "encoder/", "ctc/": "output/"}
    return train(model, data, learning_rates or ATTENTION_RATES, preload=[Preload(start, name_map=names)])


def attention_experiment(name: str, model: AttentionRecogniser, network: nn.Network) -> None:
    """
    Training, search and scores of the attention system; outputs stand under ``output/NAME/``.

    :param network: of the search
    """
    data, training = features(), attention_training(model)
    register_training(name, training)
    checkpoint = training.average_of_last(AVERAGED)
    scores, searches = {}, {}
    for part in ("dev", "test"):
        searches[part] = search_with(network, checkpoint, data.out_hdf[part])
        searches[part].add_alias(f"{name}/search_{part}")
        phones = searches[part].out_hypotheses
        scores[part] = score(f"{name}/{part}", phones, data.out_references[part], with_sclite=True)
    page(name, training, checkpoint, searches, scores)
    finish(name, scores, "sizes and rates are in configs/speech_ru.py")


def ctc_prefix() -> None:
    """The training of :func:`ctc`, with prefix beam search."""
    data, model = features(), ctc_model(**REAL)
    checkpoint = train(model, data, CTC_RATES).average_of_last(AVERAGED)
    for part in ("dev", "test"):
        hdf = data.out_hdf[part]
        posteriors = ctc_log_posteriors(model, checkpoint, hdf, config=BATCHES, post_config=THREADS)
        phones = CtcPrefixSearchJob(posteriors, labels=RUSSIAN_PHONES.labels, beam_size=16).out_hypotheses
        score(f"speech_ru/ctc_prefix/{part}", phones, data.out_references[part], with_sclite=True)


def transducer() -> None:
    """A transducer on alignments by the system of :func:`ctc`, whose encoder goes on learning."""
    name, data = "speech_ru/transducer", features()
    aligner, model = transducer_models()
    start = train(aligner, data, CTC_RATES).out_checkpoints[ENCODER_EPOCH]
    options: dict[str, Any] = {"topology": TOPOLOGY, "config": BATCHES, "post_config": THREADS}
    alignments = {
        part: align_with_ctc(aligner, start, data.out_hdf[part], **options).out_hdf for part in ("train", "dev")
    }
    preload = Preload(start, name_map={"encoder/": "encoder/"})
    training = train(model, data, TRANSDUCER_RATES, alignments=alignments, preload=[preload])
    register_training(name, training)
    checkpoint = training.average_of_last(AVERAGED)
    scores, searches = {}, {}
    for part in ("dev", "test"):
        network = nn.Network(model, search=nn.BeamSearch(8, length_normalization=0.0))
        searches[part] = search_with(network, checkpoint, data.out_hdf[part])
        searches[part].add_alias(f"{name}/search_{part}")
        aligned = searches[part].out_hypotheses
        phones = CollapseAlignmentJob(aligned, topology=TOPOLOGY, blank=BLANK).out_hypotheses
        scores[part] = score(f"{name}/{part}", phones, data.out_references[part], with_sclite=True)
    page(name, training, checkpoint, searches, scores)
    finish(name, scores, "sizes, rates and topology are in configs/speech_ru.py")


def ctc_experiment(
    name: str, model: CtcModel, training: TrainingJob, checkpoint: Checkpoint, *, with_sclite: bool = False
) -> None:
    """Search and scores of a CTC system; outputs stand under ``output/NAME/``."""
    data = features()
    register_training(name, training)
    scores, searches = {}, {}
    for part in ("dev", "test"):
        network = nn.Network(model, search=nn.BeamSearch(1, length_normalization=0.0))
        searches[part] = search_with(network, checkpoint, data.out_hdf[part])
        searches[part].add_alias(f"{name}/search_{part}")
        phones = CtcCollapseJob(searches[part].out_hypotheses, blank=BLANK).out_hypotheses
        scores[part] = score(f"{name}/{part}", phones, data.out_references[part], with_sclite=with_sclite)
    page(name, training, checkpoint, searches, scores)
    finish(name, scores, "./sis manager configs/speech_ru.ctc trains the larger system")


def inputs() -> tuple[nn.ExternData, nn.ExternData]:
    """The features and the phones."""
    stacked = nn.Dim(NUM_MEL * STACK, "features")
    phones = nn.Dim(RUSSIAN_PHONES.size, "phones", labels=RUSSIAN_PHONES.labels)
    return (
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), stacked]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=phones),
    )


def lstm_encoder(
    features: nn.Dim, *, lstm_dim: int, num_layers: int, dropout: float, masks: dict[int, float]
) -> SpeechLstmEncoder:
    """
    Its first layer sees 33 frames a second, the others half of them.

    :param masks: the part of SpecAugment's masks in use, by the first step of training
    """
    return SpeechLstmEncoder(
        features,
        nn.Dim(lstm_dim, "encoder_lstm"),
        num_layers=num_layers,
        time_pooling=(2,),
        augmentation=SpecAugment(nn.Dim(NUM_MEL, "mel"), time_width=12, schedule=masks) if masks else None,
        input_dropout=0.1,
        dropout=dropout,
    )


def ctc_model(*, lstm_dim: int, num_layers: int, dropout: float, masks: dict[int, float] | None = None) -> CtcModel:
    """Encoder and CTC output."""
    source, target = inputs()
    encoder = lstm_encoder(
        source.dims[-1],
        lstm_dim=lstm_dim,
        num_layers=num_layers,
        dropout=dropout,
        masks={600: 0.5, 1200: 1.0} if masks is None else masks,
    )
    return CtcModel(source, target, encoder)


def attention_model(of: tuple[nn.ExternData, nn.ExternData] | None = None) -> AttentionRecogniser:
    """
    The same encoder with an attention decoder.

    :param of: the features and the phones, if other models read them, too
    """
    source, target = of or inputs()
    assert target.sparse_dim is not None
    encoder = lstm_encoder(source.dims[-1], masks={0: 0.5, 400: 1.0}, **REAL)
    lstm_dim = nn.Dim(192, "decoder_lstm")
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        with_end(target.sparse_dim),
        end_label=target.sparse_dim.size,
        embedding_dim=nn.Dim(64, "phone_embedding"),
        lstm_dim=lstm_dim,
        attention=LocationAttention(lstm_dim, encoder.out_dim, nn.Dim(128, "key")),
        readout_dim=nn.Dim(128, "readout"),
        dropout=0.3,
    )
    return AttentionRecogniser(source, target, encoder, decoder, label_smoothing=0.1)


def transducer_models() -> tuple[CtcModel, TransducerModel]:
    """The CTC system, and a transducer with an encoder like its, which has SpecAugment from the beginning."""
    aligner = ctc_model(**REAL)
    labels = aligner.output.out_dim
    encoder = lstm_encoder(aligner.source.dims[-1], masks={0: 0.5, 400: 1.0}, **REAL)
    decoder = TransducerDecoder(
        encoder.out_dim,
        labels,
        topology=TOPOLOGY,
        embedding_dim=nn.Dim(64, "phone_embedding"),
        slow_dim=nn.Dim(128, "slow_lstm"),
        fast_dim=nn.Dim(192, "fast_lstm"),
        dropout=0.3,
    )
    alignment = nn.ExternData("alignment", [nn.batch_dim, nn.Dim(None, "steps")], sparse_dim=labels)
    return aligner, TransducerModel(aligner.source, alignment, encoder, decoder, label_smoothing=0.1)


def train(
    model: nn.Module,
    data: FestvoxFeaturesJob,
    learning_rates: list[float],
    *,
    alignments: dict[str, tk.Path] | None = None,
    engine: str = "tensorflow",
    **kwargs: Any,
) -> TrainingJob:
    """
    The training of any system.

    :param learning_rates: one an epoch
    :param engine: what RETURNN trains with
    :param alignments: by part of the data, for systems that are trained on them
    """

    def dataset(part: str, seq_ordering: str) -> dict[str, Any]:
        if alignments is None:
            return label_dataset(data.out_hdf[part], seq_ordering=seq_ordering)
        return aligned_dataset(data.out_hdf[part], alignments[part], seq_ordering=seq_ordering)

    return TrainingJob(
        nn.Network(model),
        dataset("train", "laplace:.100"),
        dataset("dev", "sorted"),
        config={
            **BATCHES,
            "optimizer": {"class": "adam", "epsilon": 1e-8},
            "learning_rates": learning_rates,
            "learning_rate": learning_rates[-1],
            "gradient_clip_global_norm": 5.0,
        },
        post_config=threads(engine),
        num_epochs=len(learning_rates),
        engine=engine,
        cpu_rqmt=1,
        keep_epochs={min(ENCODER_EPOCH, len(learning_rates)), len(learning_rates)},
        **kwargs,
    )


def register_training(name: str, training: TrainingJob) -> None:
    """What can be looked at while it trains."""
    training.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", training.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", training.out_learning_curves)


def search_with(network: nn.Network, checkpoint: Checkpoint, hdf: tk.Path) -> SearchJob:
    """The search in all recordings of a part."""
    data = label_dataset(hdf, seq_ordering="sorted")
    return SearchJob(network, checkpoint, data, config=BATCHES, post_config=threads(checkpoint.engine))


def score(name: str, phones: tk.Path, references: tk.Path, *, with_sclite: bool = False) -> PronunciationScoringJob:
    """Our score of hypotheses, and sclite's."""
    scoring = PronunciationScoringJob(phones, references)
    tk.register_output(f"{name}/hypotheses.jsonl", phones)
    tk.register_output(f"{name}/per", scoring.out_per)
    tk.register_output(f"{name}/report.txt", scoring.out_report_text)
    if with_sclite:
        sclite = ScliteJob(LexiconToReferencesJob(references).out_trn, HypothesesToTrnJob(phones).out_trn)
        tk.register_output(f"{name}/sclite_per", sclite.out_wer)
        tk.register_output(f"{name}/sclite", sclite.out_report_dir)
    return scoring


def page(
    name: str,
    training: TrainingJob,
    checkpoint: Checkpoint,
    searches: dict[str, SearchJob],
    scores: dict[str, PronunciationScoringJob],
) -> None:
    """
    All of it on one page.

    :param checkpoint: what was searched with
    :param searches: by part of the data, as the scores
    """
    experiment_page(
        name,
        training,
        scores=scores,
        hypotheses={part: job.hypotheses for part, job in scores.items()},
        job_ids={f"search {part}": job.job_id() for part, job in searches.items()},
        heat_maps=HeatMapsJob(training.network, checkpoint, training.dev_data).out_heat_maps,
    )


def finish(name: str, scores: dict[str, PronunciationScoringJob], next_step: str) -> None:
    """Prints the scores when all is done."""
    tk.register_callback(print_next_step, next_step, [job.out_per for job in scores.values()])


def features() -> FestvoxFeaturesJob:
    """The recordings as features and phones."""
    voice = DebianPackageJob("festvox-ru")
    tk.register_output("speech_ru/voice", voice.out_directory)
    return FestvoxFeaturesJob(voice.out_directory, RUSSIAN_PHONES.labels, num_mel=NUM_MEL, stack=STACK)
