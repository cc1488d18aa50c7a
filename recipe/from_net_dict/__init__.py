"""
Reads a RETURNN net dict and writes the equivalent modules of :mod:`recipe.nn`, as a starting point.

``python -m recipe.from_net_dict FILE`` is its command line. The file is read, never run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .config_writer import config_text, label_names
from .errors import NetDictError
from .net_dict import read_net_dict, read_settings
from .staged_translation import translate
from .training_options import training_options
from .translation import Translation
from .writer import module_text

__all__ = ["NetDictError", "WrittenModule", "config_from", "from_net_dict"]


class WrittenModule(NamedTuple):
    """
    What a net dict became.

    :ivar text: the Python module
    :ivar name_map: RETURNN's names of the parameters by those in the module
    :ivar problems: what is not translated; each stands as a TODO in the text, too
    """

    text: str
    name_map: dict[str, str]
    problems: list[str]


def from_net_dict(
    text: str, *, network: str = "network", options: Mapping[str, Any] | None = None, source_name: str = "a net dict"
) -> WrittenModule:
    """
    Writes the modules that compute what a net dict does.

    :param text: a config in Python or JSON, or the dict alone
    :param network: the variable or key that holds it
    :param options: what ``config.value(name, default)`` gives in the config
    :param source_name: how the text calls where it comes from
    :raises NetDictError: if there is no net dict, or what it is can only be told by running the file
    """
    translation = translate(read_net_dict(text, name=network, options=options))
    return _written(translation, module_text(translation, source_name))


def config_from(
    text: str, *, network: str = "network", options: Mapping[str, Any] | None = None, source_name: str = "a config"
) -> WrittenModule:
    """
    Writes a whole config of this project: the modules, the data, the training with its options, and the search.

    The arguments are those of :func:`from_net_dict`.

    :raises NetDictError: if there is no net dict, or what it is can only be told by running the file
    """
    net, settings = read_net_dict(text, name=network, options=options), read_settings(text, network, options)
    translation = translate(net, label_names(net))
    training = training_options(settings, net.stages)
    written = _written(translation, config_text(translation, settings, training, source_name))
    return written._replace(problems=[*written.problems, *training.todo, *translation.notes.checkpoints])


def _written(translation: Translation, text: str) -> WrittenModule:
    notes = translation.notes
    return WrittenModule(text, notes.name_map, notes.problems)
