"""How sources are shown: a colour and a short tag for each type, and what the unnamed are called.

The colours are those of Okabe and Ito (2008, *Color Universal Design*), which people with any of
the common colour-vision deficiencies tell apart, and shades of them for the types beyond eight.
The tag says the same without colour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sourcescore.taxonomy import AttributionType

__all__ = [
    "DENIES_COLOUR",
    "SUPPORTS_COLOUR",
    "TypeStyle",
    "called",
    "contrast",
    "definition",
    "edge",
    "type_styles",
]

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
# What WCAG 2 asks of what is no text.
_LINE_CONTRAST = 3.0


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


def called(name: str, label: str) -> str:
    """Return the name of a source of a type, or how one without a name is called.

    Examples
    --------
    >>> called("Ann Lee", "witness"), called("", "own_voice"), called("", "hearsay")
    ('Ann Lee', 'the author', 'nobody named')
    """
    return name or ("the author" if label == AttributionType.OWN_VOICE else "nobody named")


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2).

    Examples
    --------
    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    low, high = sorted(map(_luminance, (one, other)))
    return round((high + 0.05) / (low + 0.05), 3)


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def edge(colour: str, paper: str) -> str:
    """Return the colour, moved towards black or white until a line of it shows on `paper`.

    Examples
    --------
    >>> edge("#0072B2", "#FFFFFF"), edge("#F0E442", "#FFFFFF")
    ('#0072B2', '#9C942A')
    """
    end = 0 if _luminance(paper) > 0.5 else 255
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    for share in range(0, 101, 5):
        moved = "#" + "".join(f"{c + (end - c) * share // 100:02X}" for c in (red, green, blue))
        if contrast(moved, paper) >= _LINE_CONTRAST:
            return moved
    return moved
