"""The library as a picture: the embedding map, its named groups, and near-duplicates."""
