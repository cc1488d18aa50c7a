"""``nn.check``: a network on the same feeds in all engines that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from ..numpy_run.feeds import check_names
from ..numpy_run.interpreter import Run
from ..numpy_run.not_finite import NotFinite
from ..numpy_run.run import NumpyRun, results_of
from ..numpy_run.search import NO_HYPOTHESIS
from ..ops.random import RandomUniform
from ..plain.errors import NetworkError
from ..plain.layer_names import layer_of_output
from ..program.program import Program
from ..tf_layers.layers import LayerNetwork
from ..tf_layers.pipeline import Pipeline
from . import returnn_network
from .comparison import TOLERANCE, compared_result
from .failure import failure_text
from .first_difference import first_difference, short_path
from .gradients import compare_gradients, engine_feeds, made_up_parameters
from .report import CheckReport
from .returnn_network import ReturnnNetwork


def check(
    network: Program,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray] | None = None,
    *,
    gradients: bool = True,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> CheckReport:
    """
    Runs a network in NumPy and, where it is installed, in RETURNN on TensorFlow, in this process and on the CPU, and
    compares outputs, their lengths, losses, gradients, and the scores of a search: ``print(nn.check(network, feeds))``.

    What is wrong is told, not raised: the report names the first value that differs, or the first number that is not
    finite, with the line that made it.

    :param feeds: as for ``nn.run_numpy``
    :param parameters: arrays by name; default: random ones, none of them constant
    :param gradients: whether to compare gradients, too, with differences of the loss in NumPy along a random direction
        of each parameter; see :func:`recipe.nn.check_gradients` for more of them
    :param tolerance: how far numbers may be from each other, relative to the greatest number of a value
    :param seed: of parameters and directions
    :raises NetworkError: if feeds or parameters do not fit
    """
    if not isinstance(network, Program):
        raise NetworkError(f"check wants a Network, not {network!r}: nn.Network(model) makes it")
    check_names(network, feeds)
    parameters = made_up_parameters(network, seed) if parameters is None else parameters
    report = CheckReport(returnn_network.NAME)
    run = report.run = run_with_trace(network, feeds, parameters, seed, report)
    report.not_installed = returnn_network.missing()
    if run is None or report.not_installed:
        return report
    layers: LayerNetwork | None = None
    try:
        layers = Pipeline(network, "cpu").run()
        with returnn_network.built(network, search=bool(network.beam_sizes)) as returnn:  # type: ignore[arg-type]
            returnn.set_parameters(parameters)
            compare_results(network, run, returnn, parameters, tolerance, report)
            if gradients and any(not loss.as_error for loss in network.losses) and report.not_finite is None:
                _compare_gradients(network, run, returnn, feeds, parameters, tolerance, seed, report)
    except Exception as error:
        report.failures.append(f"{report.engine} fails: {failure_text(error, layers)}")
    return report


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
        text = f"NumPy fails: {failure_text(error, None)}"
        if run.computing is not None:
            source = run.computing.source
            described = ", ".join(run.computing.describe(tensor) for tensor in run.computing.outputs) or "loop"
            text += f"\n  {short_path(source.file)}:{source.line}: {source.text}\n  computing {described}"
        report.failures.append(text)
        return None
    report.not_finite = not_finite.origin(results_of(network))
    if any(isinstance(op, RandomUniform) for op in network.needed):
        report.notes.append("the network draws random numbers, which are others in each engine")
    return done


def compare_results(
    network: Program,
    run: NumpyRun,
    returnn: ReturnnNetwork,
    parameters: Mapping[str, numpy.ndarray],
    tolerance: float,
    report: CheckReport,
) -> None:
    """
    Compares losses, scores of a search, and outputs; where they differ, looks for the first value that does.

    :param run: in NumPy, with its trace
    :param returnn: with the same parameters
    :param report: gets what was found
    """
    feeds = engine_feeds(run)
    losses = returnn.losses(feeds) if network.losses else {}
    for name, loss in run.losses.items():
        same = loss == losses[name] or (numpy.isnan(loss) and numpy.isnan(losses[name]))
        distance = 0.0 if same else abs(losses[name] - loss) / max(1.0, abs(loss))
        report.note(f"loss {name}", distance, tolerance, f"{loss:.6g} in NumPy, {losses[name]:.6g} in RETURNN")
    order_is_known = not network.beam_sizes or _compare_scores(network, run, returnn, tolerance, report)
    for name, tensor in network.outputs if order_is_known else ():
        difference = compared_result(
            run.result(tensor), returnn.layer(layer_of_output(name), feeds), "RETURNN", tolerance
        )
        report.note(f"output {name}", difference.distance, tolerance, difference.text)
    if report.differences:
        _find_first(network, run, parameters, tolerance, report)


def _compare_scores(
    network: Program, run: NumpyRun, returnn: ReturnnNetwork, tolerance: float, report: CheckReport
) -> bool:
    """
    Compares the scores of hypotheses.

    :return: whether they are apart from each other; hypotheses of equal scores may stand in another order
    """
    own, other = (
        run.beam_scores,
        returnn.beam_scores([layer_of_output(name) for name, _ in network.outputs], engine_feeds(run)),
    )
    if own is None or other is None or other.shape != own.shape:
        return True
    scale = numpy.maximum(1.0, numpy.abs(own))
    distances, text = numpy.abs(own - other) / scale, ""
    if not (distances <= tolerance).all():
        row, rank = (int(index) for index in numpy.argwhere(~(distances <= tolerance))[0])
        text = f"{own[row, rank]:.6g} in NumPy, {other[row, rank]:.6g} in RETURNN at sequence {row}, rank {rank}"
    report.note("scores of hypotheses", float(distances.max(initial=0.0)), tolerance, text)
    apart = numpy.abs(numpy.diff(own, axis=1, append=numpy.inf)) > tolerance * scale
    if (apart | (own <= NO_HYPOTHESIS)).all():
        return True
    report.notes.append("outputs are not compared: hypotheses of equal scores may stand in another order")
    return False


def _compare_gradients(
    network: Program,
    run: NumpyRun,
    returnn: ReturnnNetwork,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    tolerance: float,
    seed: int,
    report: CheckReport,
) -> None:
    """Compares gradients along a random direction of each parameter."""
    found, trained = returnn.gradients(engine_feeds(run)), returnn.trained_names
    found_in = compare_gradients(network, feeds, parameters, found, trained, numbers=0, tolerance=tolerance, seed=seed)
    report.gradients = found_in
    report.compared.append(f"gradients of {len(found_in.parameters)} parameters")
    for one in found_in.parameters.values():
        report.note(f"gradient of {one.name}", one.distance, tolerance, one.text, is_listed=False)


def _find_first(
    network: Program, run: NumpyRun, parameters: Mapping[str, numpy.ndarray], tolerance: float, report: CheckReport
) -> None:
    """Looks for the first value that differs, if that can be told."""
    try:
        report.first = first_difference(network, run, engine_feeds(run), parameters, tolerance)
    except Exception as error:
        report.notes.append(f"where it begins cannot be told: {failure_text(error, None)}")
        return
    if network.beam_sizes:
        report.notes.append("hypotheses of equal scores may stand in another order, which is no difference")
    if report.first is None:
        report.notes.append(
            "where it begins cannot be told: the values that lead there are the same, or RETURNN has them in no layer "
            "of their own"
        )
