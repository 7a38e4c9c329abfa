"""The report: its tables, explanations, page and JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sourcescore as ss
from sourcescore.confidence import ClaimScorer
from sourcescore.report import Report, html
from sourcescore.report.markup import GROUP_SIZE, Piece, Voice, clean, mark_text
from sourcescore.report.palette import contrast, edge, type_styles
from sourcescore.tables import CLAIM_COLUMNS, attributions_frame
from sourcescore.taxonomy import AttributionType

TEXT = (
    "Ferry halted\n"
    "\n"
    '"The hull is <b>sound</b>," said the harbour master, "and she will sail & return."\n'
    "Radio Lowen reported that dockers had said that the hull was cracked.\r\n"
    "The ministry denied it."
)
VOID = {"meta", "link", "col", "br"}


def spans(text: str, *parts: str) -> list[tuple[int, int]]:
    return [(text.index(part), text.index(part) + len(part)) for part in parts]


def attribution(text: str, source: str, cue: str, content: list[str], **others) -> dict:
    row = {
        "doc_id": "d1",
        "source": source,
        "cue": cue,
        "content": " ".join(content),
        "source_spans": spans(text, *filter(None, [source])),
        "cue_spans": spans(text, *filter(None, [cue])),
        "content_spans": spans(text, *content),
        "sentence": text,
        "source_id": source or "nobody",
        "source_name": source,
        "type": "named_official",
        "type_proba": {},
        "stance": "asserts",
        "stance_proba": {"asserts": 0.97},
        "certainty": 1.0,
        "via": (),
        "claim_id": "c1",
        "claim_stance": "supports",
    }
    return row | others


def report_of(
    texts: dict[str, str], attributions: list[dict], claims: dict[str, str], **others
) -> Report:
    rows = [{"attribution_id": f"a{i + 1}", **row} for i, row in enumerate(attributions)]
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    table = attributions_frame(columns, len(rows))
    said = table[table["claim_stance"].isin(["supports", "denies"])].drop(columns="stance")
    evidence = said.rename(columns={"claim_stance": "stance"}).reset_index(drop=True)
    evidence = evidence[["claim_id", "source_id", "type", "stance", "certainty", "via", "doc_id"]]
    scorer = ClaimScorer()
    scored = scorer.predict(evidence, claims)
    scored["claim"] = pd.Series(claims, dtype=object)
    scored["n_attributions"] = [(table["claim_id"] == c).sum() for c in claims]
    return Report(
        texts=pd.Series(texts, dtype=object),
        attributions=table,
        claims=scored[list(CLAIM_COLUMNS)],
        evidence=evidence,
        scorer=scorer,
        **others,
    )


@pytest.fixture
def report() -> Report:
    master = attribution(
        TEXT,
        "the harbour master",
        "said",
        ["The hull is <b>sound</b>,", "and she will sail & return."],
        source_name='Ada "Sea" O\'Hara & <i>Sons</i>',
        type_proba={"named_official": 0.93},
    )
    radio = attribution(
        TEXT,
        "Radio Lowen",
        "reported",
        ["that dockers had said that the hull was cracked"],
        type="media_report",
        claim_stance="denies",
    )
    dockers = attribution(
        TEXT,
        "dockers",
        "had said",
        ["that the hull was cracked"],
        type="witness",
        claim_stance="denies",
        certainty=0.7,
        via=("Radio Lowen",),
    )
    ministry = attribution(
        TEXT,
        "The ministry",
        "denied",
        ["it"],
        type="state_denial",
        stance="denies",
        claim_id="c2",
        claim_stance="denies",
    )
    articles = pd.DataFrame(
        {"outlet": ["lowen.example"], "published": [pd.Timestamp("2025-03-14")]}, index=["d1"]
    )
    claims = {"c1": "The hull is <em>sound</em>", "c2": "The ferry was stopped"}
    return report_of({"d1": TEXT}, [master, radio, dockers, ministry], claims, articles=articles)


@pytest.fixture
def empty_report() -> Report:
    return report_of({"d1": ""}, [], {})


class Page(HTMLParser):
    """Checks that each element is closed in turn, and gathers ids, links and texts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.skip = 0
        self.paragraphs: list[str] = []
        self.feed(source)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        assert not any(name.startswith("on") for name in attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if "href" in attrs else []
        if tag in VOID:
            return
        in_card = self.skip or attrs.get("class") == "cards"
        self.skip += bool(in_card)
        self.stack.append(tag)
        if tag == "p":
            self.paragraphs.append("")

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag
        self.skip -= bool(self.skip)

    def handle_data(self, data):
        if "p" in self.stack and not self.skip:
            self.paragraphs[-1] += data


# ---- tables ----


def test_tables_are_those_given(report):
    assert report.claims.index.tolist() == ["c1", "c2"]
    assert report.attributions["attribution_id"].tolist() == ["a1", "a2", "a3", "a4"]
    assert report.texts["d1"] == TEXT
    assert len(report.evidence) == 4


def test_edits_do_not_reach_the_report(report):
    before = report.to_json()
    claims, texts, steps = report.claims, report.texts, report.explain("c1")
    attributions, evidence = report.attributions, report.evidence
    claims["confidence"] = 0.0
    texts["d1"] = "gone"
    steps["log_odds"] = 0.0
    attributions.loc[:, "source"] = "gone"
    attributions["content_spans"].iloc[0].append((0, 1))
    attributions["type_proba"].iloc[0]["hearsay"] = 1.0
    evidence["stance"] = "denies"
    assert report.to_json() == before


def test_edits_of_the_inputs_do_not_reach_the_report(report):
    attributions = report.attributions
    other = Report(
        texts=report.texts,
        attributions=attributions,
        claims=report.claims,
        evidence=report.evidence,
        scorer=ClaimScorer(),
    )
    attributions["source"] = "gone"
    assert other.attributions["source"].iloc[0] == "the harbour master"


def test_missing_column_is_named(report):
    with pytest.raises(ValueError, match="claims lacks the column verdict"):
        Report(
            texts=report.texts,
            attributions=report.attributions,
            claims=report.claims.drop(columns="verdict"),
            evidence=report.evidence,
            scorer=ClaimScorer(),
        )


# ---- explain ----


def test_explanation_sums_to_the_posterior(report):
    for claim_id, confidence in report.claims["confidence"].items():
        log_odds = report.explain(claim_id)["log_odds"].sum()
        assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(confidence)


def test_explanation_names_sources_and_channel(report):
    steps = report.explain("c1")
    assert steps.index[0] == "claim prior"
    assert steps.loc["the harbour master", "source_name"].startswith('Ada "Sea"')
    assert steps.loc["dockers", ["type", "stance", "certainty", "via"]].tolist() == [
        "witness",
        "denies",
        0.7,
        ("Radio Lowen",),
    ]


def test_explanation_of_a_source_on_both_sides():
    text = "Ada said yes. Ada said no."
    rows = [
        attribution(text, "Ada", "said", ["yes"]),
        attribution(text, "Ada", "said", ["no"], claim_stance="denies"),
    ]
    steps = report_of({"d1": text}, rows, {"c1": "It is so"}).explain("c1")
    assert sorted(steps["stance"]) == ["", "denies", "supports"]


def test_explanation_without_evidence_is_the_prior(report):
    report = report_of({"d1": "Calm."}, [], {"c1": "The sea was calm"})
    assert report.explain("c1").index.tolist() == ["claim prior"]


def test_unknown_claim_lists_the_known_ones(report, empty_report):
    with pytest.raises(ValueError, match=r"no claim \['c1'\]; known are 'c1', 'c2'"):
        report.explain(["c1"])
    with pytest.raises(ValueError, match=r"no claim 'c9'; known are 'c1', 'c2'\."):
        report.explain("c9")
    with pytest.raises(ValueError, match="this report has no claims"):
        empty_report.explain("c1")


# ---- history ----


STANCES = st.sampled_from(["supports", "denies"])


@st.composite
def dated_evidence(draw):
    """Evidence on a few claims, some of which exclude one another, from a few documents."""
    documents = draw(
        st.lists(st.sampled_from(["2025-03-01", "2025-03-02", None]), min_size=4, max_size=9)
    )
    row = st.tuples(
        st.sampled_from(["q=1", "q=2", "b", "c"]),
        st.sampled_from(["ann", "bo", "cy"]),
        st.sampled_from(["named_official", "witness", "hearsay"]),
        STANCES,
        st.integers(0, len(documents) - 1),
    )
    rows = draw(st.lists(row, max_size=14))
    table = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance", "doc_id"])
    table["published"] = pd.to_datetime(table["doc_id"].map(dict(enumerate(documents))))
    table["doc_id"] = table["doc_id"].map("d{}".format)
    asks = table["claim_id"].astype(str).str.startswith("q")
    table["question_id"] = np.where(asks, "q", None)
    return table, [f"d{i}" for i in range(len(documents))]


def report_on(evidence: pd.DataFrame, documents: list[str], scorer: ClaimScorer, **others):
    scored = scorer.predict(evidence, ["q=2", "nobody speaks on it", "q=1", "b", "c"])
    claims = scored.assign(claim=scored.index, n_attributions=0)
    return Report(
        texts=pd.Series("", index=documents, dtype=object),
        attributions=attributions_frame({}, 0),
        claims=claims[list(CLAIM_COLUMNS)],
        evidence=evidence,
        scorer=scorer,
        **others,
    )


def learned_scorer() -> ClaimScorer:
    rng = np.random.default_rng(0)
    rows = [
        (f"{i}={i % 2 + 1}", str(i), source, "witness", rng.choice(["supports", "denies"]))
        for i in range(40)
        for source in ("ann", "bo")
    ]
    table = pd.DataFrame(rows, columns=["claim_id", "question_id", "source_id", "type", "stance"])
    truth = {claim: i % 3 > 0 for i, claim in enumerate(table["claim_id"].unique())}
    return ClaimScorer().fit(table, truth)


LEARNED = learned_scorer()


@pytest.mark.parametrize("scorer", [ClaimScorer(), LEARNED], ids=["priors", "learned"])
@given(dated_evidence())
@settings(max_examples=20)
def test_history_is_what_the_scorer_says_of_the_evidence_so_far(scorer, drawn):
    evidence, documents = drawn
    report = report_on(evidence, documents, scorer)
    history = report.history()
    by_time = evidence.sort_values(["published", "doc_id"], kind="stable", na_position="last")
    order = {doc_id: i for i, doc_id in enumerate(by_time["doc_id"].unique())}
    for claim_id, steps in history.groupby("claim_id", sort=False):
        # the interval of an answer is drawn
        near = {"atol": 0.05} if claim_id.startswith("q") else {}
        own = report.history(claim_id)
        pd.testing.assert_frame_equal(own, steps.reset_index(drop=True), **near)
        asked = {"q=1", "q=2"} if claim_id.startswith("q") else {claim_id}
        if claim_id not in evidence["claim_id"].tolist():
            asked = set()  # nothing says that it is an answer
        speaks = evidence[evidence["claim_id"].isin(asked)]
        assert steps["doc_id"].iloc[1:].tolist() == sorted(speaks["doc_id"].unique(), key=order.get)
        assert steps["n_documents"].tolist() == [*range(len(steps))]
        so_far: list[str] = []
        for row in steps.itertuples():
            so_far.append(row.doc_id)
            said = evidence[evidence["doc_id"].isin(so_far)]
            alone = scorer.predict(said, [claim_id]).iloc[0]
            assert row.log_odds == pytest.approx(alone["log_odds"], abs=1e-9)
            assert row.low <= row.confidence <= row.high
            assert (row.n_supporting, row.n_denying, row.n_origins, row.verdict) == (
                alone["n_supporting"],
                alone["n_denying"],
                alone["n_origins"],
                alone["verdict"],
            )
            here = speaks[(speaks["doc_id"] == row.doc_id) & (speaks["claim_id"] == claim_id)]
            sides = sorted(here["stance"].unique())
            assert row.stance == ("both" if len(sides) == 2 else "".join(sides))
    assert list(history["claim_id"].unique()) == list(report.claims.index)
    last = history.groupby("claim_id", sort=False).tail(1).set_index("claim_id")
    shared = [name for name in last.columns if name in report.claims.columns]
    assert (last[shared] == report.claims[shared]).all(axis=None)
    sums = history.groupby("claim_id")["change"].sum()
    prior = history["log_odds"].iloc[0]
    assert (prior + sums[last.index]).to_numpy() == pytest.approx(last["log_odds"].to_numpy())


@given(dated_evidence(), st.integers(1, 5))
@settings(max_examples=30)
def test_fewer_steps_are_some_of_all_steps(drawn, most):
    report = report_on(*drawn, ClaimScorer())
    every, some = report.history(), report.history(max_steps=most)
    key = ["claim_id", "n_documents", "log_odds", "confidence", "doc_id"]
    assert len(some[key].merge(every[key])) == len(some)
    size, full = (t.groupby("claim_id").size() - 1 for t in (some, every))
    assert (size == full.clip(upper=most)).all()
    sums = [t.groupby("claim_id")["change"].sum().to_numpy() for t in (some, every)]
    assert sums[0] == pytest.approx(sums[1])


def test_history_in_blocks_is_the_same(monkeypatch):
    rows = [("b", f"s{i}", "witness", "supports", f"d{i % 7}") for i in range(40)]
    evidence = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance", "doc_id"])
    report = report_on(evidence, [f"d{i}" for i in range(7)], ClaimScorer())
    whole = report.history()
    monkeypatch.setattr("sourcescore.report.history._ROWS_AT_ONCE", 30)
    pd.testing.assert_frame_equal(report.history(), whole)


def test_history_takes_dates_and_outlets_from_the_articles():
    rows = [("b", "ann", "witness", s, d) for s, d in (("supports", "d0"), ("denies", "d1"))]
    evidence = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance", "doc_id"])
    articles = pd.DataFrame(
        {"outlet": ["Late Post", None], "published": ["2025-03-02T10:00+02:00", "2025-03-01"]},
        index=["d0", "d1"],
    )
    report = report_on(evidence, ["d0", "d1"], ClaimScorer(), articles=articles)
    history = report.history("b")
    assert history["doc_id"].tolist()[1:] == ["d1", "d0"]
    assert history["outlet"].iloc[2] == "Late Post"
    assert history["published"].iloc[2] == pd.Timestamp("2025-03-02 08:00")
    assert pd.isna(history["published"].iloc[0])


def test_history_of_a_source_that_changes_its_mind():
    rows = [
        ("b", "ann", "witness", "denies", "d0", "2025-03-01"),
        ("b", "ann", "witness", "supports", "d1", "2025-03-02"),
    ]
    names = ["claim_id", "source_id", "type", "stance", "doc_id", "published"]
    history = report_on(pd.DataFrame(rows, columns=names), ["d0", "d1"], ClaimScorer()).history("b")
    assert history["n_denying"].tolist() == [0, 1, 0]
    assert history["n_supporting"].tolist() == [0, 0, 1]
    assert history["log_odds"].iloc[1] < 0 < history["log_odds"].iloc[2]


def test_history_without_documents_goes_by_statement():
    evidence = pd.DataFrame(
        [("b", f"s{i}", "witness", "supports") for i in range(3)],
        columns=["claim_id", "source_id", "type", "stance"],
    )
    history = report_on(evidence, ["d0"], ClaimScorer()).history("b")
    assert history["n_origins"].tolist() == [0, 1, 2, 3]
    assert history["doc_id"].isna().all()


def test_history_says_what_is_wrong(report, empty_report):
    with pytest.raises(ValueError, match="no claim 'c9'"):
        report.history("c9")
    for wrong in (0, True, 1.5):
        with pytest.raises(ValueError, match="max_steps must be an integer of at least 1"):
            report.history(max_steps=wrong)
    assert empty_report.history().empty
    assert report.history("c1")["n_documents"].tolist() == [0, 1]


def test_explanation_and_sensitivity_of_an_answer_see_the_other_answers():
    rows = [("q=1", "ann"), ("q=1", "bo"), ("q=2", "cy")]
    evidence = pd.DataFrame(rows, columns=["claim_id", "source_id"])
    evidence = evidence.assign(type="witness", stance="supports", question_id="q")
    report = report_on(evidence, ["d0"], ClaimScorer())
    steps = report.explain("q=1")
    assert steps.index[-1] == "other answers"
    confidence = report.claims.loc["q=1", "confidence"]
    assert 1 / (1 + np.exp(-steps["log_odds"].sum())) == pytest.approx(confidence)
    assert set(report.sensitivity("q=1")["claim_id"]) == {"q=1"}
    assert "other answers" in report.describe("q=1")


# ---- JSON ----


def test_report_on_other_evidence(report):
    evidence = report.evidence.assign(attribution_id=["a1", "a2", "a3", "a4"])
    evidence = report.with_evidence(evidence).evidence  # now each row knows where it comes from
    known = report.with_evidence(evidence)
    loose = {"check_dtype": False, "check_index_type": False}
    pd.testing.assert_frame_equal(known.claims, report.claims, **loose)
    pd.testing.assert_frame_equal(known.attributions, report.attributions)

    mended = evidence.drop(index=3)
    mended.loc[1, ["stance", "type"]] = ["supports", "hearsay"]
    added = {"claim_id": "c9", "source_id": "s", "type": "witness", "stance": "denies"}
    after = known.with_evidence(pd.concat([mended, pd.DataFrame([added])]))
    assert after.claims["n_attributions"].to_dict() == {"c1": 3, "c2": 0, "c9": 1}
    assert after.claims.loc["c9", "claim"] == "c9"
    assert after.claims.loc["c2", "confidence"] == pytest.approx(0.5)
    assert after.attributions["claim_stance"].tolist()[:3] == ["supports", "supports", "denies"]
    assert after.attributions["claim_stance"].isna().tolist() == [False, False, False, True]
    assert after.attributions["type"].tolist()[1] == "hearsay"
    assert after.texts.equals(report.texts)
    expected = ClaimScorer().predict(after.evidence, after.claims.index)["confidence"]
    assert after.claims["confidence"].tolist() == expected.tolist()
    assert "<mark" in after.to_html()
    # the report that it was made of is as it was
    assert known.evidence.equals(evidence)


def test_a_type_that_was_changed_counts():
    report = ss.score("Ann Lee, the mayor, said the bridge was closed.", ["The bridge was closed"])
    mended = report.evidence.assign(type="hearsay")
    told = mended.assign(type_proba=[{"hearsay": 1.0}])
    after = report.with_evidence(mended)
    assert after.claims.equals(report.with_evidence(told).claims)
    assert not after.claims.equals(report.claims)
    assert after.attributions["type"].tolist() == ["hearsay"]
    assert after.attributions["type_proba"].tolist() == [None]


def test_evidence_without_attributions_can_be_mended():
    evidence = pd.DataFrame(
        {
            "claim_id": "c",
            "source_id": ["a", "b"],
            "type": ["witness", "document"],
            "type_proba": [{"witness": 0.5, "document": 0.5}] * 2,
            "stance": "supports",
        }
    )
    report = Report.from_evidence(evidence)
    same = report.with_evidence(report.evidence)
    pd.testing.assert_frame_equal(same.claims, report.claims)
    changed = report.evidence
    changed.loc[0, "type"] = "hearsay"
    proba = report.with_evidence(changed).evidence["type_proba"].tolist()
    assert proba == [None, {"witness": 0.5, "document": 0.5}]


def test_a_relay_that_was_changed_is_changed_in_the_attribution():
    report = ss.score("Ann Lee said the mill is shut.", claims=["The mill is shut"], outlet="a.org")
    table = report.evidence.assign(via=[("b.org",)] * len(report.evidence))
    mended = report.with_evidence(table)
    assert mended.attributions["via"].tolist() == [("b.org",)]
    gone = table.assign(via=[pd.NA], via_types=[pd.NA], source_name=[pd.NA])
    assert report.with_evidence(gone).attributions["source_name"].isna().all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda r: Report.from_evidence(r.evidence, 3), "scorer must be a ClaimScorer; got 3"),
        (lambda r: Report.from_evidence(r.evidence, claims=3), "claims must be a mapping .* got 3"),
        (lambda r: Report.from_evidence(r.evidence, claims={"c1": 3}), "must be strings; got 3"),
        (lambda r: r.to_html(3), "path must be a str or a path; got 3"),
        (lambda r: r.to_json([]), r"path must be a str or a path; got \[\]"),
        (lambda r: r.to_claimreview(**REVIEW, urls=["x"]), "urls must be a mapping of doc_id"),
        (lambda r: report_of({"d": "x"}, [], {}, articles=[]), "articles must be a pandas DataFra"),
    ],
)
def test_wrong_objects_are_named(report, make, message):
    with pytest.raises(TypeError, match=message):
        make(report)


