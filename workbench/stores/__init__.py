"""Where graphs and features live: protocols, the catalog, and the stores that answer them."""
