"""The small encoder that needs no download."""
