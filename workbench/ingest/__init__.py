"""From tables to a dataset on disk: read, check, order, encode, commit."""
