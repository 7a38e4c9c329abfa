import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import sourcescore as ss
from sourcescore.compare import analyse
from sourcescore.link import ClaimLinker
from sourcescore.link.features import pair_matrix, pairs_within, read_rows
from sourcescore.link.grouping import (
    MAX_CANDIDATES,
    candidate_pairs,
    group,
    merge_identical,
    merge_pairs,
)
from sourcescore.link.linear import Linear
from sourcescore.link.wording import claim_text, is_negated_clause, own_words
from sourcescore.metrics import b_cubed
from sourcescore.models import load_words, save_model
from sourcescore.tables import attributions_frame


@pytest.fixture(scope="module")
def linker():
    return ss.load_model("linker")


@pytest.fixture(scope="module")
def corpus():
    return ss.datasets.load_articles()


def statements(*rows, doc="d"):
    """A document: (source, cue, content, stance), with spans that keep the order."""
    sources, cues, contents, stances = zip(*rows, strict=True)
    columns = {
        "doc_id": [doc] * len(rows),
        "attribution_id": [str(k + 1) for k in range(len(rows))],
        "source": sources,
        "cue": cues,
        "content": contents,
        "sentence": [f"{s} {c} {t}." for s, c, t, _ in rows],
        "stance": stances,
        "content_spans": [[(100 * k, 100 * k + 90)] for k in range(len(rows))],
    }
    return attributions_frame(columns, len(rows))


BRIDGE = statements(
    ("The mayor", "said", "the old bridge over the Wenna had collapsed", "asserts"),
    ("Radio Nord", "reported", "that the Wenna bridge collapsed at dawn", "asserts"),
    ("The ministry", "denied", "it", "denies"),
    ("A union", "said", "nurses at the city hospital would strike over pay", "asserts"),
    ("Residents", "want", "a new mayor", "neither"),
)


def test_statements_of_one_claim_meet_and_others_do_not(linker):
    linked, claims = linker.link(BRIDGE)
    assert linked["claim_id"].tolist()[:4] == ["c1", "c1", "c1", "c2"]
    assert linked["claim_stance"].tolist() == [
        "supports", "supports", "denies", "supports", "unrelated",
    ]  # fmt: skip
    assert pd.isna(linked["claim_id"].iloc[4])
    assert claims.index.name == "claim_id"
    assert "bridge" in claims.loc["c1", "claim"]


def test_a_denied_content_is_the_claim_without_its_negation(linker):
    one = statements(("The bank", "denied", "reports that it had run out of cash", "denies"))
    linked, claims = linker.link(one)
    assert linked["claim_stance"].tolist() == ["denies"]
    assert claims["claim"].tolist() == ["It had run out of cash"]


def test_a_denial_of_a_denial_supports(linker):
    rows = statements(
        ("The union", "said", "the Okan dam had burst on Friday night", "asserts"),
        ("The operator", "denied", "that the Okan dam had burst", "denies"),
        ("Villagers", "disputed", "that", "denies"),
    )
    linked, _ = linker.link(rows)
    assert set(linked["claim_id"]) == {"c1"}
    assert linked["claim_stance"].tolist() == ["supports", "denies", "supports"]


def test_a_relay_has_the_side_of_what_it_relays(linker):
    rows = statements(
        ("A paper", "reported", "that the firm had dumped acid in the river Lorne", "asserts"),
        ("An agency", "quoted", "the firm as denying that it had dumped acid in the river Lorne",
         "asserts"),
        ("the firm", "denying", "that it had dumped acid in the river Lorne", "denies"),
    )  # fmt: skip
    rows.loc[2, "parent_id"] = "2"
    linked, _ = linker.link(rows)
    assert set(linked["claim_id"]) == {"c1"}
    assert linked["claim_stance"].tolist() == ["supports", "denies", "denies"]


def test_the_rows_come_back_as_they_were(linker, corpus):
    table = corpus.attributions.drop(columns=["claim_id", "claim_stance"])
    table = table.sample(frac=1, random_state=3)
    table.index = pd.Index([f"row{k}" for k in range(len(table))])
    linked, claims = linker.link(table)
    pd.testing.assert_frame_equal(linked[table.columns], table)
    neither = table["stance"] == "neither"
    assert linked["claim_id"][neither].isna().all()
    assert linked["claim_id"][~neither].notna().all()
    assert set(linked["claim_id"].dropna()) == set(claims.index)


