"""The stance of a text towards a claim."""

from sourcescore.stance.classifier import StanceClassifier
from sourcescore.stance.features import stance_features
from sourcescore.stance.transformer import TransformerStanceClassifier

__all__ = ["StanceClassifier", "TransformerStanceClassifier", "stance_features"]
