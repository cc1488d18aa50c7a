"""The old name of :mod:`recipe.from_net_dict`: it goes on to work, and nothing in :mod:`recipe.nn` imports it."""

from recipe.from_net_dict import NetDictError, WrittenModule, from_net_dict

__all__ = ["NetDictError", "WrittenModule", "from_net_dict"]
