"""What kinds of source there are, and what a source can do with a content.

The one place where the default label set is named and defined. Everything else takes labels as
plain strings, so that a model retrained with other labels works through to the priors.

The definitions follow the annotation guidelines of the project's training data. Stance follows the
factuality reading of attribution: does the source put the content forward as true, reject it, or
neither (Pareti 2015, *Attribution: a computational approach*)?
"""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn

from sourcescore.messages import did_you_mean, shown

__all__ = ["AttributionType", "ClaimStance", "Stance", "attribution_type"]


class _Names(StrEnum):
    """Names of which an unknown one is an error that lists them."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        names = [str(member) for member in cls]
        raise ValueError(
            f"{shown(value)} is no {cls.__name__}{did_you_mean(value, names)} There are "
            f"{', '.join(names)}."
        )


class AttributionType(_Names):
    """The ten kinds of source. Members are strings: ``AttributionType.WITNESS == "witness"``.

    Examples
    --------
    >>> from sourcescore import AttributionType
    >>> AttributionType("state_denial").definition
    'a named official who denies the content'
    """

    NAMED_OFFICIAL = "named_official"
    STATE_DENIAL = "state_denial"
    ANONYMOUS_SOURCE = "anonymous_source"
    AGENCY_REPORT = "agency_report"
    MEDIA_REPORT = "media_report"
    NAMED_SOURCE = "named_source"
    DOCUMENT = "document"
    WITNESS = "witness"
    HEARSAY = "hearsay"
    OWN_VOICE = "own_voice"

    @property
    def definition(self) -> str:
        """One line that says who the source is."""
        return _DEFINITIONS[self]


_DEFINITIONS = {
    AttributionType.NAMED_OFFICIAL: (
        "a person or body identified by name or unique office that speaks for a state, the "
        "police, a court, the military, a parliament, a central bank or an intergovernmental "
        "organisation"
    ),
    AttributionType.STATE_DENIAL: "a named official who denies the content",
    AttributionType.ANONYMOUS_SOURCE: (
        "an informed person who is described by role, number or closeness, but not named"
    ),
    AttributionType.AGENCY_REPORT: "a news agency (wire service)",
    AttributionType.MEDIA_REPORT: "another news outlet, or a journalist who speaks as one",
    AttributionType.NAMED_SOURCE: (
        "a named person or organisation that speaks for itself and holds no public office"
    ),
    AttributionType.DOCUMENT: "a document, recording or data set with no identified author",
    AttributionType.WITNESS: "an unnamed private person with first-hand experience",
    AttributionType.HEARSAY: "nobody who could be traced",
    AttributionType.OWN_VOICE: "the author of the text",
}


class Stance(_Names):
    """What the source does with the content."""

    ASSERTS = "asserts"
    DENIES = "denies"
    NEITHER = "neither"


class ClaimStance(_Names):
    """What an attribution, taken alone, says about a claim."""

    SUPPORTS = "supports"
    DENIES = "denies"
    UNRELATED = "unrelated"


def attribution_type(kind: str, stance: str) -> str:
    """Return the type that follows from a source's kind and its stance.

    A named official who denies is a state denial; otherwise the kind is the type.

    Examples
    --------
    >>> attribution_type("named_official", "denies")
    'state_denial'
    >>> attribution_type("witness", "denies")
    'witness'
    """
    if kind == AttributionType.NAMED_OFFICIAL and stance == Stance.DENIES:
        return str(AttributionType.STATE_DENIAL)
    return str(kind)
