"""The parts of the explore page: the embedding map and near-duplicates."""
