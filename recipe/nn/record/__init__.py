"""The record of a program: tensors, ops, bodies, loops, and the recording that collects them."""
