"""The query: its box, chips, filters and suggestions."""
