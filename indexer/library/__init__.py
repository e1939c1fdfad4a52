"""A library opened: its parts put together, its roots, models and files."""
