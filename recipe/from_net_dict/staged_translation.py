"""The translation of all networks that a training goes through."""

from __future__ import annotations

from collections.abc import Mapping

from .net_dict import NetDict
from .pretraining import Stages
from .translation import Translation
from .varying_rates import varying_rates

NO_STAGES = "This is the network that the config ends with; the ones of its pretraining are not translated."


def translate(net: NetDict, label_names: Mapping[str, str] | None = None) -> Translation:
    """
    The translation of the network that training ends with, with those before it as its ``first_epochs``.

    :param net: the net dict
    :param label_names: the variables of names for labels, by the input that has the labels
    """
    last = _all_networks(net, label_names, has_lists=True)
    if not _same_names(last):  # where a network of fewer layers has no list, none has
        last = _all_networks(net, label_names, has_lists=False)
    if net.stages.problem:
        last.notes.problems.append(f"pretraining: {net.stages.problem}")
        last.notes.differences.add(NO_STAGES)
    known = set(last.notes.problems)
    for epoch, translation in last.first_epochs.items():
        of_stage = [problem for problem in translation.notes.problems if problem not in known]
        last.notes.problems += [f"the network from epoch {epoch} on: {problem}" for problem in of_stage]
        known.update(of_stage)
        last.notes.differences |= translation.notes.differences
        last.notes.used_models |= translation.notes.used_models
        last.notes.inputs |= translation.notes.inputs
        last.notes.name_map = {**translation.notes.name_map, **last.notes.name_map}
    return last


def _all_networks(net: NetDict, label_names: Mapping[str, str] | None, *, has_lists: bool) -> Translation:
    net = net._replace(rates=varying_rates(stage.layers for stage in net.stages.stages))
    last = Translation(net, label_names, has_lists=has_lists)
    if len(net.stages.stages) < 2 or last.is_search_alone:
        return last
    for stage in net.stages.stages[:-1]:
        earlier = net._replace(layers=stage.layers, stages=Stages())
        dims = last.notes.dims.of_another_network()
        last.first_epochs[stage.first_epoch] = Translation(earlier, label_names, dims=dims, has_lists=has_lists)
    last.first_epochs[net.stages.stages[-1].first_epoch] = last
    return last


def _same_names(translation: Translation) -> bool:
    """Whether a parameter is called the same in all networks, as it goes on by its name."""
    names: dict[str, str] = {}
    old_names: dict[str, str] = {}
    for one in translation.first_epochs.values():
        for name, old in one.notes.name_map.items():
            if names.setdefault(old, name) != name or old_names.setdefault(name, old) != old:
                return False
    return True
