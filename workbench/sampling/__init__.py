"""Sampling over any graph store: the sampler, its audit and its profile."""
