"""Jobs of subword vocabularies: training, and the way back from pieces to words."""
