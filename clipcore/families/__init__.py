"""The kinds of encoders."""
