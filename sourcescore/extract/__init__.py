"""Find attributions in texts."""

from sourcescore.extract.extractor import AttributionExtractor
from sourcescore.extract.transformer import TransformerExtractor

__all__ = ["AttributionExtractor", "TransformerExtractor"]
