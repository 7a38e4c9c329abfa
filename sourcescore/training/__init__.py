"""Training: one module for each shipped model, and the same for data of the user's own."""

from sourcescore.training.commands import Trained, evaluate, train

__all__ = ["Trained", "evaluate", "train"]
