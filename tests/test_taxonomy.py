"""The names of types and stances."""

from __future__ import annotations

import pytest

from sourcescore.taxonomy import AttributionType, ClaimStance, Stance, attribution_type


def test_every_type_has_a_definition_of_its_own():
    definitions = [kind.definition for kind in AttributionType]
    assert len(definitions) == 10
    assert len(set(definitions)) == len(definitions)


def test_members_are_strings():
    assert AttributionType("witness") == "witness"
    assert {"asserts": 1}[Stance.ASSERTS] == 1
    assert f"{ClaimStance.SUPPORTS}" == "supports"


@pytest.mark.parametrize("stance", [*Stance, None])
@pytest.mark.parametrize("kind", [*AttributionType, "a kind of the user's own"])
def test_only_an_official_who_denies_changes_type(kind, stance):
    got = attribution_type(kind, stance)
    assert type(got) is str
    expected = "state_denial" if (kind, stance) == ("named_official", "denies") else kind
    assert got == expected


@pytest.mark.parametrize(
    ("names", "wrong", "message"),
    [
        (AttributionType, "witnes", "'witnes' is no AttributionType; did you mean witness?"),
        (Stance, "deny", "did you mean denies.* There are asserts, denies, neither"),
        (ClaimStance, None, "None is no ClaimStance. There are supports, denies, unrelated"),
    ],
)
def test_unknown_names_are_told(names, wrong, message):
    with pytest.raises(ValueError, match=message):
        names(wrong)
