"""Texts to attributions: see `sourcescore.extract.extractor`."""

from sourcescore.extract.extractor import AttributionExtractor

__all__ = ["AttributionExtractor"]
