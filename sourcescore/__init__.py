"""Score how confident a reader can be in each claim of a news text, from who is said to say it."""

from sourcescore import datasets
from sourcescore.classify import AttributionClassifier
from sourcescore.confidence import ClaimScorer
from sourcescore.extract import AttributionExtractor, TransformerExtractor
from sourcescore.link import ClaimLinker
from sourcescore.models import ModelFileError, load_model, save_model
from sourcescore.pipeline import SourceScorer, score, score_corpus
from sourcescore.priors import Priors
from sourcescore.report import Report
from sourcescore.sources import SourceResolver
from sourcescore.stance import StanceClassifier, TransformerStanceClassifier
from sourcescore.taxonomy import AttributionType, Stance
from sourcescore.training import evaluate, train

__all__ = [
    "AttributionClassifier",
    "AttributionExtractor",
    "AttributionType",
    "ClaimLinker",
    "ClaimScorer",
    "ModelFileError",
    "Priors",
    "Report",
    "SourceResolver",
    "SourceScorer",
    "Stance",
    "StanceClassifier",
    "TransformerExtractor",
    "TransformerStanceClassifier",
    "datasets",
    "evaluate",
    "load_model",
    "save_model",
    "score",
    "score_corpus",
    "train",
]

__version__ = "0.1.0"