def test_articles_go_by_their_index():
    articles = pd.DataFrame({"doc_id": ["d"], "outlet": ["a.org"]})
    with pytest.raises(ValueError, match=r"articles.set_index\('doc_id'\)"):
        report_of({"d": "x"}, [], {}, articles=articles)
    dated = articles.set_index("doc_id").assign(published=["nonsense"])
    with pytest.raises(ValueError, match="articles.published"):
        report_of({"d": "x"}, [], {}, articles=dated)


def test_evidence_that_has_been_through_csv_is_the_same(tmp_path):
    text = "Radio Lowen reported that dockers had said the hull was cracked. The mayor denied it."
    report = ss.score(text, {"cracked": "The hull was cracked"}, outlet="lowen.example")
    assert len(report.evidence)
    report.evidence.to_csv(tmp_path / "evidence.csv", index=False)
    again = report.with_evidence(pd.read_csv(tmp_path / "evidence.csv"))
    pd.testing.assert_frame_equal(again.claims, report.claims)
    pd.testing.assert_frame_equal(again.attributions, report.attributions)
    assert again.evidence["via"].tolist() == report.evidence["via"].tolist()
    assert again.evidence["type_proba"].tolist() == report.evidence["type_proba"].tolist()


def test_json_round_trip(report, tmp_path):
    written = report.to_json(tmp_path / "r.json")
    read = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert read == json.loads(written)
    assert read["documents"] == [
        {
            "doc_id": "d1",
            "text": TEXT,
            "outlet": "lowen.example",
            "published": "2025-03-14T00:00:00",
        }
    ]
    assert [claim["claim_id"] for claim in read["claims"]] == ["c1", "c2"]
    for row in read["attributions"]:
        assert " ".join(TEXT[s:e] for s, e in row["content_spans"]) == row["content"]
        assert row["parent_id"] is None
    assert read["evidence"][2]["via"] == ["Radio Lowen"]
    assert read["claims"][0]["confidence"] == report.claims["confidence"].iloc[0]


