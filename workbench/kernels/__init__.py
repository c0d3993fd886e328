"""Bare loops over arrays: numpy and numba only, ids already checked by the caller."""
