"""The page as a process, and the rules of access to it."""