def test_json_keeps_surrogates_and_other_scripts(tmp_path):
    text = "\x00 лодка \ud800 \U0001f6a2"
    report_of({"d1": text}, [], {}).to_json(tmp_path / "r.json")
    raw = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert "лодка" in raw
    assert json.loads(raw)["documents"][0]["text"] == text


# ---- ClaimReview ----

REVIEW = {
    "author": "Lowen Desk",
    "url": "https://example.org/ferry",
    "date_published": "2025-04-01",
}


def test_claim_review_has_what_schema_org_asks_for(report, tmp_path):
    written = report.to_claimreview("c1", **REVIEW, path=tmp_path / "r.json")
    assert (tmp_path / "r.json").read_text(encoding="utf-8") == written + "\n"
    review = json.loads(written)
    assert review["@context"] == "https://schema.org"
    assert review["@type"] == "ClaimReview"
    assert review["claimReviewed"] == "The hull is <em>sound</em>"
    assert review["url"] == "https://example.org/ferry#c1"
    assert review["author"] == {"@type": "Organization", "name": "Lowen Desk"}
    assert review["datePublished"] == "2025-04-01"
    rating, claim = review["reviewRating"], report.claims.loc["c1"]
    assert rating["@type"] == "Rating"
    assert (rating["worstRating"], rating["bestRating"]) == (1, 5)
    assert rating["ratingValue"] == pytest.approx(1 + 4 * claim["confidence"], abs=0.006)
    assert rating["alternateName"] == claim["verdict"]
    assert "not a finding of fact" in rating["ratingExplanation"]
    assert "sources" in review["reviewAspect"]
    item = review["itemReviewed"]
    assert item["@type"] == "Claim"
    assert item["author"][0]["name"].startswith('Ada "Sea"')
    assert item["appearance"] == [
        {
            "@type": "CreativeWork",
            "identifier": "d1",
            "datePublished": "2025-03-14",
            "publisher": {"@type": "Organization", "name": "lowen.example"},
        }
    ]


