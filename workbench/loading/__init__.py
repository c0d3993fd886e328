"""Batches: the order of seeds, the threads that sample, fetch and join. No torch."""
