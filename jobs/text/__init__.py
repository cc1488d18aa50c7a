"""Jobs on text: blocks for training, pairs of texts, references, translation scores."""
