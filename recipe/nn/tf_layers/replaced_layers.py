"""Classes of layers that take the place of RETURNN's own when RETURNN starts with a written config."""

from __future__ import annotations

from collections.abc import Mapping

from .config_function import ConfigFunction

STARTUP = "startup_callback"
"""The function of a config that RETURNN calls before it makes the network."""

_TEXT = '''
def startup_callback(**_kwargs):
    """RETURNN calls this before it makes the network: classes of layers take the place of its own."""
    from returnn.tf.layers import basic

    for layer_class in [{classes}]:
        basic.get_layer_class(layer_class.layer_class)  # fills the table
        basic._LayerClassDict[layer_class.layer_class] = layer_class
'''


def startup_callback(replaced: Mapping[str, ConfigFunction]) -> ConfigFunction:
    """
    The function that RETURNN calls when it starts.

    :param replaced: makers of the classes, by the name of the layer class
    """
    makers = tuple(replaced[name] for name in sorted(replaced))
    return ConfigFunction(_TEXT.format(classes=", ".join(f"{maker.name}()" for maker in makers)), needs=makers)
