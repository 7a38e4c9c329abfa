"""From a real article to a confidence per claim, against what people read in it.

The article and its annotation are not part of the project; without them these tests are skipped.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import sourcescore as ss
from sourcescore.metrics import _pair_relations, _TokenSides, score_attributions
from sourcescore.tables import as_texts

#: Statements of the annotation, by number.
KREMLIN = ("1", "2", "3")
ANONYMOUS, YONHAP, DEFENCE_CHIEF = "7", "8", "9"
KIRBY, MOSCOW = "14", "16"
TYPES = ("named_official", "anonymous_source", "agency_report", "state_denial")


@pytest.fixture(scope="module")
def gold(shared, tmp_path_factory):
    """The annotation as a corpus; its text is the article's."""
    expected = json.loads((shared / "seed/expected.json").read_text(encoding="utf-8"))
    expected["text"] = (shared / "seed/article.txt").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("seed") / "expected.jsonl"
    path.write_text(json.dumps(expected), encoding="utf-8")
    return ss.datasets.read_jsonl(path)


@pytest.fixture(scope="module")
def report(gold):
    return ss.score(gold.texts)


@pytest.fixture(scope="module")
def found(gold, report):
    """The row that was found for each annotated statement, by its number."""
    texts = as_texts(gold.texts)
    sides = [_TokenSides(table, texts) for table in (gold.attributions, report.attributions)]
    ids = gold.attributions["attribution_id"]
    return {ids[i]: report.attributions.iloc[j] for i, j in _pair_relations(*sides)}


@pytest.fixture(scope="module")
def figures(gold, report):
    return score_attributions(gold.attributions, report.attributions, gold.texts)


def test_attributions_are_found(found, report):
    assert len(found) >= 14
    assert len(report.attributions) - len(found) <= 4


def test_types_are_right(figures):
    assert round(figures["type"]["accuracy"] * figures["type"]["n"]) >= 12


@pytest.mark.parametrize("kind", TYPES)
def test_each_of_four_types_is_right_somewhere(gold, found, kind):
    types = gold.attributions.set_index("attribution_id")["type"]
    assert any(types[own] == row["type"] == kind for own, row in found.items())


@pytest.mark.parametrize("own", KREMLIN)
def test_the_kremlin_denies(found, own):
    assert found[own]["type"] == "state_denial"
    assert found[own]["claim_stance"] == "denies"


def test_the_kremlin_denies_what_others_support(found):
    claim = found[YONHAP]["claim_id"]
    assert isinstance(claim, str)
    assert [found[own]["claim_id"] for own in (*KREMLIN, ANONYMOUS)] == [claim] * 4
    supports = [own for own in (ANONYMOUS, YONHAP, DEFENCE_CHIEF) if own in found]
    assert [found[own]["claim_id"] for own in supports] == [claim] * len(supports)
    assert {found[own]["claim_stance"] for own in supports} == {"supports"}


def test_moscow_and_washington_meet_in_one_claim(found):
    assert found[KIRBY]["claim_id"] == found[MOSCOW]["claim_id"]
    assert found[KIRBY]["claim_stance"] == "supports"
    assert found[MOSCOW]["claim_stance"] == "denies"


def test_different_claims_stay_apart(gold, found, report):
    assert found[KIRBY]["claim_id"] != found[YONHAP]["claim_id"]
    assert 3 <= len(report.claims) <= 2 * len(gold.claims)


def test_confidence_where_only_the_accused_state_denies(found, report):
    claim_id = found[YONHAP]["claim_id"]
    claim = report.claims.loc[claim_id]
    evidence = report.evidence[report.evidence["claim_id"] == claim_id]
    denials = evidence[evidence["stance"] == "denies"]
    assert set(denials["type"]) == {"state_denial"}
    assert claim["n_supporting"] >= 2
    assert 0.5 < claim["confidence"] < 0.95
    assert claim["low"] < claim["confidence"] < claim["high"]

    more = [("witness", k) for k in range(3)] + [("document", k) for k in range(3)]
    many = pd.DataFrame(
        [(claim_id, f"{kind} {k}", kind, "supports") for kind, k in more],
        columns=["claim_id", "source_id", "type", "stance"],
    )
    supported = evidence.loc[evidence["stance"] == "supports", many.columns]
    agreed = ss.ClaimScorer().predict(pd.concat([supported, many])).loc[claim_id]
    assert agreed["confidence"] > claim["confidence"]
    assert claim["high"] - claim["low"] > agreed["high"] - agreed["low"]


def test_the_explanation_adds_up(report):
    for claim_id, confidence in report.claims["confidence"].items():
        log_odds = report.explain(claim_id)["log_odds"].sum()
        assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(confidence)


def test_given_claims_have_the_right_sides(gold):
    claims = gold.claims["claim"].rename(lambda key: key.rsplit("/", 1)[-1])
    table = ss.score(gold.texts, claims[["troops", "missiles"]]).claims
    assert (table["n_denying"] >= 1).all()
    assert (table["n_supporting"] >= 2).all()
    assert table["confidence"].between(0.5, 0.95).all()
