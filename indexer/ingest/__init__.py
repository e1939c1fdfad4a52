"""A plan in; rows, vectors and thumbnails out, shard by shard, here or on a Ray cluster."""
