"""What the tests of all pages share."""

from ..empty_graph import empty_graph

__all__ = ["empty_graph"]
