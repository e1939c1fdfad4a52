"""Sentences in, token ids out."""
