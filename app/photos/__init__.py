"""Photos on the page: the grid, and one photo in detail."""
