"""Ways to compute a tower, and the choice of the quickest that is exact enough."""
