"""Vectors in, the nearest out: FAISS or pgvector behind one contract."""