@settings(max_examples=8, deadline=None)
@given(st.randoms())
def test_the_order_of_documents_does_not_matter(linker, corpus, random):
    docs = sorted(corpus.texts.index)[:6]
    table = corpus.attributions[corpus.attributions["doc_id"].isin(docs)]
    blocks = [table[table["doc_id"] == doc] for doc in random.sample(docs, len(docs))]
    one = linker.link(table)[0]
    other = linker.link(pd.concat(blocks))[0].loc[table.index]
    spoken = table["stance"] != "neither"
    assert b_cubed(one["claim_id"][spoken], other["claim_id"][spoken])[2] == 1
    assert one["claim_stance"].equals(other["claim_stance"])


def test_documents_on_one_claim_are_joined(linker):
    headlines = {
        "a": "Volcano Mount Harrat erupts near Tarim, thousands flee",
        "b": "Thousands flee Tarim as Mount Harrat volcano erupts",
        "c": "Parliament in Tarim passes budget after long night",
    }
    rows = [statements(("", "", text, "asserts"), doc=doc) for doc, text in headlines.items()]
    linked, _ = linker.link(pd.concat(rows, ignore_index=True))
    a, b, c = linked["claim_id"]
    assert a == b != c


def test_given_claims(linker):
    claims = {"bridge": "A bridge over the Wenna collapsed", "vote": "The senator lost the vote"}
    linked, found = linker.link(BRIDGE, claims)
    assert linked["claim_id"].tolist()[:2] == ["bridge", "bridge"]
    assert linked["claim_stance"].tolist()[:2] == ["supports", "supports"]
    assert pd.isna(linked["claim_id"].iloc[3])
    assert linked["claim_stance"].iloc[3] == "unrelated"
    assert found["claim"].to_dict() == claims


@pytest.mark.parametrize(
    "claims",
    ["A bridge collapsed", ["A bridge collapsed"], pd.Series({"c1": "A bridge collapsed"}),
     pd.DataFrame({"claim_id": ["c1"], "claim": ["A bridge collapsed"]})],
)  # fmt: skip
def test_claims_may_be_given_in_many_forms(linker, claims):
    assert linker.link(BRIDGE, claims)[1]["claim"].to_dict() == {"c1": "A bridge collapsed"}


def test_many_given_claims_find_the_right_one(linker):
    claims = {f"x{k}": f"Team {k} won match number {k} in the league" for k in range(40)}
    claims["bridge"] = "The Wenna bridge collapsed"
    assert linker.link(BRIDGE, claims)[0]["claim_id"].iloc[1] == "bridge"


def test_nothing_gives_nothing(linker):
    linked, claims = linker.link(BRIDGE.iloc[:0])
    assert len(linked) == len(claims) == 0
    assert linker.link(BRIDGE, [])[0]["claim_id"].isna().all()
    assert len(linker.link(BRIDGE.iloc[4:])[1]) == 0


def test_only_ids_and_contents_are_needed(linker):
    table = pd.DataFrame({"doc_id": ["d", "d"], "content": ["The mine was shut", ""]})
    linked, claims = linker.link(table)
    assert linked["claim_stance"].tolist() == ["supports", "supports"]
    assert claims["claim"].iloc[0] == "The mine was shut"


@pytest.mark.parametrize("text", ["\x00", "\ud800", "‮שלום", "a" * 10_000, '"' * 500, "9" * 400])
def test_any_content_is_taken(linker, text):
    rows = pd.concat([BRIDGE, statements(("x", "said", text, "asserts"), doc="e")])
    linked, _ = linker.link(rows.reset_index(drop=True))
    assert linked["claim_id"].iloc[5] not in linked["claim_id"].iloc[:4].tolist()
    linker.link(rows, ["The Wenna bridge collapsed"])


def test_errors_say_what_to_do(linker):
    with pytest.raises(TypeError, match="attributions must be a pandas DataFrame"):
        linker.link(["text"])
    with pytest.raises(ValueError, match="lacks the column content"):
        linker.link(pd.DataFrame({"doc_id": ["d"]}))
    with pytest.raises(TypeError, match="claims must be texts; got 3"):
        linker.link(BRIDGE, [3])
    with pytest.raises(ValueError, match="lacks the column claim"):
        linker.link(BRIDGE, pd.DataFrame({"text": ["x"]}))
    with pytest.raises(ValueError, match="more than one claim"):
        linker.link(BRIDGE, pd.Series(["x", "y"], index=["c", "c"]))
    with pytest.raises(NotFittedError):
        ClaimLinker().link(BRIDGE)
    with pytest.raises(ValueError, match="no document has statements on two claims"):
        ClaimLinker().fit(BRIDGE.assign(claim_id="c1", claim_stance="supports"))


