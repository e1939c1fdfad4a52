"""Folders and URLs in; files with size and time out. Knows nothing of rows or pixels."""
