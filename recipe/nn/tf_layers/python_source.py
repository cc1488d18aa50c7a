"""Python source of net dicts."""

from __future__ import annotations

from typing import Any

from ..plain.python_source import INDENT, DimNames, PythonCode, PythonSource, block, quoted
from .config_function import ConfigFunction
from .layers import LayerNetwork, LstmStateTuple, plain

__all__ = ["DimNames", "NetDictSource", "PythonCode", "PythonSource", "quoted"]


class NetDictSource(PythonSource):
    """
    Writes values as Python source, also net dicts and what may stand in them.

    :param names: of the dims that occur
    """

    def __init__(self, names: DimNames | None = None):
        super().__init__(names)
        self.has_lstm_state = False
        self.functions: dict[ConfigFunction, None] = {}
        """The functions that occur, those that are called before those that call them."""

    def value(self, value: Any, indent: int = 0, used: int = 0) -> str:
        """A value, on one line where it fits, else one item a line."""
        if isinstance(value, LayerNetwork):
            return self.net_dict(value, indent)
        text = super().value(value, indent, used)
        if isinstance(value, LstmStateTuple) and "\n" in text:
            return self.call("LSTMStateTuple", value._asdict(), indent, used)
        return text

    def net_dict(self, network: LayerNetwork, indent: int = 0) -> str:
        """A net dict, with a comment where the module changes."""
        pad = " " * (indent + INDENT)
        lines, module = [], ""
        for layer in network.layers:
            if layer.comment and layer.comment != module:
                lines.append(f"{pad}# {layer.comment}")
            module = layer.comment
            lines.append(self._layer(f'"{layer.name}": ', layer.options, network, indent + INDENT))
        return block("{", lines, "}", indent)

    def _layer(self, start: str, options: dict[str, Any], network: LayerNetwork, indent: int) -> str:
        """One layer; its unit, if it has one, comes last."""
        unit = options.get("unit")
        if not isinstance(unit, LayerNetwork):
            return self._item(start, plain(options, network), indent)
        inner = indent + INDENT
        items = [
            self._item(f'"{key}": ', plain(value, network), inner) for key, value in options.items() if key != "unit"
        ]
        items.append(self._item('"unit": ', unit, inner))
        return f"{' ' * indent}{start}{block('{', items, '}', indent)},"

    def _one_line(self, value: Any) -> str:
        if isinstance(value, LstmStateTuple):
            self.has_lstm_state = True
            return f"LSTMStateTuple(c={self._one_line(value.c)}, h={self._one_line(value.h)})"
        if isinstance(value, ConfigFunction):
            self.functions.update(dict.fromkeys(value.with_needed()))
            return value.name
        return super()._one_line(value)
