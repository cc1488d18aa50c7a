"""Corpora of speech: what their segments are, and readers of the formats that corpora come in."""
