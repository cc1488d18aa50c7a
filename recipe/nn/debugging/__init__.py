"""A wrong number found: engines compared on the same feeds, gradients against differences, the first wrong line."""