def test_claim_reviews_of_all_claims(report, empty_report):
    reviews = json.loads(report.to_claimreview(**REVIEW, urls={"d1": "https://lowen.example/1"}))
    assert [review["url"][-3:] for review in reviews] == ["#c1", "#c2"]
    assert reviews[0]["itemReviewed"]["appearance"][0]["url"] == "https://lowen.example/1"
    assert "author" not in reviews[1]["itemReviewed"], "nobody supports it"
    assert json.loads(empty_report.to_claimreview(**REVIEW)) == []
    person = {"@type": "Person", "name": "Ann Lee"}
    own = json.loads(report.to_claimreview("c2", author=person, url="http://example.org/a#b"))
    assert own["author"] == person
    assert own["url"] == "http://example.org/a#b"


def test_claim_review_leaves_out_documents_that_nobody_could_find():
    evidence = pd.DataFrame(
        {
            "claim_id": "c1",
            "source_id": ["a", "b", "c"],
            "type": "named_official",
            "stance": "supports",
            "doc_id": ["d1", None, "d3"],
        }
    )
    articles = pd.DataFrame({"doc_id": ["d1", "d3"], "text": "", "outlet": ["Lowen Press", None]})

    def appearances(report, **others):
        review = json.loads(report.to_claimreview("c1", **REVIEW, **others))
        return review["itemReviewed"].get("appearance")

    report = Report.from_evidence(evidence, articles=articles)
    assert [work["identifier"] for work in appearances(report)] == ["d1"]
    with_urls = appearances(report, urls={"d3": "https://lowen.example/3"})
    assert with_urls[1] == {"@type": "CreativeWork", "url": "https://lowen.example/3"}
    assert appearances(Report.from_evidence(evidence.drop(columns="doc_id"))) is None


