"""A small transformer that reads words in their context: the accurate models stand on it."""

from sourcescore.encoder.encoder import Encoder

__all__ = ["Encoder"]
