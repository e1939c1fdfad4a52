"""The query language: text in, a Query out, and back. Knows nothing of vectors or rows."""
