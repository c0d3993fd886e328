"""PyTorch Geometric over the stores; the first layer that imports torch."""
