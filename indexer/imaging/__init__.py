"""Bytes in; an upright image, its facts and its thumbnail out. Knows nothing of the library."""
