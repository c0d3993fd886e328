"""Predictive queries: what to predict, for whom, and the labelled seeds that follow."""