@given(st.text(alphabet="<>&/script!-\"'\\\ud800\x00\u2028é", max_size=40))
def test_claim_review_is_safe_inside_html(hostile):
    text = f"{hostile} said so"
    row = attribution(text, "", "said", ["so"], source_id="s", source_name=hostile)
    articles = pd.DataFrame({"outlet": [hostile], "published": [pd.NaT]}, index=["d1"])
    report = report_of({"d1": text}, [row], {"c1": hostile or "c"}, articles=articles)
    written = report.to_claimreview("c1", **REVIEW)
    assert not set("<>&") & set(written)
    assert json.loads(written)["claimReviewed"] == (hostile or "c")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"url": "javascript:alert(1)"}, "url must be a full web address"),
        ({"url": "http://[broken"}, "url must be a full web address"),
        ({"author": " "}, "author must be the name"),
        ({"author": {"@type": "Person"}}, "author must be the name"),
        ({"date_published": "soon"}, "date_published must be a date"),
        ({"urls": {"d1": "lowen"}}, r"urls\['d1'\] must be a full web address"),
        ({"claim_id": "c9"}, "no claim 'c9'"),
    ],
)
def test_claim_review_says_what_is_wrong(report, wrong, message):
    with pytest.raises(ValueError, match=message):
        report.to_claimreview(**(REVIEW | wrong))


# ---- terminal ----


def test_terminal_table(report):
    lines = str(report).splitlines()
    assert lines[0] == "2 claims from 4 attributions in 1 document"
    assert lines[2].split() == ["claim_id", "confidence", "verdict", "for", "against", "claim"]
    assert lines[3].split()[0] == "c1"
    assert "The hull is <em>sound</em>" in str(report)


