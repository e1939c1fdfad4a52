"""The parts of the library page: daemon, folders, models."""
