"""Checkpoints: the catalogue, the download, the formats, the weights."""
