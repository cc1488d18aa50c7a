"""The job that finds the best of several settings, and with it the tuning over a grid of networks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sisyphus import Job, Task, tk

from recipe import nn

from .atomic_file import write_text
from .selected_network import SelectedNetwork
from .tables import text_table


class GetOptimalParametersJob(Job):
    """
    The parameters with the least (or greatest) value, as variables. NaN is never the best; of equal ones the first.

    :param parameters: settings, each the values by name, with the same names in all
    :param values: what each of them gave
    :param mode: "minimize" or "maximize"
    """

    def __init__(self, parameters: list[dict[str, Any]], values: list[tk.Variable], *, mode: str = "minimize"):
        if mode not in ("minimize", "maximize"):
            raise ValueError(f'mode is "minimize" or "maximize", not {mode!r}')
        if not parameters or len(parameters) != len(values):
            raise ValueError(
                f"there must be a value for each setting: {len(parameters)} settings, {len(values)} values"
            )
        if any(set(one) != set(parameters[0]) for one in parameters):
            raise ValueError("all settings must have the same names")
        self.parameters = parameters
        self.values = values
        self.mode = mode

        self.out_optimal_parameters = {name: self.output_var(f"optimal_{name}") for name in parameters[0]}
        self.out_optimal_value = self.output_var("optimal_value")
        self.out_index = self.output_var("index")
        self.out_table = self.output_path("table.txt")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Compares.

        :raises ValueError: if all values are NaN
        """
        values = [value.get() for value in self.values]
        sign = 1 if self.mode == "minimize" else -1
        numbers = [(sign * value, index) for index, value in enumerate(values) if not math.isnan(value)]
        if not numbers:
            raise ValueError(f"no setting gave a number: {values}")
        best = min(numbers)[1]
        rows = {
            f"{index}{' *' if index == best else ''}": {**one, "value": values[index]}
            for index, one in enumerate(self.parameters)
        }
        write_text(self.out_table, text_table(rows, title="setting"))
        for name, variable in self.out_optimal_parameters.items():
            variable.set(self.parameters[best][name])
        self.out_optimal_value.set(values[best])
        self.out_index.set(best)


class Tuning(NamedTuple):
    """
    :ivar network: the best one, for the jobs of the final run
    :ivar optimum: its parameters and its value as variables, and the table of all
    """

    network: SelectedNetwork
    optimum: GetOptimalParametersJob


def tune(
    network: Callable[..., nn.Network],
    grid: Mapping[str, Sequence[Any]],
    value: Callable[[nn.Network], tk.Variable],
    *,
    mode: str = "minimize",
) -> Tuning:
    """
    Tries all combinations of a grid, for example of beam size, length normalisation and LM scale, on development data.

    :param network: records a network with one combination: ``network(beam_size=4, ...)``
    :param grid: the values to try, by name
    :param value: the graph from a network to what is optimised, for example search and scoring: ``scoring.out_wer``
    :param mode: "minimize" or "maximize"
    """
    combinations = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
    networks = [network(**combination) for combination in combinations]
    optimum = GetOptimalParametersJob(combinations, [value(one) for one in networks], mode=mode)
    return Tuning(SelectedNetwork(networks, optimum.out_index), optimum)
