"""CLIP's towers as torch modules; every size comes from the checkpoint."""
