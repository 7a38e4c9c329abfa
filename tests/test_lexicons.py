"""The lexicons: that they load, hold what their columns promise and agree with each other."""

from __future__ import annotations

from importlib import resources

import pytest

from sourcescore import lexicons
from sourcescore.taxonomy import Stance

NAMES = sorted(
    path.name.rpartition(".")[0]
    for path in resources.files(lexicons.__name__).iterdir()
    if path.name.endswith((".txt", ".tsv"))
)


@pytest.mark.parametrize("name", NAMES)
def test_a_lexicon_loads_and_says_what_it_is(name):
    terms = lexicons.load(name)
    assert terms
    assert all(term == term.strip() and term for term in terms)
    ending = (
        "tsv" if resources.files(lexicons.__name__).joinpath(f"{name}.tsv").is_file() else "txt"
    )
    text = resources.files(lexicons.__name__).joinpath(f"{name}.{ending}").read_text("utf8")
    assert text.startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_every_lexicon_is_described(name):
    readme = resources.files(lexicons.__name__).joinpath("README.md").read_text("utf8")
    assert f"`{name}." in readme


def test_an_unknown_lexicon_names_the_known_ones():
    with pytest.raises(ValueError, match=r"outlets\.txt"):
        lexicons.load("nothing")


def test_cues_have_a_stance_and_a_strength():
    for stance, strength in lexicons.table("cues").values():
        assert stance in set(Stance)
        assert 0 < float(strength) <= 1


def test_hedges_leave_some_certainty():
    assert all(0 < value <= 1 for value in lexicons.hedges().values())


def test_agencies_go_by_every_spelling():
    aliases = lexicons.aliases()
    assert aliases["AP"] == aliases["The Associated Press"] == "Associated Press"
    assert len(set(aliases.values())) >= 120


def test_an_agency_is_no_outlet():
    assert not set(lexicons.aliases()) & lexicons.load("outlets")


@pytest.mark.parametrize(
    ("term", "country", "sort"),
    [
        ("Seoul", "South Korea", "capital"),
        ("Russians", "Russia", "demonym"),
        ("US", "United States", "name"),
        ("British", "United Kingdom", "demonym"),
        ("Brasilia", "Brazil", "capital"),
    ],
)
def test_countries(term, country, sort):
    assert lexicons.countries()[term] == (country, sort)
