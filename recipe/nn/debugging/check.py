"""``nn.check``: a network on the same feeds in all engines that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy

from ..numpy_run.feeds import check_names
from ..numpy_run.interpreter import Run
from ..numpy_run.not_finite import NotFinite
from ..numpy_run.run import NumpyRun, results_of
from ..numpy_run.search import NO_HYPOTHESIS
from ..ops.random import RandomUniform
from ..plain.errors import NetworkError
from ..program.program import Program
from .comparison import TOLERANCE, compared_result
from .engine import Engine, EngineNetwork, EngineRun, missing_text
from .engines import chosen_engines
from .failure import error_text, line_text
from .first_difference import first_difference
from .gradients import GradientReport, Slopes, compare_gradients, engine_feeds, made_up_parameters
from .report import CheckReport, EngineReport


def check(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    engines: Iterable[str] | None = None,
    gradients: bool = True,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> CheckReport:
    """
    Runs a network in NumPy and in RETURNN on all engines that are installed, in this process and on the CPU, and
    compares outputs, their lengths, losses, gradients, and the scores of a search: ``print(nn.check(network, feeds))``.

    What is wrong is reported, not raised: the report names the first value that differs, or the first number that is
    not finite, with the line that made it.

    :param feeds: as for ``nn.run_numpy``
    :param parameters: arrays by name; default: random ones, none of them constant
    :param engines: "tensorflow", "torch"; default: those that are installed
    :param gradients: whether to compare gradients, too, with differences of the loss in NumPy along a random direction
        of each parameter; see :func:`recipe.nn.check_gradients` for more of them
    :param tolerance: how far numbers may be from each other, relative to the greatest number of a value
    :param seed: of parameters and directions
    :raises NetworkError: if feeds or parameters do not fit
    """
    if not isinstance(network, Program):
        raise NetworkError(f"check wants a Network, not {network!r}: nn.Network(model) makes it")
    check_names(network, feeds)
    chosen = chosen_engines(engines)
    parameters = made_up_parameters(network, seed) if parameters is None else parameters
    report = CheckReport()
    run = report.run = run_with_trace(network, feeds, parameters, seed, report)
    for engine in chosen:
        if engine.missing():
            report.not_installed[engine.name] = missing_text(engine)
    if engines is not None:
        report.general_failures += report.not_installed.values()
    if run is None:
        return report
    has_gradients = gradients and any(not loss.as_error for loss in network.losses) and report.not_finite is None
    slopes = Slopes(network, feeds, parameters, seed) if has_gradients else None
    for engine in chosen:
        if engine.name not in report.not_installed:
            _check_engine(engine, network, run, parameters, slopes, tolerance, report)
    return report


def _check_engine(
    engine: Engine,
    network: Program,
    run: NumpyRun,
    parameters: Mapping[str, numpy.ndarray],
    slopes: Slopes | None,
    tolerance: float,
    report: CheckReport,
) -> None:
    """
    Compares one engine with NumPy.

    :param slopes: of the loss, if gradients are compared
    """
    feeds, found = engine_feeds(run), report.of(engine)
    try:
        with engine.built(network) as built:
            built.set_parameters(parameters)
            compare_results(network, run, built.run(feeds), tolerance, found)
            if found.differences:
                find_first(engine, network, run, parameters, tolerance, found)
            if slopes is not None:
                report.gradients = report.gradients or GradientReport()
                _compare_gradients(engine, built, slopes, feeds, tolerance, found, report.gradients)
    except Exception as error:
        found.failure = engine.failure_text(error, network, feeds)


def run_with_trace(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    seed: int,
    report: CheckReport,
) -> NumpyRun | None:
    """
    A run in NumPy with its trace; None if it failed, which is told.

    :param report: gets what failed, or where the first number was made that is not finite
    """
    not_finite = NotFinite()
    run = Run(network, feeds, parameters, seed=seed, trace=True, not_finite=not_finite)
    try:
        with numpy.errstate(all="ignore"):
            run.execute(network.root_body)
            done = NumpyRun(network, run)
    except NetworkError:
        raise
    except Exception as error:
        text = f"NumPy fails: {error_text(error)}"
        if run.computing is not None:
            source = run.computing.source
            described = ", ".join(run.computing.describe(tensor) for tensor in run.computing.outputs) or "loop"
            text += f"\n  {line_text(source)}\n  computing {described}"
        report.general_failures.append(text)
        return None
    report.not_finite = not_finite.origin(results_of(network))
    if any(isinstance(op, RandomUniform) for op in network.needed):
        report.general_notes.append("the network draws random numbers, which are others in each engine")
    return done


def compare_results(network: Program, run: NumpyRun, theirs: EngineRun, tolerance: float, report: EngineReport) -> None:
    """
    Compares losses, scores of a search, and outputs.

    :param theirs: what an engine gave with the same parameters
    :param report: gets what was found
    """
    for name, loss in run.losses.items():
        other = theirs.losses[name]
        same = loss == other or (numpy.isnan(loss) and numpy.isnan(other))
        distance = 0.0 if same else abs(other - loss) / max(1.0, abs(loss))
        report.note(f"loss {name}", distance, tolerance, f"{loss:.6g} in NumPy, {other:.6g} in {report.short}")
    order_is_known = not network.beam_sizes or _compare_scores(run, theirs, tolerance, report)
    for name, result in run.outputs.items() if order_is_known else ():
        difference = compared_result(result, theirs.outputs[name], report.short, tolerance)
        report.note(f"output {name}", difference.distance, tolerance, difference.text)


def _compare_scores(run: NumpyRun, theirs: EngineRun, tolerance: float, report: EngineReport) -> bool:
    """
    Compares the scores of hypotheses.

    :return: whether they are apart from each other; hypotheses of equal scores may stand in another order
    """
    own, other = run.beam_scores, theirs.beam_scores
    if own is None or other is None or other.shape != own.shape:
        return True
    scale = numpy.maximum(1.0, numpy.abs(own))
    distances, text = numpy.abs(own - other) / scale, ""
    if not (distances <= tolerance).all():
        row, rank = (int(index) for index in numpy.argwhere(~(distances <= tolerance))[0])
        text = f"{own[row, rank]:.6g} in NumPy, {other[row, rank]:.6g} in {report.short}"
        text += f" at sequence {row}, rank {rank}"
    report.note("scores of hypotheses", float(distances.max(initial=0.0)), tolerance, text)
    apart = numpy.abs(numpy.diff(own, axis=1, append=numpy.inf)) > tolerance * scale
    if (apart | (own <= NO_HYPOTHESIS)).all():
        return True
    report.notes.append("outputs are not compared: hypotheses of equal scores may stand in another order")
    return False


def _compare_gradients(
    engine: Engine,
    built: EngineNetwork,
    slopes: Slopes,
    feeds: Mapping[str, Any],
    tolerance: float,
    report: EngineReport,
    gradients: GradientReport,
) -> None:
    """Compares gradients along a random direction of each parameter."""
    found = built.gradients(feeds), built.trained_names
    compared = compare_gradients(slopes, *found, numbers=0, tolerance=tolerance, engine=engine.short)
    gradients.add(engine, compared)
    report.compared.append(f"gradients of {len(compared)} parameters")
    for one in compared.values():
        report.note(f"gradient of {one.name}", one.distance, tolerance, one.text, is_listed=False)


def find_first(
    engine: Engine,
    network: Program,
    run: NumpyRun,
    parameters: Mapping[str, numpy.ndarray],
    tolerance: float,
    report: EngineReport,
) -> None:
    """
    Looks for the first value that differs, if that can be told.

    :param run: in NumPy, with its trace
    :param report: gets what was found
    """
    feeds = engine_feeds(run)
    try:
        report.first = engine.look_at_values(
            network,
            parameters,
            feeds,
            lambda values: first_difference(network, run, values, engine.short, tolerance),
        )
    except Exception as error:
        failed = engine.failure_text(error, network, feeds)
        report.notes.append(f"where it begins in {engine.short} cannot be told: {failed}")
        return
    if network.beam_sizes:
        report.notes.append("hypotheses of equal scores may stand in another order, which is no difference")
    if report.first is None:
        report.notes.append(
            f"where it begins in {engine.short} cannot be told: the values that lead there are the same, or it has "
            "them together with others alone"
        )