def test_fit_on_some_articles_groups_the_others(corpus):
    docs = sorted(corpus.texts.index)
    held = corpus.attributions["doc_id"].isin(docs[::4])
    linker = clone(ClaimLinker(C=0.01)).fit(corpus.attributions[~held])
    test = corpus.attributions[held & (corpus.attributions["stance"] != "neither")]
    test = test[test["claim_id"].notna()]
    found = linker.link(test.drop(columns=["claim_id", "claim_stance"]))[0]
    assert b_cubed(test["claim_id"], found["claim_id"])[2] > 0.6
    assert (found["claim_stance"] == test["claim_stance"]).mean() > 0.85
    with pytest.raises(ValueError, match="fitted without claims"):
        linker.link(test, ["x"])


def test_a_saved_linker_links_alike(linker, tmp_path):
    again = ss.load_model(save_model(linker, tmp_path / "linker"))
    for claims in (None, ["The Wenna bridge collapsed"]):
        one, other = linker.link(BRIDGE, claims)[0], again.link(BRIDGE, claims)[0]
        pd.testing.assert_frame_equal(one, other)


class Asked:
    """A stance classifier that knows the truth, and what it was asked."""

    classes_ = np.array(["denies", "supports", "unrelated"], dtype=object)

    def __init__(self, corpus):
        rows = corpus.attributions
        text = (
            (rows["source"] + " " + rows["cue"] + " " + rows["content"]).str.split().str.join(" ")
        )
        claim = rows["claim_id"].map(corpus.claims["claim"])
        self.known = dict(zip(zip(claim, text, strict=True), rows["claim_stance"], strict=True))
        self.asked = []

    def predict_proba(self, claims, texts):
        pairs = list(zip(claims, texts, strict=True))
        self.asked += pairs
        told = np.array([self.known.get(pair, "unrelated") for pair in pairs], dtype=object)
        return np.where(told[:, None] == self.classes_, 0.9, 0.05)


def test_a_stance_classifier_may_be_asked_about_given_claims(corpus):
    half = corpus.select(set(corpus.texts.index[:16]))
    asked = Asked(half)
    plain = ClaimLinker().fit(half.attributions, half.claims)
    linker = ClaimLinker(stance=asked).fit(half.attributions, half.claims)
    doc = half.texts.index[0]
    rows = half.attributions[half.attributions["doc_id"] == doc]
    claims = half.claims.loc[half.claims["doc_id"] == doc, "claim"]
    blank = rows.drop(columns=["claim_id", "claim_stance"])
    right = [
        (one.link(blank, claims)[0]["claim_stance"] == rows["claim_stance"]).mean()
        for one in (plain, linker)
    ]
    assert right[1] >= right[0]
    # one question a statement and a sentence, however many claims there are
    asked.asked.clear()
    linker.link(blank, claims)
    assert len(asked.asked) <= 2 * len(blank)
    # claims that are discovered need no classifier
    asked.asked.clear()
    pd.testing.assert_frame_equal(linker.link(blank)[0], plain.link(blank)[0])
    assert not asked.asked
    with pytest.raises(TypeError, match="save the classifier by itself"):
        linker.to_parts()
    with pytest.raises(TypeError, match="stance must be None, 'fast', 'accurate' or a fitted"):
        ClaimLinker(stance=3).fit(half.attributions, half.claims)


def test_pairs_stay_within_documents_and_in_order():
    left, right = pairs_within(np.array([0, 0, 0, 1, 1]))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [
        (0, 1), (0, 2), (1, 2), (3, 4),
    ]  # fmt: skip


def test_a_document_alone_has_the_features_it_has_among_others(corpus):
    words = load_words()
    docs = sorted(corpus.texts.index)[:3]
    table = corpus.attributions[corpus.attributions["doc_id"].isin(docs)].sort_values("doc_id")
    rows = read_rows(table, words)
    left, right = pairs_within(rows.document)
    matrix, _ = pair_matrix(rows, left, right)
    alone = read_rows(table[table["doc_id"] == docs[1]], words)
    a, b = pairs_within(alone.document)
    expected, _ = pair_matrix(alone, a, b)
    np.testing.assert_allclose(matrix[rows.document[left] == 1], expected, atol=1e-4)


edges = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.floats(0, 1)), max_size=40
).map(lambda rows: {(min(a, b), max(a, b)): p for a, b, p in rows if a != b})


@given(edges, st.floats(0.05, 0.95))
def test_groups_are_connected_by_likely_pairs(found, cut):
    left, right = (np.array([pair[k] for pair in found], dtype=int) for k in (0, 1))
    likely = np.array(list(found.values()), dtype=float)
    labels = group(12, left, right, likely, cut)
    assert labels[0] == 0
    assert set(labels) == set(range(labels.max() + 1))
    likely_enough = {pair for pair, p in found.items() if p >= cut}
    touched = {item for pair in likely_enough for item in pair}
    singles = [k for k in range(12) if k not in touched]
    assert all((labels == labels[k]).sum() == 1 for k in singles)


