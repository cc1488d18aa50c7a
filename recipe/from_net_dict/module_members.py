"""The modules that a written class has as attributes, and those that it gets from around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .identifiers import identifier, unique_name
from .layer import Layer, Unsupported
from .layer_options import training_options
from .notes import Notes, Owner


class ModuleMembers:
    """
    The attributes of a class.

    :param notes: of the net dict that it is a part of
    :param outer: those of the class that has this one as an attribute, None for the network itself
    :param name: of the layer that becomes the class
    """

    def __init__(self, notes: Notes, outer: ModuleMembers | None, name: str):
        self.notes, self._outer = notes, outer
        self.attribute = outer.unique_member(name) if outer is not None else ""
        self.path: str = f"{outer.path}{self.attribute}/" if outer is not None else ""
        """What names of its parameters begin with here."""
        self.members: dict[str, str] = {}
        """The constructors of its modules, by attribute."""
        self.initial_values: list[str] = []
        """Lines of its constructor that say what parameters start with."""
        self.given_members: dict[str, str] = {}
        """Modules of levels around, by attribute: what the level around calls them."""
        self._taken_members: set[str] = {"forward"}

    def member(
        self, layer: Layer, constructor: str, owner: Owner, parameters: Mapping[str, str], initial: Sequence[str] = ()
    ) -> str:
        """
        A module as an attribute: a new one, or the one that has the same parameters in RETURNN.

        :param parameters: RETURNN's names by names in the module; "" for what is a parameter itself
        :param initial: lines that say what parameters start with, behind the attribute: ``.W.initial = ...``
        :return: the expression for it
        """
        options = training_options(layer)
        known = self.notes.owners.get(owner)
        if known is not None:
            return self._member_at(known)
        attribute = self.unique_member(layer.name)
        self.members[attribute] = f"{constructor}{options}"
        self.initial_values += [f"self.{attribute}{line}" for line in initial]
        path = f"{self.path}{attribute}"
        self.notes.owners[owner] = path
        self.notes.name_map.update({f"{path}/{key}".rstrip("/"): old for key, old in parameters.items()})
        return f"self.{attribute}"

    def _member_at(self, path: str) -> str:
        """The expression for a module of this level, of one around, or of one within, by the attributes to it."""
        if path.startswith(self.path):
            return f"self.{path.removeprefix(self.path).replace('/', '.')}"
        level, attribute = path[: path.rfind("/") + 1], path[path.rfind("/") + 1 :]
        if self._outer is None or not self.path.startswith(level):
            raise Unsupported(f"its parameters are those of {path}, which cannot be reached from here")
        outer = self._outer._member_at(path)
        for own, given in self.given_members.items():
            if given == outer:
                return f"self.{own}"
        own = self.unique_member(attribute)
        self.given_members[own] = outer
        return f"self.{own}"

    def unique_member(self, name: str) -> str:
        """A name for an attribute."""
        return unique_name(identifier(name), self._taken_members)