@pytest.mark.parametrize("width", ["80", "120"])
def test_terminal_table_is_safe_and_wraps(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    claims = {f"c{i}": "the tide\x1b[31m turned\u202e\n\ud800 " * 9 for i in range(50)}
    report = report_of({"d1": "Tide."}, [], claims)
    shown = str(report)
    assert shown.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", shown)
    assert max(map(len, shown.splitlines())) <= int(width)
    assert repr(report).endswith("... and 30 more (print the report for all)")


def test_empty_report(empty_report):
    assert repr(empty_report) == str(empty_report) == "0 claims from 0 attributions in 1 document"
    assert json.loads(empty_report.to_json())["claims"] == []
    source = empty_report.to_html()
    Page(source)
    assert "No claims were found." in source
    Page(report_of({}, [], {}).to_html())


# ---- the page ----


def test_page_stands_alone(report, tmp_path):
    source = report.to_html(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == source
    page = Page(source)
    assert "default-src 'none'; style-src 'unsafe-inline'" in source
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert not re.search(r"https?:|url\(|@import", source)
    assert report._repr_html_() in source


def test_page_escapes_what_came_from_the_text(report):
    page = report.to_html()
    assert not re.search("<b>sound|<i>Sons|<em>", page)
    assert "Ada &quot;Sea&quot; O&#x27;Hara &amp; &lt;i&gt;Sons&lt;/i&gt;" in page
    hostile = '"><script>alert(1)</script>'
    text = f"{hostile} said {hostile}"
    row = attribution(text, hostile, "said", [hostile], type=hostile, claim_id=hostile)
    row |= {"doc_id": hostile, "via": (hostile,), "type_proba": {hostile: 0.5}}
    row |= {"type": "witness", "claim_stance": "supports"}
    articles = pd.DataFrame({"outlet": [hostile], "published": [pd.NaT]}, index=[hostile])
    source = report_of({hostile: text}, [row], {hostile: hostile}, articles=articles).to_html()
    assert "script" not in Page(source).tags


def test_page_escapes_labels_of_the_user(report):
    attributions = report.attributions.assign(type="<blink>")
    other = Report(
        texts=report.texts,
        attributions=attributions,
        claims=report.claims,
        evidence=report.evidence,
        scorer=ClaimScorer(),
    )
    assert "<blink>" not in other.to_html().lower()


def test_page_shows_the_text_and_links_claims_to_it(report):
    page = Page(report.to_html())
    assert TEXT.replace("\r", "").split("\n")[2] in page.paragraphs
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert sum(bool(re.search(r"-a\d+$", link)) for link in page.links) == 4


def test_page_nests_and_splits(report):
    source = report.to_html()
    outer = re.search(r'<mark class="x t009E73 asserts k0 h1".*?</mark></mark>', source)
    assert outer, "the content that holds another content is drawn as the taller box"
    assert re.search(r'<mark class="x tF0E442 asserts k1 h0"', outer[0])
    assert len(re.findall(r'<mark class="x t0072B2 asserts', source)) == 2, "discontinuous content"
    assert 'data-tag="DENIAL ≠"' in source
    assert "named official 93%" in source
    assert "certainty 0.70" in source


def test_page_of_many_documents_and_claims():
    text = "Ada said yes."
    row = attribution(text, "Ada", "said", ["yes"])
    rows = [row | {"doc_id": f"d{i}", "claim_id": f"c{i}"} for i in range(210)]
    report = report_of(
        {f"d{i}": text for i in range(210)}, rows, {f"c{i}": "It is so" for i in range(210)}
    )
    source = report.to_html()
    Page(source)
    assert source.count('<table class="waterfall">') == 200
    assert len(re.findall(r'<details class="doc" id="[^"]*" open>', source)) == 3
    assert source.count("<summary>▲ 1 for · ▼ 0 against</summary>") == 190


def test_page_cuts_long_lists_and_says_so():
    text = "Ada said yes."
    row = attribution(text, "Ada", "said", ["yes"])
    rows = [row | {"source_id": f"s{i}", "source_name": f"Ada {i}"} for i in range(40)]
    source = report_of({"d1": text}, rows, {"c1": "It is so"}).to_html()
    assert "and 15 more" in source
    assert "17 weaker ones" in source


@pytest.fixture
def change_of_mind() -> Report:
    """A ministry that first supports a claim and then denies it, beside a witness."""
    text = "The ministry said the road is shut. It was seen. The road is open, the ministry said."
    ministry = {"source_id": "ministry", "source_name": "The ministry"}
    rows = [
        attribution(text, "The ministry", "said", ["the road is shut"], **ministry),
        attribution(text, "", "seen", ["It was"], type="witness", doc_id="d2", source_id="w"),
        attribution(
            text,
            "the ministry",
            "said",
            ["The road is open"],
            **ministry,
            type="state_denial",
            stance="denies",
            claim_stance="denies",
            doc_id="d2",
        ),
    ]
    report = report_of({"d1": text, "d2": text}, rows, {"c1": "The road is shut"})
    dates = report.evidence["doc_id"].map({"d1": "2025-03-01", "d2": "2025-03-04"})
    ids = ["a1", "a2", "a3"]
    return report.with_evidence(report.evidence.assign(published=dates, attribution_id=ids))


def test_a_change_of_mind_counts_once_everywhere(change_of_mind):
    report = change_of_mind
    claim = report.claims.loc["c1"]
    assert (claim["n_supporting"], claim["n_denying"], claim["n_origins"]) == (1, 1, 2)
    sides = re.search(r'<dl class="sides">(.*?)</dl>', report.to_html(), re.S)[1]
    supported, denied, taken_back = re.findall(r"<dt.*?</dd>", sides, re.S)
    assert "Supported by 1 source<" in supported
    assert "The ministry<" not in supported
    assert "Denied by 1 source<" in denied
    assert "The ministry<" in denied
    assert "Supported, but taken back since" in taken_back
    assert "The ministry<" in taken_back
    assert ">a1</a>" in taken_back
    assert report.to_html().count("(taken back since)") == 1
    review = json.loads(report.to_claimreview("c1", **REVIEW))
    assert "author" not in review["itemReviewed"], "the ministry no longer makes the claim"
    assert report.explain("c1").index.tolist() == ["claim prior", "w", "ministry"]


def test_page_says_when_several_sources_count_as_one():
    evidence = pd.DataFrame(
        {
            "claim_id": "c1",
            "source_id": ["a", "b", "c"],
            "type": "media_report",
            "stance": "supports",
            "content": ["the road was shut by the army late on Monday night"] * 2 + ["it is shut"],
        }
    )
    report = Report.from_evidence(evidence)
    assert report.claims.loc["c1", "n_supporting"] == 2
    assert "Supported by 3 sources, counted as 2<" in report.to_html()


def test_page_of_a_claim_on_which_nobody_speaks():
    page = ss.score("It rained.", claims=["The bridge is shut. " * 20]).to_html()
    assert "No source speaks on it" in page
    assert "What each source adds" not in page
    assert "Nothing is attributed to a source here" in page
    assert "How to read the marks" not in page
    assert '<h3 class="long">' in page


def test_page_of_evidence_from_elsewhere_counts_statements():
    evidence = pd.DataFrame(
        {"claim_id": "c", "source_id": ["a", "b"], "type": "witness", "stance": "supports"}
    )
    page = Report.from_evidence(evidence, articles=["It rained.", "It did not."]).to_html()
    assert "1 claim, 2 statements, 2 documents" in page
    assert "0 attributions" not in page


def test_page_survives_any_character(tmp_path):
    text = "\x00\ud800 Ada\u2028said \udfff\x85yes\x0c\r\rno"
    rows = [attribution(text, "Ada", "said", ["\udfff\x85yes"])]
    report = report_of({"d1": text}, rows, {"c1": "\ud800"})
    Page(report.to_html(tmp_path / "r.html"))
    assert (tmp_path / "r.html").read_bytes().decode("utf-8")


def story(hostile: str = "", n_documents: int = 4) -> Report:
    """One claim over several documents, of which `hostile` names all that can be named."""
    text = f"Ada {hostile} said yes."
    row = attribution(text, "Ada", "said", ["yes"])
    rows = [
        row | {"doc_id": f"d{i}{hostile}", "source_id": f"s{i}", "source_name": f"Ada {i}{hostile}"}
        for i in range(n_documents)
    ]
    rows[1] |= {"claim_stance": "denies"}
    index = [row["doc_id"] for row in rows]
    dates = pd.date_range("2025-03-01", periods=n_documents)
    articles = pd.DataFrame({"outlet": f"Post{hostile}", "published": dates}, index=index)
    return report_of(dict.fromkeys(index, text), rows, {"c1": "It is so"}, articles=articles)


def test_page_shows_the_history_where_there_are_several_documents(report):
    assert "document by document" not in report.to_html()
    source = story().to_html()
    page = Page(source)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    table = source[source.index("How it went, document by document") :]
    table = table[: table.index("</table>")]
    assert table.count("<tr>") == 6
    assert re.findall("[▲▼◆]", table) == ["▲", "▼", "▲", "▲"]
    assert "2025-03-02" in table
    for confidence in story().history("c1")["confidence"]:
        assert f">{100 * confidence:.0f}%</td>" in table


def test_page_bounds_long_histories():
    source = story(n_documents=60).to_html()
    Page(source)
    table = source[source.index("How it went, document by document") :]
    assert table[: table.index("</table>")].count("<tr>") <= 27
    assert re.search(r"and \d before it", table)


@given(st.text(alphabet="<>&\"'=/ scriptonload\ud800\x00\u202e\n", max_size=30))
@settings(max_examples=25)
def test_page_of_hostile_documents_is_well_formed(hostile):
    report = story(hostile.strip())
    page = Page(report.to_html())
    assert {"script", "img", "iframe", "svg"}.isdisjoint(page.tags)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_page_is_for_the_keyboard_too(report):
    source = report.to_html()
    assert source.count('tabindex="0" aria-describedby=') == len(report.attributions)
    described = re.findall(r'aria-describedby="([^"]*)"', source)
    assert set(described) <= set(Page(source).ids)
    assert source.count("<details") == source.count("<summary>")
    assert ":focus-visible { outline: 2px solid" in source


def test_page_prints_light_and_open(report):
    css = report.to_html().split("@media print {")[-1]
    assert "color-scheme: light;" in css
    assert "details::details-content { content-visibility: visible;" in css


# ---- contrast ----


def css_colours() -> dict[str, tuple[str, str]]:
    """The colours by day and by night that the style sheet names."""
    css = files("sourcescore.report").joinpath("assets/report.css").read_text(encoding="utf-8")
    named = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {name: (day.upper(), night.upper()) for name, day, night in named}


def mixed(colour: str, share: float, paper: str) -> str:
    """What ``color-mix(in srgb, colour share, paper)`` gives."""
    pairs = ((int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (colour, paper))
    channels = (share * a + (1 - share) * b for a, b in zip(*pairs, strict=True))
    return "#" + "".join(f"{round(c):02X}" for c in channels)


TYPES = [style.colour for style in type_styles([*AttributionType]).values()]


@pytest.mark.parametrize("night", [0, 1], ids=["day", "night"])
def test_texts_have_the_contrast_of_wcag_aa(night):
    colour = {name: pair[night] for name, pair in css_colours().items()}
    assert {"ink", "soft", "paper", "desk", "for", "against", "link"} <= set(colour)
    assert colour["paper"] == html._PAPERS[night], "the lines of the types are made for it"
    for text in ("ink", "soft", "for", "against", "link"):
        for ground in ("paper", "desk"):
            assert contrast(colour[text], colour[ground]) >= 4.5, (text, ground)
    for tint in TYPES:
        for share in (0.15, 0.16, 0.34, 0.34 + 0.19):  # content, chip, lit content, its source
            assert contrast(colour["ink"], mixed(tint, share, colour["paper"])) >= 4.5, tint


@pytest.mark.parametrize("paper", html._PAPERS)
def test_lines_have_the_contrast_of_wcag_aa(paper):
    night = html._PAPERS.index(paper)
    for colour in TYPES:
        assert contrast(edge(colour, paper), paper) >= 3, colour
    for name in ("for", "against"):
        assert contrast(css_colours()[name][night], paper) >= 3
    assert edge("#FFFFFF", "#FFFFFF") != "#FFFFFF"


def test_same_report_same_page(report):
    assert report.to_html() == report.to_html()


# ---- marking ----


@st.composite
def marked_texts(draw):
    text = draw(st.text('ab<&" \n\r\x00\ud800é', max_size=40))
    n = draw(st.integers(1, 2 * GROUP_SIZE))
    place = st.integers(-2, len(text) + 2)
    role = st.sampled_from(["source", "cue", "content"])
    pieces = draw(
        st.lists(st.builds(Piece, place, place, role, st.integers(0, n - 1)), max_size=40)
    )
    return text, pieces, [Voice(f"a{i}", f"t{i}", "<T>", "card") for i in range(n)]


@given(marked_texts())
def test_marked_text_is_the_text_in_well_formed_html(marked):
    text, pieces, voices = marked
    page = Page(mark_text(text, pieces, voices))
    assert page.paragraphs == [line for line in re.split(r"[\r\n]+", clean(text)) if line]
    assert len(page.ids) == len(set(page.ids))


class Cover(HTMLParser):
    """For each character of the paragraphs, the pieces it is marked as."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.cover: list[set[str]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.stack.append(dict(attrs).get("class", ""))

    def handle_endtag(self, tag):
        self.stack.pop()

    def handle_data(self, data):
        if self.stack and "cards" not in self.stack:
            marks = {" ".join(c.split()[:2]) for c in self.stack if re.match("[scx] ", c)}
            self.cover += [marks] * len(data)


@given(marked_texts())
def test_each_character_is_marked_as_what_it_is(marked):
    text, pieces, voices = marked
    pieces = pieces[:8]  # more than that may lie on one another without all being drawn
    expected = [
        {f"{p.role.replace('content', 'x')[0]} t{p.voice}" for p in pieces if p.start <= i < p.end}
        for i, character in enumerate(text)
        if character not in "\r\n"
    ]
    assert Cover(mark_text(text, pieces, voices)).cover == expected


def test_crossing_pieces_are_split_and_reopened():
    voices = [Voice("a0", "t0", "", ""), Voice("a1", "t1", "", "")]
    source = mark_text("abcdef", [Piece(0, 4, "content", 0), Piece(2, 6, "content", 1)], voices)
    plain = re.sub(r'<span class="cards">.*', "", source)
    assert re.sub("<[^>]*>", "|", plain).strip("|") == "ab|cd|||ef"
    assert plain.count("<mark") == 3


def test_groups_stay_small():
    """A thousand attributions that all overlap still give groups of bounded size."""
    voices = [Voice(f"a{i}", f"t{i}", "", "") for i in range(1000)]
    pieces = [Piece(i, 2000 - i, "content", i) for i in range(1000)]
    pieces += [Piece(i, i + 1, "cue", i) for i in range(0, 2000, 2) if i < 1000]
    source = mark_text("x" * 2000, pieces, voices)
    numbers = {int(k) for k in re.findall(r" k(\d+)", source)}
    assert max(numbers) < GROUP_SIZE
    assert len(source) < 400 * len(pieces) + 2000


def test_far_apart_pieces_share_no_group_across_paragraphs():
    voices = [Voice("a0", "t0", "", "who")]
    source = mark_text("ab\ncd", [Piece(0, 1, "source", 0), Piece(3, 4, "content", 0)], voices)
    assert source.count('class="card ') == 2, "the card is there wherever a piece is"
    assert source.count('id="a0-card"') == 1


def test_a_claim_is_described_in_words():
    said = (
        "The port of Varna is closed, said Mayor Ann Lee. Sailors denied that the port is closed."
    )
    report = ss.score(said, claims=["The port of Varna is closed"])
    words = report.describe("c1")
    claim = report.claims.loc["c1"]
    assert words.startswith("The port of Varna is closed\n")
    assert f"{claim['verdict']}: {claim['confidence']:.0%}" in words
    assert "- before anybody is heard: 50%" in words
    assert "supported it, as" in words
    assert "Sailors denied it, as" in words, "the verb fits one and many"
    assert "Without " in words
    moves = report.sensitivity("c1")
    assert (moves["claim_id"] == "c1").all()
    with pytest.raises(ValueError, match="no claim 'c9'"):
        report.sensitivity("c9")
    with pytest.raises(ValueError, match="no claim 'c9'"):
        report.describe("c9")


class TestFromEvidence:
    """A report on evidence from elsewhere."""

    evidence = pd.DataFrame(
        [
            ("x", "a", "witness", "supports", "d1"),
            ("x", "b", "state_denial", "denies", "d2"),
            ("y", "a", "witness", "supports", "d2"),
        ],
        columns=["claim_id", "source_id", "type", "stance", "doc_id"],
    )

    def test_the_scores_are_those_of_the_scorer(self):
        scorer = ClaimScorer({"claim_prior": 0.3})
        report = Report.from_evidence(self.evidence, scorer)
        expected = scorer.predict(self.evidence)
        assert report.claims["confidence"].to_dict() == expected["confidence"].to_dict()
        assert report.claims["claim"].to_dict() == {"x": "x", "y": "y"}
        assert report.claims["n_attributions"].to_dict() == {"x": 2, "y": 1}
        assert "2 claims from 3 statements" in str(report)

    def test_claims_say_which_and_how_they_read(self):
        report = Report.from_evidence(self.evidence, claims={"y": "It rained", "z": "It snowed"})
        assert report.claims["claim"].tolist() == ["It rained", "It snowed"]
        assert report.claims.loc["z", "confidence"] == pytest.approx(0.5)

    def test_it_explains_shows_and_stores(self):
        articles = pd.DataFrame(
            {
                "doc_id": ["d1", "d2"],
                "text": ["It rained.", "It did not."],
                "published": ["2025-02-01", "2025-02-02"],
            }
        )
        report = Report.from_evidence(self.evidence, articles=articles)
        log_odds = report.explain("x")["log_odds"].sum()
        assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(report.claims.loc["x", "confidence"])
        assert report.history("x")["doc_id"].tolist()[1:] == ["d1", "d2"]
        assert "It did not." in report.to_html()
        assert json.loads(report.to_json())["evidence"][0]["source_id"] == "a"

    def test_numbers_as_ids(self):
        report = Report.from_evidence(self.evidence.assign(claim_id=[1, 1, 2]))
        assert report.claims.index.tolist() == [1, 2]
        assert report.claims.loc[1, "n_origins"] == 2
        with pytest.raises(ValueError, match="no claim 3; known are 1, 2"):
            report.explain(3)

    def test_no_evidence(self):
        report = Report.from_evidence(self.evidence[:0])
        assert report.claims.empty
        assert Report.from_evidence(self.evidence[:0], claims={"x": "It rained"}).claims.shape[0]

    @pytest.mark.parametrize("claims", ["It rained", ["It rained"], {"q": "It rained"}])
    def test_claims_that_are_not_those_of_the_evidence(self, claims):
        with pytest.raises(ValueError, match="must go by the claim_id of the evidence"):
            Report.from_evidence(self.evidence, claims=claims)

    def test_wrong_evidence(self):
        with pytest.raises(ValueError, match="lacks the column type"):
            Report.from_evidence(self.evidence.drop(columns="type"))