@given(edges, st.floats(0.05, 0.95), st.permutations(range(12)))
def test_grouping_does_not_depend_on_the_numbering(found, cut, order):
    order = np.array(order)
    left, right = (np.array([pair[k] for pair in found], dtype=int) for k in (0, 1))
    # no two alike: average linkage settles ties by position
    likely = np.random.default_rng(len(found)).uniform(size=len(found))
    labels = group(12, left, right, likely, cut)
    moved = group(12, order[left], order[right], likely, cut)
    assert b_cubed(labels, moved[order])[2] == pytest.approx(1)


def test_a_part_that_is_too_large_is_taken_apart():
    n = 1000
    left = np.arange(n - 1)
    likely = np.where(left % 10 == 9, 0.6, 0.99)
    labels = group(n, left, left + 1, likely, 0.3)
    assert len(labels) == n
    assert labels.max() > 0


def test_merged_pairs_are_the_means_between_groups():
    left, right, mean = merge_pairs(
        np.array([0, 0, 1, 2]), np.array([0, 1, 0, 0]), np.array([2, 2, 1, 3]),
        np.array([0.2, 0.6, 0.9, 0.5]),
    )  # fmt: skip
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (0, 2)]
    assert mean == pytest.approx([0.4, 0.5])


def test_candidates_are_bounded_by_the_statements_and_not_their_square(corpus):
    contents = corpus.attributions["content"].tolist()
    read = analyse(contents, load_words())
    n = len(contents)
    left, right = candidate_pairs(read, np.arange(n), np.arange(n))
    assert (left < right).all()
    assert 0 < len(left) < MAX_CANDIDATES * n
    # the same contents as likely in another order
    order = np.random.default_rng(0).permutation(n)
    moved = candidate_pairs(
        analyse([contents[k] for k in order], load_words()), np.arange(n), order
    )
    pairs = {frozenset((order[a], order[b])) for a, b in zip(*moved, strict=True)}
    assert pairs == {frozenset(pair) for pair in zip(left.tolist(), right.tolist(), strict=True)}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("reports that the fleet had sailed", "The fleet had sailed"),
        ("any suggestion of a cover-up", "A cover-up"),
        ("that no shots were fired", "Shots were fired"),
        ("it had never met the buyer", "It had met the buyer"),
        ("he did not take bribes.", "He did take bribes"),
        ("ever receiving a ransom note", "Acme was receiving a ransom note"),
        ("", ""),
    ],
)
def test_denied_contents_are_worded_as_what_they_deny(content, text):
    assert claim_text(content, positive=True, source="Acme") == text


@given(st.text(max_size=60), st.booleans())
def test_any_content_can_be_worded(content, positive):
    claim_text(content, positive=positive)
    is_negated_clause(content)


def test_contents_without_a_proposition():
    empty = ["this is pure invention", "the allegation", "it", "that is not true"]
    full = ["the dam had burst", "nine people were hurt on Friday"]
    count = own_words(analyse([*empty, *full], load_words()))
    assert (count[:4] <= 1).all()
    assert (count[4:] >= 2).all()


def test_linear_folds_the_scaling_in():
    rng = np.random.default_rng(0)
    features = rng.normal(5, [1, 100], (200, 2))
    outcome = features[:, 0] > 5
    model = Linear.fit(features, ["a", "b"], outcome, C=1.0)
    again = Linear.from_json(model.to_json())
    assert ((model.probability(features) > 0.5) == outcome).mean() > 0.95
    np.testing.assert_allclose(again.log_odds(features), model.log_odds(features), atol=1e-2)


def test_copies_of_a_sentence_are_one_claim():
    contents = [
        "The old bridge was closed",
        "the old bridge was closed.",
        "It was true",
        "It was true",
    ]
    labels = merge_identical(np.arange(4), contents)
    assert labels[0] == labels[1]
    assert len(set(labels)) == 3


def test_a_sentence_that_many_outlets_carry_is_one_claim():
    text = "Mayor Ann Tabor said on Friday that the old bridge at Lomu was closed to lorries."
    report = ss.score_corpus(pd.DataFrame({"doc_id": range(200), "text": text}))
    assert len(report.claims) == 1
    assert report.claims["n_origins"].item() == 1


@pytest.mark.parametrize("claim", ["¹", "The area is 5 km²", "Chapter ⅷ has ④ parts", "1. 2. 3"])
def test_digits_that_are_no_decimals_are_words(claim):
    import sourcescore as ss

    assert len(ss.score("The area is 5 km², said Ann Lee.", claims=[claim]).claims) == 1
