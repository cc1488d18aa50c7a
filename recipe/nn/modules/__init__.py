"""Layers with parameters, written in the language and in ops: Linear, Lstm, attention, convolution."""
