"""Which kind of source stands behind an attribution, what it does with the content, how firmly.

Comes in: attributions (source, cue, content) and what context there is. Goes out: their type and
stance with probabilities, and their certainty. The types and stances are those of
`sourcescore.taxonomy` in the shipped model, and any others in one that is trained on them.
"""

from sourcescore.classify.certainty import certainty
from sourcescore.classify.classifier import AttributionClassifier

__all__ = ["AttributionClassifier", "certainty"]
