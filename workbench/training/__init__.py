"""Training: the trainer, its run, metrics, checkpoints, predictions and baselines."""
