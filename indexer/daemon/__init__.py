"""Keeps a library in line with its folders for as long as it runs."""
