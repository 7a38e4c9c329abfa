"""The shipped articles, and reading files of their format."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from sourcescore._resources import shipped
from sourcescore.datasets import Corpus, load_articles, load_claim_pairs, read_jsonl
from sourcescore.tables import ATTRIBUTION_COLUMNS, as_articles, as_texts
from sourcescore.taxonomy import AttributionType, ClaimStance, Stance, attribution_type


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_articles()


@pytest.fixture
def write(tmp_path):
    """Write documents, one a line, and return the file."""

    def written(*documents):
        path = tmp_path / "some.jsonl"
        lines = [d if isinstance(d, bytes) else json.dumps(d).encode() for d in documents]
        path.write_bytes(b"\n".join(lines))
        return path

    return written


def document(**changes):
    row = {"id": 1, "source": [[0, 2]], "cue": [[3, 7]], "content": [[8, 10]]}
    return {"doc": "d", "text": "He said so.", "attributions": [row | changes]}


# ----------------------------------------------------------------------------- the shipped articles


def test_articles_say_where_and_when_they_are_from(corpus):
    assert len(corpus.texts) >= 24
    assert corpus.texts.index.is_unique
    assert corpus.articles["published"].notna().all()
    assert corpus.articles["outlet"].str.endswith(".example").all()  # no outlet that exists


def test_pieces_are_what_the_spans_say(corpus):
    rows = corpus.attributions
    for role in ("source", "cue", "content"):
        for doc_id, spans, piece in zip(
            rows["doc_id"], rows[f"{role}_spans"], rows[role], strict=True
        ):
            text = corpus.texts[doc_id]
            assert all(0 <= start < end <= len(text) for start, end in spans)
            assert spans == sorted(spans)
            assert piece == " ".join(text[start:end] for start, end in spans)
            assert piece == piece.strip()
    assert (rows["content"] != "").all()


def test_the_type_follows_from_kind_and_stance(corpus):
    rows = corpus.attributions
    assert set(rows["type"]) <= set(AttributionType)
    assert set(rows["stance"]) == set(Stance)
    expected = [attribution_type(k, s) for k, s in zip(rows["kind"], rows["stance"], strict=True)]
    assert rows["type"].tolist() == expected


def test_every_type_is_there(corpus):
    assert set(corpus.attributions["type"]) == set(AttributionType)


def test_an_attribution_sits_in_the_content_of_its_parent(corpus):
    rows = corpus.attributions.set_index(["doc_id", "attribution_id"])
    assert rows.index.is_unique
    inner = rows[rows["parent_id"].notna()]
    assert len(inner) > 20
    for (doc_id, _), row in inner.iterrows():
        outer = rows.loc[(doc_id, row["parent_id"])]["content_spans"]
        first, last = min(s for s, _ in outer), max(e for _, e in outer)
        assert all(first <= start and end <= last for start, end in row["content_spans"])


def test_claims_that_attributions_name_exist(corpus):
    rows = corpus.attributions
    named = rows[rows["claim_id"].notna()]
    assert set(named["claim_id"]) <= set(corpus.claims.index)
    assert (corpus.claims["doc_id"].loc[named["claim_id"]].to_numpy() == named["doc_id"]).all()
    assert named["claim_stance"].isin(list(ClaimStance)).all()


def test_articles_can_be_scored_and_loaded_anew(corpus):
    pd.testing.assert_series_equal(as_articles(corpus.articles)["text"], corpus.texts)
    pd.testing.assert_series_equal(as_texts(corpus.articles), corpus.texts)
    corpus.attributions.loc[0, "cue"] = "changed"
    assert load_articles().attributions.loc[0, "cue"] != "changed"


# ------------------------------------------------------------------------------------ read_jsonl


def test_a_document_with_the_least_there_can_be(write):
    corpus = read_jsonl(write({"doc": 7, "text": ""}, document()))
    assert repr(corpus) == "Corpus(2 texts, 1 attributions, 0 claims)"
    assert corpus.texts.index.tolist() == ["7", "d"]
    row = corpus.attributions.iloc[0]
    assert row[["source", "cue", "content"]].tolist() == ["He", "said", "so"]
    assert row[["parent_id", "type", "claim_id", "kind"]].isna().all()


def test_an_empty_file_is_an_empty_corpus(write):
    corpus = read_jsonl(write(b"", b"  "))
    assert (len(corpus.texts), len(corpus.attributions), len(corpus.claims)) == (0, 0, 0)
    assert {*ATTRIBUTION_COLUMNS, "kind"} == set(corpus.attributions)
    assert list(corpus.claims) == ["claim", "doc_id"]


def test_a_document_with_one_claim(write):
    one = document(claim="c1", claim_stance="supports") | {"claim": "It is so."}
    corpus = read_jsonl(write(one))
    assert corpus.claims["claim"].to_dict() == {"d/c1": "It is so."}
    assert corpus.attributions["claim_id"].tolist() == ["d/c1"]


def test_the_type_is_derived_where_it_is_not_given(write):
    corpus = read_jsonl(write(document(kind="named_official", stance="denies")))
    assert corpus.attributions["type"].tolist() == ["state_denial"]
    own = read_jsonl(write(document(kind="named_official", stance="denies", type="my own")))
    assert own.attributions["type"].tolist() == ["my own"]


def test_odd_characters_come_through(write):
    text = "He said \ud800\0\u202e so."
    one = document(content=[[8, 11]]) | {"text": text, "doc": "\ud800", "title": "\udfff"}
    corpus = read_jsonl(write(one))
    assert corpus.texts.tolist() == [text]
    assert corpus.attributions["content"].tolist() == [text[8:11]]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(write):
    path = write(b"\xef\xbb\xbf" + json.dumps(document()).encode() + b"\r\n\r\n")
    assert len(read_jsonl(path).texts) == 1


def test_dates_are_brought_to_utc(write):
    documents = [
        {"doc": k, "text": "", "published": when}
        for k, when in enumerate(
            ["2025-03-14", "2025-03-14T10:00:00+02:00", "Fri, 14 Mar 2025 10:00:00 +0100", None]
        )
    ]
    published = read_jsonl(write(*documents)).articles["published"]
    expected = [pd.Timestamp(f"2025-03-14 {hour}:00") for hour in ("00", "08", "09")]
    assert published.tolist() == [*expected, pd.NaT]


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-12:00"])
def test_a_date_at_the_end_of_the_calendar_is_a_date_or_an_error(write, when):
    try:
        read = read_jsonl(write({"doc": "d", "text": "", "published": when}))
    except ValueError as error:
        assert "line 1: published must be a date" in str(error)
    else:
        assert read.articles["published"].notna().all()


def test_claims_that_would_have_one_id_are_an_error(write):
    one = {"doc": "a", "text": "", "claims": {"b/c": "x"}}
    other = {"doc": "a/b", "text": "", "claims": {"c": "y"}}
    with pytest.raises(ValueError, match=r"line 2: the claim 'c' of the document 'a/b' .*'a/b/c'"):
        read_jsonl(write(one, other))
    own = {"doc": "d", "text": "", "claims": {"c": "x", "d/c": "y"}}
    assert read_jsonl(write(own)).claims["claim"].to_dict() == {"d/c": "x", "d/d/c": "y"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "Expecting property name"),
        (b"\xff", "can't decode byte 0xff"),
        (b"[" * 200_000, "recursion"),
        ([1], "a line must hold a JSON object"),
        ({"doc": "x"}, "'text' is missing"),
        ({"text": "x"}, "'doc' is missing"),
        ({"doc": None, "text": "x"}, "doc must be a string or a number; got None"),
        ({"doc": ["x"], "text": "x"}, r"doc must be a string or a number; got \['x'\]"),
        ({"doc": "x", "text": "", "claims": {"c": None}}, "text of the claim 'c' must be a string"),
        (document(id=None), "the id of an attribution must be a string or a number; got None"),
        ({"doc": "x", "text": "", "published": []}, r"published must be a date .* got \[\]"),
        ({"doc": "x", "text": "", "published": "99999-01-01"}, "published must be a date"),
        ({"doc": "x", "text": None}, "text must be a string; got NoneType"),
        ({"doc": "d", "text": "again"}, "the document 'd' is there twice"),
        ({"doc": "x", "text": "", "published": "soon"}, "published must be a date .* got 'soon'"),
        ({"doc": "x", "text": "", "published": 2025}, "published must be a date .* got 2025"),
        ({"doc": "x", "text": "", "outlet": 3}, "outlet must be a string; got 3"),
        ({"doc": "x", "text": "", "claims": ["a"]}, "claims must be a JSON object"),
        ({"doc": "x", "text": "", "attributions": [3]}, "must be a JSON object; got 3"),
        (document(id=2, source=[[0, 99]]), r"source of attribution 2 has the span \[0, 99\]"),
        (document(cue=[[3, 3]]), r"cue of attribution 1 has the span \[3, 3\]"),
        (document(cue=[[-1, 3]]), r"0 <= start < end <= 11, the length of the text"),
        (document(cue=[[0.0, 3]]), r"whole numbers"),
        (document(content=[8, 10]), r"must be a list of \[start, end\] pairs; got \[8, 10\]"),
        (document(content=[[8]]), r"must be a list of \[start, end\] pairs"),
        (document(parent=9), "attribution 1 has the parent 9, which is no other attribution"),
        (document(parent=1), "attribution 1 has the parent 1, which is no other attribution"),
        (document(claim="c9"), "attribution 1 has the claim 'c9', which claims does not list"),
        (document(kind=5), "kind must be a string; got 5"),
    ],
)
def test_an_error_names_file_and_line(write, bad, reason):
    if isinstance(bad, dict) and "attributions" in bad:
        bad["doc"] = "another"
    path = write(document(), b"", bad, document())
    with pytest.raises(ValueError, match=rf"some\.jsonl, line 3: .*{reason}"):
        read_jsonl(path)


def test_an_id_given_twice_is_told_apart_unless_it_is_a_parents(write):
    twice = document()
    row = twice["attributions"][0] | {"parent": None}
    twice["attributions"] = [row, row]
    assert read_jsonl(write(twice)).attributions["attribution_id"].tolist() == ["1", "1#2"]
    twice["attributions"].append(row | {"id": 2, "parent": 1})
    with pytest.raises(ValueError, match="line 1: two attributions of 'd' have the id 1"):
        read_jsonl(write(twice))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.jsonl"):
        read_jsonl(tmp_path / "none.jsonl")


@pytest.fixture(scope="module")
def pairs():
    return load_claim_pairs()


class TestClaimPairs:
    def test_each_claim_has_texts_on_every_side(self, pairs):
        sides = pd.crosstab(pairs["claim"], pairs["stance"])
        wanted = {"denies": 3, "supports": 2, "discusses": 1, "unrelated": 1}
        assert len(sides) == 660
        assert all((sides[stance] == n).all() for stance, n in wanted.items())
        explicit = pairs[pairs["how"] == "explicit"].groupby("claim").size()
        assert explicit.max() == 1

    def test_they_are_texts_and_none_is_there_twice(self, pairs):
        assert not pairs["text"].duplicated().any()
        for column in pairs.columns:
            assert (pairs[column].str.strip() == pairs[column]).all()
            assert (pairs[column] != "").all()
        assert pairs["claim"].str.split().str.len().between(5, 25).all()
        assert pairs["text"].str.split().str.len().between(2, 50).all()

    def test_the_readme_counts_what_is_there(self, pairs):
        described = (shipped("datasets") / "README.md").read_text(encoding="utf-8")
        for stance, rows in pairs.groupby("stance"):
            counts = rows["how"].value_counts()
            told = ", ".join(f"{how} {n}" for how, n in counts.items())
            assert f"| {stance} | {len(rows):,} | {told}" in described
        assert f"{pairs['text'].str.split().str.len().sum():,} words" in described
