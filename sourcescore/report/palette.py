"""How the types of source look: a colour and a short tag each, for the page and for the figures.

The colours are those of Okabe and Ito (2008, *Color Universal Design*), which people with any of
the common colour-vision deficiencies tell apart, and shades of them for the types beyond eight.
The tag says the same without colour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sourcescore.taxonomy import AttributionType

__all__ = ["DENIES_COLOUR", "SUPPORTS_COLOUR", "TypeStyle", "definition", "type_styles"]

SUPPORTS_COLOUR = "#0072B2"
DENIES_COLOUR = "#D55E00"


class TypeStyle(NamedTuple):
    """The look of a type: its colour and its tag of at most nine capitals."""

    colour: str
    tag: str


_DEFAULT = {
    AttributionType.NAMED_OFFICIAL: TypeStyle("#0072B2", "OFFICIAL"),
    AttributionType.STATE_DENIAL: TypeStyle("#D55E00", "DENIAL"),
    AttributionType.ANONYMOUS_SOURCE: TypeStyle("#CC79A7", "ANONYMOUS"),
    AttributionType.AGENCY_REPORT: TypeStyle("#56B4E9", "AGENCY"),
    AttributionType.MEDIA_REPORT: TypeStyle("#009E73", "MEDIA"),
    AttributionType.NAMED_SOURCE: TypeStyle("#E69F00", "NAMED"),
    AttributionType.DOCUMENT: TypeStyle("#8C6D1F", "DOCUMENT"),
    AttributionType.WITNESS: TypeStyle("#F0E442", "WITNESS"),
    AttributionType.HEARSAY: TypeStyle("#8A8A8A", "HEARSAY"),
    AttributionType.OWN_VOICE: TypeStyle("#6A51A3", "AUTHOR"),
}
_COLOURS = tuple(style.colour for style in _DEFAULT.values())
_TAG_LENGTH = 9


def type_styles(labels: Iterable[str]) -> dict[str, TypeStyle]:
    """Give each label its look; labels beyond the default set share the colours in turn.

    Examples
    --------
    >>> type_styles(["witness", "blog_post"])["blog_post"]
    TypeStyle(colour='#0072B2', tag='BLOG POST')
    """
    styles: dict[str, TypeStyle] = {}
    further = 0
    for label in dict.fromkeys(labels):
        if label in _DEFAULT:
            styles[label] = _DEFAULT[AttributionType(label)]
        else:
            tag = re.sub(r"[\W_]+", " ", label).strip().upper()[:_TAG_LENGTH].strip() or "?"
            styles[label] = TypeStyle(_COLOURS[further % len(_COLOURS)], tag)
            further += 1
    return styles


def definition(label: str) -> str:
    """Say who stands behind a default type; a label of the user's own speaks for itself."""
    return AttributionType(label).definition if label in _DEFAULT else label.replace("_", " ")
