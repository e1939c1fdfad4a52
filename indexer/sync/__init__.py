"""Folders against rows: what is new, changed, moved or missing. Opens no photo."""
