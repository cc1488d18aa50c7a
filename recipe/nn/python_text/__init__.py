"""A program as Python text, for people: loops as ``for``, states as variables."""
