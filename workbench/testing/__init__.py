"""Shipped for users of the protocols: contract suites, toy graphs, generators."""
