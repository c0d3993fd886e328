"""Column encoders, heterogeneous GNNs and heads."""
