"""The canonical form of a program, which is hashed, and what differs between two forms."""

from .form import CanonicalForm

__all__ = ["CanonicalForm"]  # pickles of version 1309500 know it by this name
