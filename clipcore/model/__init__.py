"""The towers of CLIP and its relatives as torch modules; every size comes from the checkpoint."""
