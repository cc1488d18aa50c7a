"""What these tests share."""

from ..empty_setup import setup

__all__ = ["setup"]
