"""Which statements become evidence, whose they are, and through whom they come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcescore.evidence import attributions_to_evidence, one_in_words, relay_chains
from sourcescore.tables import attributions_frame, check_evidence
from sourcescore.taxonomy import AttributionType

TYPE_OF = {
    "agency": "agency_report",
    "paper": "media_report",
    "minister": "named_official",
    "denier": "state_denial",
    "witness": "witness",
    "rumour": "hearsay",
}


def attributions(*rows, doc_id="d"):
    """A table of rows (who, parent, claim[, side[, stance]]), numbered from 1."""
    filled = [(*row, *("supports", "asserts")[len(row) - 3 :]) for row in rows]
    who, parents, claims, sides, stances = zip(*filled, strict=True)
    return attributions_frame(
        {
            "doc_id": [doc_id] * len(rows),
            "attribution_id": [str(k) for k in range(1, len(rows) + 1)],
            "parent_id": [None if p is None else str(p) for p in parents],
            "source_id": [f"{name}#" for name in who],
            "source_name": ["" if name == "rumour" else name.title() for name in who],
            "type": [TYPE_OF[name] for name in who],
            "claim_id": claims,
            "claim_stance": sides,
            "stance": stances,
        },
        len(rows),
    )


def said(table, **options):
    """What the evidence is: (source, claim, stance, via)."""
    evidence = check_evidence(attributions_to_evidence(table, **options))
    columns = ("source_id", "claim_id", "stance", "via")
    return [
        (source.rstrip("#"), claim, stance, via)
        for source, claim, stance, via in zip(*(evidence[c] for c in columns), strict=True)
    ]


# ---------------------------------------------------------------------------------- what counts


def test_statements_for_and_against_count():
    table = attributions(
        ("minister", None, "c1"),
        ("witness", None, "c1", "denies"),
        ("witness", None, "c1", "unrelated"),
        ("witness", None, None),
        ("witness", None, "c1", None),
    )
    assert said(table) == [("minister", "c1", "supports", ()), ("witness", "c1", "denies", ())]


def test_wishes_and_questions_do_not():
    assert said(attributions(("minister", None, "c1", "supports", "neither"))) == []


def test_a_row_says_all_that_the_scorer_needs():
    table = attributions(("witness", None, "c1"))
    table["certainty"] = 0.5
    table["content"] = "it was so"
    table["type_proba"] = pd.Series([{"witness": 0.7, "hearsay": 0.3}])
    when = pd.Timestamp("2025-03-14")
    row = attributions_to_evidence(table, published={"d": when}).iloc[0]
    assert row.drop(["via", "via_types"]).to_dict() == {
        "claim_id": "c1",
        "source_id": "witness#",
        "source_name": "Witness",
        "type": "witness",
        "stance": "supports",
        "certainty": 0.5,
        "type_proba": {"witness": 0.7, "hearsay": 0.3},
        "doc_id": "d",
        "published": when,
        "attribution_id": "1",
        "content": "it was so",
    }
    assert row["type_proba"] is not table["type_proba"][0]


@pytest.mark.parametrize("unknown", [{}, np.nan, None])
def test_the_type_stands_where_there_are_no_probabilities(unknown):
    table = attributions(("witness", None, "c1"))
    table["type_proba"] = pd.Series([unknown], dtype=object)
    assert attributions_to_evidence(table)["type_proba"].tolist() == [{"witness": 1.0}]


def test_no_attributions_give_no_evidence():
    evidence = attributions_to_evidence(attributions_frame({}, 0))
    assert len(check_evidence(evidence)) == 0
    assert evidence["published"].dtype.kind == "M"


def test_a_table_that_is_not_linked_is_refused():
    with pytest.raises(ValueError, match="attributions lacks the column claim_id"):
        attributions_to_evidence(attributions(("witness", None, "c1")).drop(columns="claim_id"))


# --------------------------------------------------------------------------------- relay or origin


def test_who_passes_on_the_same_is_a_relay():
    table = attributions(("agency", None, "c1"), ("minister", 1, "c1"))
    assert said(table) == [("minister", "c1", "supports", ("Agency",))]


def test_who_passes_on_something_else_is_a_voice_of_its_own():
    table = attributions(("agency", None, "c1"), ("minister", 1, "c2"))
    assert said(table) == [
        ("agency", "c1", "supports", ()),
        ("minister", "c2", "supports", ("Agency",)),
    ]


@pytest.mark.parametrize("inner", ["agency", "witness"])
def test_who_denies_what_others_say_is_a_voice_of_its_own(inner):
    table = attributions(("denier", None, "c1", "denies", "denies"), (inner, 1, "c1"))
    assert said(table) == [
        ("denier", "c1", "denies", ()),
        (inner, "c1", "supports", ("Denier",)),
    ]


def test_a_relay_that_bears_on_no_claim_is_still_one():
    table = attributions(("agency", None, None), ("minister", 1, "c1"))
    assert said(table) == [("minister", "c1", "supports", ("Agency",))]


@pytest.mark.parametrize("medium", ["agency", "paper"])
def test_an_outlet_inside_the_statement_of_a_person_carries_it(medium):
    table = attributions(("minister", None, "c1"), (medium, 1, "c1"))
    assert said(table) == [("minister", "c1", "supports", (medium.title(),))]


def test_an_outlet_inside_the_statement_of_an_outlet_is_the_origin():
    table = attributions(("paper", None, "c1"), ("agency", 1, "c1"))
    assert said(table) == [("agency", "c1", "supports", ("Paper",))]


@pytest.mark.parametrize(
    ("line", "origin", "via"),
    [
        (("paper", "agency", "minister"), "minister", ("Paper", "Agency")),
        (("agency", "minister", "witness"), "witness", ("Agency", "Minister")),
        (("minister", "paper", "witness"), "witness", ("Minister", "Paper")),
        (("agency", "minister", "paper"), "minister", ("Agency", "Paper")),
        (("minister", "paper", "agency"), "minister", ("Paper", "Agency")),
        (("paper", "agency", "paper"), "paper", ("Paper", "Agency")),
    ],
)
def test_three_levels_have_one_origin(line, origin, via):
    outer, middle, inner = line
    table = attributions((outer, None, "c1"), (middle, 1, "c1"), (inner, 2, "c1"))
    assert said(table) == [(origin, "c1", "supports", via)]


def test_the_relay_over_a_level_that_says_something_else():
    table = attributions(("agency", None, "c1"), ("minister", 1, "c2"), ("witness", 2, "c1"))
    assert said(table) == [
        ("minister", "c2", "supports", ("Agency",)),
        ("witness", "c1", "supports", ("Agency", "Minister")),
    ]


def test_two_origins_within_one_relay():
    table = attributions(("agency", None, "c1"), ("minister", 1, "c1"), ("witness", 1, "c1"))
    assert [row[0] for row in said(table)] == ["minister", "witness"]


# ------------------------------------------------------------------------------------------- via


def test_the_outlet_of_the_document_comes_first():
    table = attributions(("agency", None, "c1"), ("minister", 1, "c1"), ("paper", 2, "c1"))
    evidence = attributions_to_evidence(table, {"d": "dw.com"})
    assert evidence["via"].tolist() == [("dw.com", "Agency", "Paper")]
    assert evidence["via_types"].tolist() == [("media_report", "agency_report", "media_report")]


@pytest.mark.parametrize("outlets", [None, {}, {"another": "dw.com"}, {"d": ""}, {"d": np.nan}])
def test_an_outlet_that_is_not_known_is_none(outlets):
    assert said(attributions(("minister", None, "c1")), outlets=outlets)[0][-1] == ()


def test_a_relay_without_a_name_goes_by_its_type():
    table = attributions(("rumour", None, None), ("minister", 1, "c1"))
    assert said(table)[0][-1] == ("hearsay",)
    table["source_name"] = [np.nan, "Minister"]
    assert said(table)[0][-1] == ("hearsay",)


def test_documents_are_kept_apart():
    both = pd.concat(
        [
            attributions(("agency", None, "c1"), doc_id="d1"),
            attributions(("paper", None, "c1"), ("minister", 1, "c1"), doc_id="d2"),
        ],
        ignore_index=True,
    )
    assert relay_chains(both, {"d2": "dw.com"}) == [
        ((), ()),
        (("dw.com",), ("media_report",)),
        (("dw.com", "Paper"), ("media_report", "media_report")),
    ]


def test_a_parent_that_is_not_there_is_none():
    assert relay_chains(attributions(("witness", 7, "c1"))) == [((), ())]


# -------------------------------------------------------------------------- whatever comes, it ends


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_a_circle_of_parents_is_cut(size):
    rows = [("witness", (k + 1) % size + 1, "c1") for k in range(size)]
    assert len(said(attributions(*rows))) == 1


@given(st.data())
def test_whatever_the_parents_no_claim_is_lost(data):
    n = data.draw(st.integers(1, 8))
    pick = st.sampled_from
    rows = [
        (
            data.draw(pick(list(TYPE_OF))),
            data.draw(st.one_of(st.none(), st.integers(1, n))),
            data.draw(pick(["c1", "c2", None])),
            data.draw(pick(["supports", "denies", "unrelated"])),
        )
        for _ in range(n)
    ]
    got = said(attributions(*rows), outlets={"d": "dw.com"})
    spoken = {(claim, side) for _, _, claim, side in rows if claim and side != "unrelated"}
    assert {(claim, side) for _, claim, side, _ in got} == spoken
    assert all(via[0] == "dw.com" and len(via) <= 2 * n for *_, via in got)


def test_a_chain_without_end_keeps_the_nearest_relays():
    rows = [("paper", None, "c1"), *(("witness", k, "c2") for k in range(1, 3000))]
    table = attributions(*rows)
    assert max(len(via) for *_, via in said(table)) <= 16


def test_odd_characters_come_through():
    table = attributions(("witness", None, "c\ud800"), doc_id="d\ud800")
    assert said(table) == [("witness", "c\ud800", "supports", ())]


def test_types_of_the_helper_are_types():
    assert set(TYPE_OF.values()) <= set(AttributionType)


WORDS = "The bridge over the Vardar was closed to all traffic on Monday."


def test_the_same_words_are_one_origin_the_first():
    table = attributions(
        ("agency", None, "c1"),
        ("paper", None, "c1"),
        ("witness", None, "c1"),
        ("paper", None, "c2"),
    )
    table["content"] = [WORDS, WORDS.upper(), "It was closed.", WORDS]
    assert [row[:2] for row in said(table)] == [
        ("agency", "c1"),
        ("agency", "c1"),
        ("witness", "c1"),
        ("paper", "c2"),
    ]


def test_the_same_few_words_or_the_other_side_are_not():
    table = attributions(
        ("agency", None, "c1"), ("paper", None, "c1", "denies"), ("witness", None, "c1")
    )
    table["content"] = [WORDS, WORDS, "It was closed."]
    assert [row[0] for row in said(table)] == ["agency", "paper", "witness"]


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=12), st.randoms())
def test_one_in_words_is_the_same_whatever_the_order(rows, random):
    def groups(order):
        picked = [rows[i] for i in order]
        claim, source, words = (np.array([row[k] for row in picked], int) for k in range(3))
        contents = pd.Series([f"{WORDS} {k}" if k else "short" for k in words], dtype=object)
        origin = one_in_words(claim, source, np.zeros(len(picked), bool), contents)
        return sorted(zip(claim.tolist(), source.tolist(), origin.tolist(), strict=True))

    order = list(range(len(rows)))
    random.shuffle(order)
    assert groups(range(len(rows))) == groups(order)
