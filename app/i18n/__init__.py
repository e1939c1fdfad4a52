"""The page's languages: catalogues, counts, facts in words."""
