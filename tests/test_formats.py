"""Reading and writing annotation formats."""

from __future__ import annotations

import json
import tempfile
import warnings
from itertools import product, takewhile
from pathlib import Path
from time import process_time
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sourcescore as ss
from sourcescore.datasets import (
    Corpus,
    load_articles,
    read_brat,
    read_conll,
    read_csv,
    read_jsonl,
    write_brat,
    write_conll,
    write_csv,
    write_jsonl,
)
from sourcescore.datasets.pieces import PieceFinder

ROLES = ("source", "cue", "content")
TEXT = "He said so. They denied it."
FORMATS = {
    "jsonl": (write_jsonl, read_jsonl),
    "brat": (write_brat, read_brat),
    "conll": (write_conll, read_conll),
    "csv": (write_csv, read_csv),
}


@pytest.fixture(scope="module")
def articles() -> Corpus:
    return load_articles()


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def written(content, name="some.jsonl"):
        path = tmp_path / name
        if isinstance(content, list):
            content = "\n".join(map(json.dumps, content))
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def pieces(corpus: Corpus) -> list[list[str]]:
    return corpus.attributions[[*ROLES]].to_numpy().tolist()


def there_and_back(corpus: Corpus, name: str) -> Corpus:
    write_it, read_it = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus"
        write_it(corpus, path)
        return read_it(path)


def by_document(corpus: Corpus) -> list[pd.DataFrame]:
    """The tables in the order of the ids of the documents, as brat has them."""
    texts = corpus.texts.to_frame().sort_index()
    articles = corpus.articles.sort_values("doc_id", ignore_index=True)
    rows = corpus.attributions.sort_values("doc_id", kind="stable", ignore_index=True)
    claims = corpus.claims.sort_index()
    return [texts, articles, rows[sorted(rows)], claims]


def assert_same(found: Corpus, expected: Corpus) -> None:
    for one, other in zip(by_document(found), by_document(expected), strict=True):
        pd.testing.assert_frame_equal(one, other)


# --------------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("name", FORMATS)
def test_the_articles_come_back_as_they_were(articles, name):
    if name == "csv":  # an empty cell is a missing name
        names = articles.attributions["source_name"].replace("", None)
        rows = articles.attributions.assign(source_name=names)
        articles = Corpus(articles.texts, rows, articles.claims, articles.articles)
    assert_same(there_and_back(articles, name), articles)


@st.composite
def corpora(draw, *, with_all_spans: bool = True, for_tools: bool = False) -> Corpus:
    """Corpora of odd texts, with pieces anywhere in them; `for_tools`, each with a cue."""
    odd = st.text(
        alphabet="ab .,\"'\t\n\r\x00\x1c\x85\u2028\ufeff\u200b\xa0😀\ud800\\|#-_é;", max_size=20
    )
    label = st.text(alphabet="ab _-;\"'\n\r\t\x00\u2028😀\ud800#é=,", min_size=1, max_size=6)
    ids = st.text(alphabet='aE1.%/ _"\n#😀\ud800-', min_size=1, max_size=5)
    documents = []
    ids_of_claims: set[str] = set()
    for doc_id in draw(st.lists(ids, unique=True, max_size=3)):
        text = draw(odd)
        span = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
        claims = draw(st.dictionaries(ids, label, max_size=2))
        entries = []
        for key in draw(st.lists(ids, unique=True, max_size=3)) if text else ():
            entry = {"id": key}
            for role in ROLES:
                spans = draw(st.lists(span.filter(lambda s: s[0] < s[1]), max_size=2))
                spans.sort()
                if len(spans) == 2 and spans[1][0] < spans[0][1]:
                    del spans[1]
                entry[role] = spans
            if with_all_spans and not any(entry[role] for role in ROLES):
                continue
            if for_tools and not entry["cue"]:
                continue
            names = ["kind", "stance", "type", "source_name", "claim_stance", "note", "my own"]
            entry |= draw(st.dictionaries(st.sampled_from(names), label))
            if claims and draw(st.booleans()):
                entry["claim"] = draw(st.sampled_from(sorted(claims)))
            if entries and draw(st.booleans()):
                entry["parent"] = draw(st.sampled_from([one["id"] for one in entries]))
            entries.append(entry)
        about = draw(st.dictionaries(st.sampled_from(["title", "outlet"]), label))
        if draw(st.booleans()):
            about["published"] = draw(st.sampled_from(["2025-03-14", "2025-03-14T10:00:00.5"]))
        if any(f"{doc_id}/{key}" in ids_of_claims for key in claims):
            continue  # an error, as another test says
        ids_of_claims |= {f"{doc_id}/{key}" for key in claims}
        documents.append(
            about | {"doc": doc_id, "text": text, "claims": claims, "attributions": entries}
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.jsonl"
        path.write_text("\n".join(map(json.dumps, documents)))
        return read_jsonl(path)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150)
@given(data=st.data())
def test_any_corpus_comes_back_as_it_was(name, data):
    corpus = data.draw(corpora(with_all_spans=name == "brat"))
    assert_same(there_and_back(corpus, name), corpus)


LAYOUTS = ("prodigy", "doccano", "label-studio")
NOT_IN_TOOLS = {"attribution_id", "parent_id", "claim_id", "claim_stance", "sentence"}


def assert_same_pieces_and_labels(found: Corpus, expected: Corpus, *, names: bool = True) -> None:
    """What the tools keep; `names` says whether source_name is among it."""
    assert_frame = pd.testing.assert_frame_equal
    assert_frame(found.articles, expected.articles)
    rows = []
    for corpus in (found, expected):
        table = corpus.attributions
        # ids may change: a parent is known by its place
        place = dict(
            zip(
                zip(table["doc_id"], table["attribution_id"], strict=True),
                table[["doc_id", *(f"{role}_spans" for role in ROLES)]].to_numpy().tolist(),
                strict=True,
            )
        )
        # where a document has no parents, they are inferred
        nested = set(expected.attributions.dropna(subset="parent_id")["doc_id"])
        parents = [
            place.get((doc_id, parent)) if doc_id in nested else None
            for doc_id, parent in zip(table["doc_id"], table["parent_id"], strict=True)
        ]
        left_out = NOT_IN_TOOLS if names else NOT_IN_TOOLS | {"source_name"}
        table = table[[name for name in sorted(table) if name not in left_out]]
        table = table.dropna(axis="columns", how="all").astype(object)
        table = table.where(table.notna(), None).assign(parent=parents)
        rows.append(sorted(str(list(row.items())) for row in table.to_dict("records")))
    assert rows[0] == rows[1]


def through_tool(corpus: Corpus, layout: str) -> Corpus:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tasks"
        write_jsonl(corpus, path, layout=layout)
        return read_jsonl(path, predictions=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layouts_of_the_tools_keep_pieces_parents_and_labels(articles, layout):
    found = through_tool(articles, layout)
    assert_same_pieces_and_labels(found, articles, names=layout != "doccano")
    if layout != "doccano":
        assert sorted(found.attributions["attribution_id"]) == sorted(
            articles.attributions["attribution_id"]
        )


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=100)
@given(data=st.data())
def test_any_pieces_parents_and_labels_come_back_from_a_tool(layout, data):
    corpus = data.draw(corpora(for_tools=True))
    assert_same_pieces_and_labels(through_tool(corpus, layout), corpus, names=layout != "doccano")


def test_what_the_library_finds_can_be_corrected_and_learned_from(articles, tmp_path):
    report = ss.score_corpus(articles.articles.head(3))
    proposed = Corpus.from_tables(articles.articles.head(3), report.attributions, report.claims)
    assert proposed.articles["title"].notna().all()
    assert set(proposed.attributions["claim_id"].dropna()) <= set(proposed.claims.index)
    for name, (write_it, read_it) in FORMATS.items():
        write_it(proposed, tmp_path / name)
        found = read_it(tmp_path / name).attributions
        assert found["type"].sort_values().tolist() == (
            report.attributions["type"].sort_values().tolist()
        )
    table = read_csv(tmp_path / "csv").attributions
    model = ss.AttributionClassifier().fit(table, table["type"], table["stance"])
    assert set(model.predict(table)) <= set(table["type"])


def test_tables_make_a_corpus_document_by_document():
    rows = pd.DataFrame(
        {
            "doc_id": ["0", "1", "1"],
            "source_spans": [[(0, 2)], [], [(0, 2)]],
            "cue_spans": [[(3, 7)]] * 3,
            "content_spans": [[]] * 3,
            "claim_id": ["c1", "c1", None],
            "mine": [3, 4.5, None],
            "certainty": 0.5,
        }
    )
    claims = pd.DataFrame({"claim": ["one", "two"]}, index=["c1", "c2"])
    corpus = Corpus.from_tables(["He said.", "He said."], rows, claims)
    assert corpus.claims["doc_id"].to_dict() == {"0/c1": "0", "1/c1": "1"}
    assert corpus.attributions["attribution_id"].tolist() == ["a1", "a1", "a2"]
    assert corpus.attributions["mine"].tolist()[:2] == ["3.0", "4.5"]
    assert corpus.attributions["certainty"].tolist() == [1, 1, 1]
    assert Corpus.from_tables(["He said."] * 2, rows).attributions["claim_id"].isna().all()
    with pytest.raises(ValueError, match="doc_id '1', which texts does not have"):
        Corpus.from_tables(["He said."], rows, claims)
    with pytest.raises(ValueError, match=r"document '1': the source of attribution a2 .*\[0, 2\]"):
        Corpus.from_tables(["He said.", "H"], rows[[*rows][:4]].assign(cue_spans=[[]] * 3))
    with pytest.raises(ValueError, match="attributions lacks the column doc_id"):
        Corpus.from_tables("He said.", rows.drop(columns="doc_id"))


def test_claims_of_a_document_with_one_id_are_an_error():
    rows = pd.DataFrame({"doc_id": ["d", "d"], "claim_id": ["c", "d/c"]})
    for role in ROLES:
        rows[f"{role}_spans"] = [[(0, 2)], [(3, 7)]]
    claims = pd.DataFrame({"claim": ["one", "two"]}, index=["c", "d/c"])
    with pytest.raises(ValueError, match="claims has 'd/c' of the document 'd' more than once"):
        Corpus.from_tables({"d": "He said."}, rows, claims)


@pytest.mark.parametrize("written", ["[(0, 2)]", "[[0, 2]]", "((0, 2),)", " [(0, 2),] "])
def test_tables_may_have_been_through_csv(written):
    rows = pd.DataFrame({"doc_id": ["d"], "source_spans": [written], "cue_spans": ["[]"]})
    rows["content_spans"] = ""
    corpus = Corpus.from_tables({"d": "He said."}, rows)
    assert pieces(corpus) == [["He", "", ""]]


@pytest.mark.parametrize("written", ["0-2", "[0, 2]", "[(0, 2", "[(a, b)]", "[" * 100_000, 7])
def test_spans_that_are_none_are_named(written):
    rows = pd.DataFrame({"doc_id": ["d"], "cue_spans": [[]], "content_spans": [[]]})
    rows["source_spans"] = [written]
    with pytest.raises(ValueError, match=r"attributions\.source_spans must .* attribution a1 of"):
        Corpus.from_tables({"d": "He said."}, rows)


# ------------------------------------------------------------------------------ JSON of the tools


def prodigy(**changes):
    spans = [
        {"start": 0, "end": 2, "label": "SOURCE", "token_start": 0, "token_end": 0},
        {"start": 3, "end": 7, "label": "Cue", "type": "hearsay", "stance": "asserts"},
        {"start": 8, "end": 10, "label": "content"},
        {"start": 12, "end": 16, "label": "Speaker"},
        {"start": 17, "end": 23, "label": "cue"},
    ]
    return {"text": TEXT, "spans": spans, "answer": "accept", "meta": {"doc_id": "p"}} | changes


def test_prodigy_relations_of_words_that_are_no_span(write):
    cue, word = prodigy()["spans"][1], {"start": 24, "end": 26, "label": None}
    tie = {"head": 1, "child": 6, "head_span": cue, "child_span": word, "label": "x"}
    with pytest.warns(UserWarning) as caught:
        read_jsonl(write([prodigy(relations=[tie])]))
    assert "'x' (1)" in str(caught[0].message)
    assert "None'" not in str(caught[0].message)


def test_prodigy_without_relations(write):
    rejected = prodigy(answer="reject", meta={})
    corpus = read_jsonl(write([prodigy(), rejected, prodigy(meta={}, spans=[])]))
    assert corpus.texts.index.tolist() == ["p", "2"]
    assert pieces(corpus) == [["He", "said", "so"], ["They", "denied", ""]]
    assert corpus.attributions.loc[0, ["type", "stance"]].tolist() == ["hearsay", "asserts"]


def test_prodigy_with_relations(write):
    spans = prodigy()["spans"]
    ties = [
        {"head": 1, "child": 3, "head_span": spans[1], "child_span": spans[3], "label": "x"},
        {"head": 0, "child": 4, "head_span": spans[0], "child_span": spans[4], "label": "y"},
    ]
    assert pieces(read_jsonl(write([prodigy(relations=ties)]))) == [
        ["He", "denied", ""],
        ["They", "said", "so"],
    ]
    with pytest.raises(ValueError, match=r"some\.jsonl, line 1: a relation lacks head_span"):
        read_jsonl(write([prodigy(relations=[{"head": 1, "child": 3, "label": "x"}])]))


def test_doccano_in_both_layouts(write):
    flat = {"id": 3, "text": TEXT, "label": [[0, 2, "WHO"], [3, 7, "cue"], [8, 10, "content"]]}
    corpus = read_jsonl(write([flat]), labels={"who": "source"})
    assert pieces(corpus) == [["He", "said", "so"]]
    assert corpus.texts.index.tolist() == ["3"]
    entities = [
        {"id": 10 + i, "label": label, "start_offset": start, "end_offset": end}
        for i, (start, end, label) in enumerate([*flat["label"], [17, 23, "cue"]])
    ]
    tie = {"id": 1, "from_id": 12, "to_id": 13, "type": "of"}
    deep = {"id": 3, "text": TEXT, "entities": entities, "relations": [tie], "Comments": []}
    corpus = read_jsonl(write([deep]), labels={"WHO": "source"})
    assert pieces(corpus) == [["He", "said", ""], ["", "denied", "so"]]
    assert corpus.attributions["attribution_id"].tolist() == ["11", "13"]


def region(key, start, end, label, text=TEXT):
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return {"id": key, "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def task(result, **more):
    annotations = [
        {"id": 1, "was_cancelled": True, "result": []},
        {"id": 2, "was_cancelled": False, "result": result},
        {"id": 3, "was_cancelled": False, "result": []},
    ]
    return {"id": 5, "data": {"text": TEXT}, "annotations": annotations} | more


def test_label_studio(write):
    result = [
        region("a", 0, 2, "source"),
        region("b", 3, 7, "cue"),
        region("c", 17, 23, "cue"),
        region("d", 24, 26, "content"),
        {"type": "relation", "from_id": "c", "to_id": "a", "direction": "left", "labels": []},
        {"id": "c", "from_name": "Type", "type": "choices", "value": {"choices": ["witness"]}},
        {"id": "c", "from_name": "mine", "type": "textarea", "value": {"text": ["own words"]}},
        {"id": "z", "from_name": "whole", "type": "choices", "value": {"choices": ["sport"]}},
    ]
    skipped = task([], id=6, annotations=[{"was_cancelled": True, "result": []}])
    tasks = [task(result), skipped, task([], id=7)]
    for content in (tasks, json.dumps(tasks, indent=2), "\ufeff" + json.dumps(tasks)):
        with pytest.warns(UserWarning, match="several annotations, of which the first was read: 2"):
            corpus = read_jsonl(write(content))
        assert corpus.texts.index.tolist() == ["5", "7"]
        assert pieces(corpus) == [["He", "denied", "it"], ["", "said", ""]]
        assert corpus.attributions.loc[0, ["attribution_id", "type", "mine"]].tolist() == [
            "c",
            "witness",
            "own words",
        ]


def test_label_studio_min(write):
    regions = [
        region(k, *where)["value"] for k, *where in [("a", 0, 2, "source"), ("b", 3, 7, "cue")]
    ]
    one = {"id": 4, "text": TEXT, "label": regions, "annotator": 1, "annotation_id": 9}
    corpus = read_jsonl(write(json.dumps([one, one | {"id": 5, "label": []}])))
    assert pieces(corpus) == [["He", "said", ""]]
    assert len(corpus.texts) == 2


def test_offsets_of_utf_16_units_are_told_by_the_text_of_a_span(write):
    text = "😀😀 " + TEXT
    shifted = region("b", 7, 11, "cue")
    shifted["value"]["text"] = "said"
    # 3 + 3 characters, and two more units for the two faces
    shifted["value"] |= {"start": 8, "end": 12}
    one = {"data": {"text": text}, "annotations": [{"result": [shifted]}]}
    corpus = read_jsonl(write([one]))
    assert corpus.attributions["cue_spans"].tolist() == [[(6, 10)]]
    shifted["value"]["text"] = "sage"
    with pytest.raises(ValueError, match=r"line 1: the span \[8, 12\] is 'id s' .* says 'sage'"):
        read_jsonl(write([task([shifted], data={"text": text})]))


def test_nested_attributions_have_the_one_around_them_for_a_parent(write):
    text = "Reuters said the mayor said it rained."
    labels = [[0, 7, "source"], [8, 12, "cue"], [13, 37, "content"]]
    inner = [[13, 22, "source"], [23, 27, "cue"], [28, 37, "content"]]
    spans = [
        {"id": i, "label": label, "start_offset": start, "end_offset": end}
        for i, (start, end, label) in enumerate(labels + inner)
    ]
    ties = [{"from_id": a, "to_id": b, "type": ""} for a, b in [(0, 1), (2, 1), (3, 4), (5, 4)]]
    one = {"text": text, "entities": spans, "relations": ties}
    corpus = read_jsonl(write([one]))
    assert corpus.attributions["parent_id"].tolist()[1] == corpus.attributions["attribution_id"][0]
    assert corpus.attributions["parent_id"].isna().tolist() == [True, False]


def test_a_source_and_a_content_without_a_cue_stay_together(write):
    spans = [[0, 2, "source"], [8, 10, "content"]]
    assert pieces(read_jsonl(write([{"text": TEXT, "label": spans}]))) == [["He", "", "so"]]
    spans.append([17, 23, "cue"])
    entities = [
        {"id": i, "label": label, "start_offset": start, "end_offset": end}
        for i, (start, end, label) in enumerate(spans)
    ]
    tie = [{"from_id": 0, "to_id": 1, "type": ""}]
    corpus = read_jsonl(write([{"text": TEXT, "entities": entities, "relations": tie}]))
    assert pieces(corpus) == [["He", "", "so"], ["", "denied", ""]]


def hypertext(key, start, end, label, said, tag="hypertextlabels"):
    value = {
        "start": "/p[1]/text()[1]",
        "end": "/p[1]/text()[1]",
        "startOffset": start,
        "endOffset": end,
        "globalOffsets": {"start": start, "end": end},
        "text": said,
        tag: [label],
    }
    return {"id": key, "from_name": "label", "to_name": "text", "type": tag, "value": value}


def test_label_studio_hypertext(write):
    page = "<p>He <b>said</b> so &amp; so.<br>They denied it.</p>"
    result = [
        hypertext("a", 0, 2, "source", "He"),
        hypertext("b", 3, 7, "cue", "said"),
        hypertext("c", 8, 15, "content", "so & so"),
        hypertext("d", 22, 28, "cue", "denied"),
        {"id": "b", "from_name": "type", "type": "choices", "value": {"choices": ["hearsay"]}},
    ]
    one = {"id": 1, "data": {"html": page}, "annotations": [{"id": 1, "result": result}]}
    corpus = read_jsonl(write([one]))
    assert corpus.texts.tolist() == ["He said so & so.\nThey denied it."]
    assert pieces(corpus) == [["He", "said", "so & so"], ["", "denied", ""]]
    assert corpus.attributions["type"].tolist()[0] == "hearsay"
    plain = {**one, "data": {"text": TEXT}}
    plain["annotations"] = [{"result": [hypertext("b", 3, 7, "cue", "said")]}]
    assert pieces(read_jsonl(write([plain]))) == [["", "said", ""]]
    del plain["annotations"][0]["result"][0]["value"]["globalOffsets"]
    with pytest.raises(ValueError, match="line 1: the region 'said' of a hypertext lacks global"):
        read_jsonl(write([plain]))


def test_label_studio_paragraphs(write):
    talk = [{"author": "A", "text": "He said so."}, {"author": "B", "text": "They denied it."}]
    regions = []
    for key, (paragraph, start, end, label) in enumerate(
        [("0", 0, 2, "source"), ("0", 3, 7, "cue"), ("1", 0, 4, "source"), ("1", 5, 11, "cue")]
    ):
        value = {"start": paragraph, "end": paragraph, "startOffset": start, "endOffset": end}
        value |= {"paragraphlabels": [label], "text": talk[int(paragraph)]["text"][start:end]}
        regions.append({"id": str(key), "type": "paragraphlabels", "value": value})
    one = {"id": 1, "data": {"dialogue": talk}, "annotations": [{"result": regions}]}
    corpus = read_jsonl(write([one]))
    assert corpus.texts.tolist() == ["He said so.\nThey denied it."]
    assert pieces(corpus) == [["He", "said", ""], ["They", "denied", ""]]
    regions[0]["value"]["start"] = "7"
    with pytest.raises(ValueError, match="line 1: there is no paragraph 7; there are 2"):
        read_jsonl(write([one]))


def test_label_studio_predictions_are_read_when_asked_for(write, articles, tmp_path):
    write_jsonl(articles, tmp_path / "tasks.json", layout="label-studio")
    with pytest.warns(UserWarning, match=r"tasks with predictions but no annotation.*True: 64\."):
        assert len(read_jsonl(tmp_path / "tasks.json").texts) == 0
    found = read_jsonl(tmp_path / "tasks.json", predictions=True)
    assert_same_pieces_and_labels(found, articles)
    done = task([region("b", 3, 7, "cue")], predictions=[{"result": []}], id=8)
    del done["annotations"][2]
    skipped = task([], annotations=[{"was_cancelled": True, "result": []}], predictions=[{}])
    export = read_jsonl(write([done, skipped]), predictions=True)
    assert pieces(export) == [["", "said", ""]]


def test_label_studio_predictions_by_id_alone_are_said_to_be_left_out(write):
    path = write([{"id": 1, "data": {"text": TEXT}, "annotations": [], "predictions": [3]}])
    for asked in (False, True):
        with pytest.warns(UserWarning, match="the ids of predictions alone, left out: 1"):
            assert len(read_jsonl(path, predictions=asked).texts) == 0


def test_label_studio_min_with_labels_of_regions(write):
    places = {"start": 3, "end": 7, "text": "said"}, {"start": 17, "end": 23, "text": "denied"}
    one = {
        "text": TEXT,
        "id": 4,
        "label": [{**place, "labels": ["cue"]} for place in places],
        "type": [{**places[0], "choices": ["witness"]}, {**places[1], "choices": ["hearsay"]}],
        "stance": {**places[1], "choices": ["denies"]},  # one alone stands without a list
        "remark": {"start": 3, "end": 7, "text": ["really"]},
        "topic": "sport",
        "annotator": 1,
        "annotation_id": 9,
        "created_at": "2025-03-14T10:00:00Z",
        "lead_time": 3.5,
    }
    rows = read_jsonl(write(json.dumps([one]))).attributions
    assert rows["type"].tolist() == ["witness", "hearsay"]
    assert rows["stance"].fillna("").tolist() == ["", "denies"]
    assert rows["remark"].fillna("").tolist() == ["really", ""]


def test_label_studio_further_results_of_a_region(write):
    cue = region("b", 3, 7, "cue") | {"meta": {"text": ["unsure"]}, "origin": "manual"}
    result = [
        cue,
        {"id": "b", "from_name": "how", "type": "choices", "value": {"choices": ["x", "y"]}},
        {"id": "b", "from_name": "stars", "type": "rating", "value": {"rating": 4}},
        {"id": "z", "from_name": "topic", "type": "choices", "value": {"choices": ["sport"]}},
    ]
    one = {"id": 1, "data": {"article": TEXT, "title": "T"}, "annotations": [{"result": result}]}
    with pytest.warns(UserWarning, match="labels 'topic' of a whole text, left out: 1"):
        corpus = read_jsonl(write([one]))
    assert corpus.attributions.loc[0, ["note", "how", "stars"]].tolist() == ["unsure", "x;y", "4"]
    assert corpus.articles["title"].tolist() == ["T"]


# ---------------------------------------------------------------------------- what is left out


def test_labels_that_are_no_role_are_left_out_with_a_warning(write, brat):
    spans = [[0, 2, "SPEAKR"], [3, 7, "cue"], [12, 16, "SPEAKR"], [24, 26, "PER"]]
    path = write([{"text": TEXT, "label": spans}])
    with pytest.warns(UserWarning) as caught:
        read_jsonl(path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning) as caught:
        ss.datasets.read(path)
    assert caught[0].filename == __file__
    message = str(caught[0].message)
    assert "some.jsonl: left out were labels that are no role: 'SPEAKR' (2), 'PER' (1)" in message
    assert "labels={'SPEAKR': 'source'}" in message
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corpus = read_jsonl(path, labels={"speakr": "source", "PER": None})
        assert pieces(corpus) == [["He They", "said", ""]]
        read_brat(brat(ANN))
    with pytest.warns(UserWarning, match=r"labels that are no role: 'Person' \(1\)"):
        read_brat(brat(ANN + "T4\tPerson 12 16\tThey\n"))
    with pytest.warns(UserWarning, match=r"labels that are no role: 'PER' \(1\)"):
        read_conll(write("He B-PER\nsaid B-cue\n"))


def test_relations_that_tie_nothing_are_left_out_with_a_warning(write, brat):
    spans = [(0, 2, "source"), (3, 7, "cue"), (17, 23, "cue")]
    one = {
        "text": TEXT,
        "entities": entities_of(*spans),
        "relations": [
            {"id": 1, "from_id": 0, "to_id": 1, "type": "source"},
            {"id": 2, "from_id": 1, "to_id": 2, "type": "before"},
            {"id": 3, "from_id": 1, "to_id": 9, "type": "gone"},
        ],
    }
    with pytest.warns(UserWarning, match=r"relations .*: 'before' \(1\), 'gone' \(1\)\. labels="):
        read_jsonl(write([one]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_jsonl(write([one]), labels={"before": None, "gone": None})
    with pytest.warns(UserWarning, match=r"relations .*: 'Theme' \(1\)"):
        read_brat(brat(ANN + "T4\tcue 17 23\tdenied\nE1\tcue:T2 Theme:E2\nE2\tcue:T4\n"))


# ------------------------------------------------------------------------- labels as marks, parents


def entities_of(*spans):
    return [
        {"id": i, "label": label, "start_offset": start, "end_offset": end}
        for i, (start, end, label) in enumerate(spans)
    ]


def test_marks_are_labels_of_what_they_cover(write):
    marks = [[3, 7, "type=witness"], [17, 23, "Stance=denies"], [3, 10, "mine=a=b"]]
    one = {"text": TEXT, "label": [[3, 7, "cue"], [12, 16, "source"], [17, 23, "cue"], *marks]}
    rows = read_jsonl(write([one])).attributions
    assert rows[["type", "stance", "mine"]].fillna("").to_numpy().tolist() == [
        ["witness", "", "a=b"],
        ["", "denies", ""],
    ]
    nothing = read_jsonl(write([{"text": TEXT, "label": marks}]))
    assert len(nothing.attributions) == 0
    spans = [
        {"start": 3, "end": 7, "label": "cue"},
        {"start": 3, "end": 7, "label": "type=hearsay"},
    ]
    assert read_jsonl(write([prodigy(spans=spans)])).attributions["type"].tolist() == ["hearsay"]


def test_a_mark_goes_where_a_relation_ties_it(write):
    spans = entities_of((0, 2, "source"), (3, 7, "cue"), (17, 23, "cue"), (3, 7, "type=witness"))
    ties = [{"id": 1, "from_id": 3, "to_id": 2, "type": "label"}]
    rows = read_jsonl(write([{"text": TEXT, "entities": spans, "relations": ties}])).attributions
    assert rows["type"].fillna("").tolist() == ["", "witness"]


NESTED = "Reuters said the mayor promised rain."


@pytest.mark.parametrize(("inner", "outer"), [(4, 1), (4, 2), (3, 1), (4, 0)])
def test_a_nested_attribution_without_a_cue_keeps_to_itself(write, inner, outer):
    spans = [(0, 7, "source"), (8, 12, "cue"), (13, 36, "content")]
    spans += [(13, 22, "source"), (23, 36, "content")]
    ties = [(0, 1, "source"), (2, 1, "content"), (3, 4, "source"), (inner, outer, "parent")]
    relations = [{"id": i, "from_id": a, "to_id": b, "type": t} for i, (a, b, t) in enumerate(ties)]
    one = {"text": NESTED, "entities": entities_of(*spans), "relations": relations}
    corpus = read_jsonl(write([one]))
    assert pieces(corpus) == [
        ["Reuters", "said", "the mayor promised rain"],
        ["the mayor", "", "promised rain"],
    ]
    assert corpus.attributions["parent_id"].fillna("").tolist() == ["", "1"]


@pytest.mark.parametrize("lone", ["source", "content"])
def test_a_lone_piece_with_a_parent_keeps_to_itself(write, lone):
    spans = [(0, 7, "source"), (8, 12, "cue"), (13, 22, lone)]
    relations = [{"id": 1, "from_id": 2, "to_id": 1, "type": "parent"}]
    corpus = read_jsonl(
        write([{"text": NESTED, "entities": entities_of(*spans), "relations": relations}])
    )
    assert len(corpus.attributions) == 2
    assert corpus.attributions["parent_id"].fillna("").tolist() == ["", "1"]


def test_brat_events_beside_another_layer(brat):
    more = "T4\tPerson 12 16\tThey\nE1\tcue:T2 source:T1 content:T3\n"
    with pytest.warns(UserWarning, match=r"no role: 'Person' \(1\)"):
        assert pieces(read_brat(brat(ANN + more))) == [["He", "said", "so it"]]


def test_brat_relations_may_tie_events_to_their_parents(brat):
    more = "T4\tcue 17 23\tdenied\nE1\tcue:T2 source:T1 content:T3\nE2\tcue:T4\n"
    rows = read_brat(brat(f"{ANN}{more}R1\tparent Arg1:E2 Arg2:E1\n")).attributions
    assert rows["attribution_id"].tolist() == ["E1", "E2"]
    assert rows["parent_id"].fillna("").tolist() == ["", "E1"]


# -------------------------------------------------------------------------- how to set up the tools


def blocks(language):
    page = (Path(ss.__file__).parents[1] / "docs/api/formats.rst").read_text()
    parts = page.split(f".. code-block:: {language}\n\n")[1:]
    lines = ([line for line in part.splitlines() if line.strip()] for part in parts)
    return [
        "\n".join(line[3:] for line in takewhile(lambda line: line.startswith("   "), part))
        for part in lines
    ]


TYPES = {*map(str, ss.AttributionType)}
STANCES = {"asserts", "denies", "neither"}
RELATIONS = {"source", "content", "part", "parent", "label"}
MARKS = {f"type={name}" for name in TYPES} | {f"stance={name}" for name in STANCES}


@pytest.mark.skipif(
    not (Path(ss.__file__).parents[1] / "docs").exists(), reason="the docs are not installed"
)
def test_the_configurations_in_the_docs_have_the_labels_that_the_readers_know():
    [interface] = blocks("xml")
    view = ElementTree.fromstring(interface)
    assert {label.get("value") for label in view.iter("Label")} == {*ROLES}
    assert {label.get("value") for label in view.iter("Relation")} <= RELATIONS
    choices = {
        one.get("name"): {choice.get("value") for choice in one.iter("Choice")}
        for one in view.iter("Choices")
    }
    assert choices == {"type": TYPES, "stance": STANCES}
    assert [one.get("name") for one in view.iter("TextArea")] == ["source_name"]

    spans, relations = ({one["text"] for one in json.loads(block)} for block in blocks("json"))
    assert spans == {*ROLES} | MARKS
    assert relations == RELATIONS

    overlapping, tied = (block.split("\n")[0].split() for block in blocks("sh"))
    assert {*overlapping[overlapping.index("--label") + 1].split(",")} == {*ROLES} | MARKS
    assert {*tied[tied.index("--label") + 1].split(",")} <= RELATIONS
    assert {*tied[tied.index("--span-label") + 1].split(",")} == {*ROLES}

    [conf] = blocks("ini")
    sections = dict(part.split("]\n") for part in conf.split("[")[1:])
    named = {
        name: dict(f"{line} ".split(" ", 1) for line in lines.splitlines())
        for name, lines in sections.items()
    }
    assert {*named["entities"], *named["events"]} == {*ROLES}
    assert {*named["relations"]} == {"of", "part"}
    values = {
        name: set(rest.split("Value:")[1].strip().split("|"))
        for name, rest in named["attributes"].items()
    }
    assert values == {"type": TYPES, "stance": STANCES}
    arguments = {one.split(":")[0].strip(" *?") for one in named["events"]["cue"].split(",")}
    assert arguments == {"source", "content", "parent"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([{"a": 1}], r"line 1: an entry with 'a' is of no known layout\. These are: our own \("),
        ([{"text": "x"}], r"line 1: an entry with 'text' is of no known layout"),
        ([{}], "line 1: an entry with no keys"),
        (["text"], "line 1: a line must hold a JSON object"),
        ("[\n{\n", r"line 2: Expecting property name"),
        ('[\n{"doc": 1, "text": ""}\n', r"line 3: the JSON array is not closed"),
        (
            '[{"doc": 1, "text": ""}\n\n,{"doc": 1, "text": ""}]',
            r"line 3: the document '1' is there",
        ),
        ([prodigy(), prodigy()], "line 2: the document 'p' is there twice"),
        ([prodigy(text=None)], "line 1: text must be a string; got NoneType"),
        ([prodigy(spans={})], "line 1: spans must be a list; got dict"),
        ([prodigy(spans=[3])], "line 1: spans must hold JSON objects; got 3"),
        ([prodigy(relations=[None])], "line 1: relations must hold JSON objects; got None"),
        ([prodigy(relations=[{"head_span": 3}])], "line 1: a span must be a JSON object"),
        ([task([3])], "line 1: result must hold JSON objects; got 3"),
        ([task([{"type": "relation"}])], "line 1: 'from_id' is missing"),
        ([task([{"value": 3}])], "line 1: value must be a JSON object; got int"),
        ([task([{"id": 1, "value": {"labels": 3}}])], "line 1: labels must be a list; got int"),
        (
            [{"data": {}, "annotations": [[]]}],
            r"line 1: annotations must hold JSON objects; got \[\]",
        ),
        ([prodigy(spans=[{"start": 1}])], "line 1: 'end' is missing"),
        ([{"text": "x", "label": [[0, 9, "cue"]]}], r"line 1: the cue has the span \[0, 9\]"),
        ([{"text": "x", "label": [[0, 1]]}], r"line 1: label must hold \[start, end, label\]"),
        ([{"text": "x", "label": [[0, "1", "cue"]]}], "line 1: a span needs whole numbers"),
        (
            [{"text": "x", "label": [[0, 1, "PER"]]}],
            r"none of the labels 'PER' is a role; .*labels={",
        ),
        ([{"data": {"a": "", "b": ""}, "annotations": [{}]}], "line 1: data must have the text"),
    ],
)
def test_an_error_in_json_says_where_and_what(write, content, reason):
    with pytest.raises(ValueError, match=rf"some\.jsonl(, |: ){reason}"):
        read_jsonl(write(content))


def test_labels_and_layouts_that_are_none(write, articles, tmp_path):
    with pytest.raises(ValueError, match="'WHO' maps to 'speaker'"):
        read_jsonl(write([prodigy()]), labels={"WHO": "speaker"})
    with pytest.raises(TypeError, match="labels must be a mapping .* got list"):
        read_jsonl(write([prodigy()]), labels=["WHO"])
    with pytest.raises(ValueError, match="layout must be one of 'sourcescore', .* got 'spacy'"):
        write_jsonl(articles, tmp_path / "x", layout="spacy")


# -------------------------------------------------------------------------------------------- brat


@pytest.fixture
def brat(write):
    def written(ann, text=TEXT):
        write(text, "one.txt")
        return write(ann, "one.ann").parent

    return written


ANN = "T1\tsource 0 2\tHe\nT2\tcue 3 7\tsaid\nT3\tcontent 8 10;24 26\tso it\n"


def test_brat_with_relations_attributes_and_notes(brat):
    more = (
        "T4\tPerson 12 16\tThey\r\n*\tEquiv T1 T4\nR1\tsays Arg1:T1 Arg2:T2\n"
        "R2\tof Arg1:T2 Arg2:T3\nA1\tStance T2 denies\n"
        "M1\tNegated T2\nN1\tReference T1 Wikipedia:12\tJane Roe\n#1\tAnnotatorNotes T2\tis it?\n"
    )
    folder = brat(ANN + more)
    for path in (folder, folder / "one.ann"):
        corpus = read_brat(path, labels={"Person": None})
        assert pieces(corpus) == [["He", "said", "so it"]]
        row = corpus.attributions.iloc[0]
        names = ["doc_id", "attribution_id", "stance", "Negated", "source_name", "note"]
        assert row[names].tolist() == ["one", "T2", "denies", "true", "Jane Roe", "is it?"]


def test_brat_with_events(brat):
    more = (
        "T4\tcue 17 23\tdenied\nT5\tPerson 12 16\tThey\nE2\tcue:T2 Source1:T1 Content:T3\n"
        "E7\tcue:T4 speaker:T5 parent:E2\nE8\tAttack:T5\nA1\ttype E7 my own\n"
    )
    rows = read_brat(brat(ANN + more)).attributions
    assert rows["attribution_id"].tolist() == ["E2", "E7"]
    assert rows[[*ROLES]].to_numpy().tolist() == [["He", "said", "so it"], ["They", "denied", ""]]
    assert rows["parent_id"].tolist()[1] == "E2"
    assert rows["type"].tolist()[1] == "my own"


def test_brat_counts_line_ends_as_its_offsets_do(brat):
    text = "One.\r\nHe said so."
    for start in (5, 6):
        corpus = read_brat(brat(f"T1\tcue {start + 3} {start + 7}\tsaid\r\n", text))
        assert pieces(corpus) == [["", "said", ""]]
        assert ("\r" in corpus.texts["one"]) == (start == 6)
    face = read_brat(brat("T1\tcue 5 9\tsaid\n", "😀He said so."))
    assert face.attributions["cue_spans"].tolist() == [[(4, 8)]]


@pytest.mark.parametrize(
    ("ann", "reason"),
    [
        ("T1\tcue 3 7\tsaid\n\nX1\tcue", "line 3: 'X1.*is no line of brat"),
        ("T1\tcue 3 x\tsaid", "line 1: T1 must have a type and offsets"),
        ("T1\tcue 3 99", "line 1: T1 has the span 3 99"),
        ("T1\tcue 3 7\tsays", r"line 1: the span \[3, 7\] is 'said' .* says 'says'"),
        (
            "T1\tcue 3 7\tsaid\nT1\tcue 3 7\tsaid",
            "line 2: the id T1 is there twice, before in .* 1",
        ),
        ("T1\tcue 3 7\tsaid\nE1\tcue:T9", "line 2: E1 names T9, but there is no T line"),
        ("T1\tcue 3 7\tsaid\nE1\tcue:T1 parent:E4", "line 2: E1 has the parent E4"),
        (
            "T1\tcue 3 7\tsaid\nE1\tcue",
            "line 2: E1 must have arguments such as 'cue:T1'; got 'cue'",
        ),
        ("R1\tsays T1", "line 1: R1 must have arguments"),
        ("R1\tsays Arg1:T1", "line 1: R1 must tie two pieces"),
        ("A1\ttype", "line 1: A1 must have a name and an id"),
        ("N1\tReference T1", "line 1: N1 must be as"),
        ("#1\tSourcescore T1\t{", "line 1: Expecting property name"),
        (
            '#1\tSourcescore document\t{"claims": 3}',
            "one.ann: claims must be a JSON object, .* got int",
        ),
        ("T1\tPerson 3 7\tsaid", "none of the labels 'Person' is a role"),
    ],
)
def test_an_error_in_brat_says_where_and_what(brat, ann, reason):
    with pytest.raises(ValueError, match=reason):
        read_brat(brat(ann))


def test_brat_without_its_files(tmp_path, write, articles):
    assert repr(read_brat(tmp_path)) == "Corpus(0 texts, 0 attributions, 0 claims)"
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        read_brat(tmp_path / "none")
    with pytest.raises(ValueError, match="neither a folder nor an"):
        read_brat(write("", "one.txt"))
    with pytest.raises(FileNotFoundError, match=r"two\.ann lacks the text .*two\.txt"):
        read_brat(write("", "two.ann"))
    write(TEXT.encode("utf-16"), "two.txt")
    assert read_brat(write("".encode("utf-16"), "two.ann"), encoding="utf-16").texts["two"] == TEXT
    nothing = articles.attributions.head(1).copy()
    for role in ROLES:
        nothing[f"{role}_spans"] = [[]]
    with pytest.raises(ValueError, match="has no source, cue or content"):
        write_brat(Corpus.from_tables(articles.articles.head(1), nothing), tmp_path)


@pytest.mark.parametrize(
    "ids",
    [
        ["short-1", "a b", "é"],
        ["d" * 300, "d" * 301, "é" * 100, "d" * 251, "d" * 252],
        ["", ".", "..", "a.", "a ", "x/y", "\0", "NUL", "con.txt", "console", "~"],
        ["a", "A", "ab/c", "AB/C"],
    ],
)
def test_any_id_makes_a_file_of_brat(tmp_path, ids):
    corpus = Corpus.from_tables(
        dict.fromkeys(ids, TEXT),
        pd.DataFrame({"doc_id": ids} | {f"{role}_spans": [[(0, 2)]] * len(ids) for role in ROLES}),
    )
    write_brat(corpus, tmp_path)
    names = [path.name for path in tmp_path.iterdir()]
    assert len({name.casefold() for name in names}) == 2 * len(ids)
    assert all(name.isascii() and len(name) <= 255 for name in names)
    assert all(Path(name).stem.strip(" .") == Path(name).stem for name in names)
    assert_same(read_brat(tmp_path), corpus)


def test_short_readable_ids_are_the_names_of_files_of_brat(tmp_path):
    ids = ["akhalsheni-drone", "2025-03-14 [2]", "v1.2", "d" * 251]
    empty = pd.DataFrame({"doc_id": []} | {f"{role}_spans": [] for role in ROLES})
    write_brat(Corpus.from_tables(dict.fromkeys(ids, TEXT), empty), tmp_path)
    assert {path.name for path in tmp_path.glob("*.ann")} == {f"{name}.ann" for name in ids}


# ------------------------------------------------------------------------------------------- CoNLL


@pytest.mark.parametrize("sep", ["\t", " ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_conll_with_one_column(write, sep, end):
    lines = ["-DOCSTART-", "", "He B-source", "said S-cue", "so B-content", ", I-content", ""]
    lines += ["too E-content", ". O", "# O", "", "# newdoc id = d2", "They U-SPEAKER", "deny B-cue"]
    content = end.join(line if line.startswith("# n") else line.replace(" ", sep) for line in lines)
    corpus = read_conll(write(content))
    assert corpus.texts.to_dict() == {"0": "He said so ,\ntoo . #", "d2": "They deny"}
    assert pieces(corpus) == [["He", "said", "so ,\ntoo"], ["They", "deny", ""]]


def test_conll_finds_its_columns(write):
    rows = [
        "1 He PRP SpaceAfter=No B-source",
        "2 said VBD _ B-cue",
        "3 so RB SpaceAfter=No B-content",
    ]
    corpus = read_conll(write("# text = whatever\n" + "\n".join(rows)))
    assert corpus.texts["0"] == "Hesaid so"
    assert pieces(corpus) == [["He", "said", "so"]]
    plain = [" ".join(row.split()[1:3:1] + row.split()[4:]) for row in rows]
    corpus = read_conll(write("# text = He  said so!\n" + "\n".join(plain)))
    assert corpus.texts["0"] == "He  said so!"


def test_conll_with_a_column_for_each_attribution(write):
    rows = ["Reuters B-source O", "said B-cue O", "he B-content B-source", "knew I-content B-cue"]
    corpus = read_conll(write("\n".join(rows) + "\n\nIt O O\nrained O O\n"))
    assert pieces(corpus) == [["Reuters", "said", "he knew"], ["he", "knew", ""]]
    assert corpus.attributions["parent_id"].tolist()[1] == corpus.attributions["attribution_id"][0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("He B-source\nsaid B-cue x", ", line 2: the line has 3 columns, the first one 2"),
        ("He\nsaid", ", line 1: the line has 1 columns"),
        ("He A-source\nsaid O", ", line 1: no column holds nothing but tags"),
        ("He B-PER\nsaid O", ": none of the labels 'PER' is a role"),
        (
            "# global.columns = FORM ROLES\n# attributions = [1]\nHe O O",
            ", line 3: the line has 2 col",
        ),
        (
            "# global.columns = FORM ROLES\n# attributions = {}\nHe O",
            ", line 2: # attributions must be",
        ),
        (
            "# global.columns = FORM ROLES\n# attributions = [1]\nHe x",
            ", line 3: a tag must be O or B-",
        ),
        ("# global.columns = ID FORM ROLES\nHe", ", line 2: the line has 1 columns; # global"),
        ("# text = she\nHe O", ", line 2: the token 'He' is not in the rest of # text, 'she'"),
        (
            "# newdoc id = d\nHe O\n\n# newdoc id = d\nHe O",
            ", line 4: the document 'd' is there twice",
        ),
        ("# claim = {}\nHe O", ", line 1: '(id|claim)' is missing"),
    ],
)
def test_an_error_in_conll_says_where_and_what(write, content, reason):
    with pytest.raises(ValueError, match=rf"some\.conll{reason}"):
        read_conll(write(content, "some.conll"))


def test_conll_without_a_token(write):
    assert len(read_conll(write("")).texts) == 0
    assert read_conll(write("# newdoc id = d\n\n")).texts.to_dict() == {"d": ""}
    with pytest.raises(ValueError, match="is not utf-8: byte 0xff"):
        read_conll(write(b"\xff"))


# --------------------------------------------------------------------------------------------- CSV


def test_csv_finds_pieces_in_the_text(write):
    lines = [
        "doc_id,source,cue,content,text,topic",
        f'd,They,denied,it,"{TEXT}",war',
        "d,He,said,so,,",
    ]
    corpus = read_csv(write("\r\n".join(lines)))
    assert corpus.attributions["cue_spans"].tolist() == [[(17, 23)], [(3, 7)]]
    assert corpus.attributions["topic"].tolist()[0] == "war"
    assert corpus.texts.to_dict() == {"d": TEXT}


@pytest.mark.parametrize("sep", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_csv_in_other_guises(write, sep, encoding):
    rows = [
        ["Source", "Cue", "Content", "My Label"],
        ["René", "dit", "non", "a b"],
        ["", "dit", "", "c"],
    ]
    path = write("\n".join(sep.join(row) for row in rows).encode(encoding))
    corpus = read_csv(path, encoding=encoding, type_column="My Label")
    assert corpus.texts.to_dict() == {"0": "René dit non", "1": "dit"}
    assert corpus.attributions["type"].tolist() == ["a b", "c"]
    assert corpus.attributions["sentence"].tolist() == ["René dit non", "dit"]


def test_csv_sentences_of_a_document_make_its_text(write):
    lines = ["doc_id,source,cue,sentence,claim", "d,He,said,He said so.,x"]
    lines += ["d,They,deny,They deny it.,x", "d,it,,They deny it.,y"]
    corpus = read_csv(write("\n".join(lines)))
    assert corpus.texts["d"] == "He said so.\nThey deny it."
    assert corpus.attributions["source_spans"].tolist() == [[(0, 2)], [(12, 16)], [(22, 24)]]
    assert corpus.attributions["claim_id"].tolist() == ["d/c1", "d/c1", "d/c2"]


def test_csv_as_pandas_writes_it(write, articles):
    rows = articles.attributions.drop(columns="claim_id").merge(articles.texts, on="doc_id")
    corpus = read_csv(write(rows.to_csv(index=False)))
    columns = ["doc_id", *ROLES, *(f"{role}_spans" for role in ROLES), "type", "parent_id"]
    pd.testing.assert_frame_equal(corpus.attributions[columns], articles.attributions[columns])


def test_csv_with_long_cells(write):
    corpus = read_csv(write(f"source,cue,text\nHe,said,{'x ' * 100_000}He said\n"))
    assert corpus.attributions["source_spans"].tolist() == [[(200_000, 200_002)]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,b\n1,2", "row 1: the header must name the columns source, cue, content .* it has a, b"),
        ("cue,cue\n1,2", "row 1: the column cue is there twice"),
        ("cue\nsaid,so", "row 2: the row has 2 cells, the header 1"),
        ("cue,text\nsaid,He did", "row 2: the cue 'said' is not in the text 'He did'; write it as"),
        ("doc_id,cue,text\nd,,a\nd,,b", "row 3: the document 'd' has another text in a row before"),
        ("cue,cue_spans,text\nsaid,x,said", "row 2: cue_spans must be JSON such as .* got 'x'"),
        (
            'cue_spans,text\n"[[0, 9]]",said',
            r"row 2: the cue of attribution 1 has the span \[0, 9\]",
        ),
        ('cue,cue_spans\nsaid,"[[0, 4]]"', "row 2: cue_spans counts in the text of the document"),
        ("doc_id,cue,parent_id\n\nd,said,9", "row 3: attribution 1 has the parent 9"),
        ("doc_id,cue,claim_id,claim\nd,a,c,x\nd,b,c,y", "row 3: the claim 'c' has another text"),
        ("doc_id,cue,published\nd,a,soon", "row 2: published must be a date"),
    ],
)
def test_an_error_in_csv_says_where_and_what(write, content, reason):
    with pytest.raises(ValueError, match=rf"some\.csv, {reason}"):
        read_csv(write(content, "some.csv"))


def test_csv_without_rows_or_columns(write):
    assert len(read_csv(write("")).texts) == 0
    assert len(read_csv(write("source,cue,content\n")).attributions) == 0
    with pytest.raises(ValueError, match="there is no column 'mine'; there are cue"):
        read_csv(write("cue\nsaid"), type_column="mine")
    with pytest.raises(ValueError, match="there is a column type, too"):
        read_csv(write("cue,type,mine\nsaid,a,b"), type_column="mine")
    with pytest.raises(ValueError, match=r"is not utf-8: byte 0xe9 .* encoding='cp1252'"):
        read_csv(write(b"cue\n\xe9"))
    with pytest.raises(ValueError, match="there is no encoding 'klingon'"):
        read_csv(write("cue"), encoding="klingon")


@given(
    words=st.lists(st.sampled_from(["he", "said", "the", "it", "so"]), min_size=3, max_size=12),
    where=st.data(),
)
def test_the_places_of_pieces_are_the_closest_that_do_not_overlap(words, where):
    text = " ".join(words)
    wanted = {role: where.draw(st.sampled_from(words)) for role in ROLES}
    found = PieceFinder(text).find(wanted)
    assert {role: text[slice(*span)] for role, span in found.items()} == wanted
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    places = {role: [i for i, w in enumerate(words) if w == wanted[role]] for role in ROLES}
    lengths = [
        starts[max(chosen)] + len(words[max(chosen)]) - starts[min(chosen)]
        for chosen in product(*places.values())
        if len(set(chosen)) == 3
    ]
    if lengths:
        begin, end = min(s for s, _ in found.values()), max(e for _, e in found.values())
        assert end - begin == min(lengths)


def test_pieces_that_recur_take_no_longer_than_others(write):
    n = 4_000
    text = "He said it. " * n
    rows = [f"d,He,said,it,{text if i == 0 else ''}" for i in range(n)]
    began = process_time()
    corpus = read_csv(write("\n".join(["doc_id,source,cue,content,text", *rows])))
    # with a look at every place for every row it is a minute
    assert process_time() - began < 10
    assert corpus.attributions["cue_spans"].tolist() == [[(3, 7)]] * n


def test_read_goes_by_the_name_of_the_file(tmp_path):
    corpus = ss.datasets.load_articles()
    few = corpus.select(corpus.texts.index[:2])
    ss.datasets.write_brat(few, tmp_path / "brat")
    for ending, write in (("jsonl", "jsonl"), ("CSV", "csv"), ("conll", "conll")):
        getattr(ss.datasets, f"write_{write}")(few, tmp_path / f"few.{ending}")
    for name in ("brat", "few.jsonl", "few.CSV", "few.conll"):
        read = ss.datasets.read(tmp_path / name)
        assert sorted(read.texts.index) == sorted(few.texts.index)
        assert len(read.attributions) == len(few.attributions)


def test_read_says_what_it_cannot(tmp_path):
    with pytest.raises(FileNotFoundError):
        ss.datasets.read(tmp_path / "missing.jsonl")
    with pytest.raises(ValueError, match=r"holds no \.ann file"):
        ss.datasets.read(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"the ending '\.txt' says no format; known are"):
        ss.datasets.read(tmp_path / "notes.txt")


def test_select_keeps_what_belongs_together():
    corpus = ss.datasets.load_articles()
    part = corpus.select(corpus.texts.index[[5, 2]])
    assert part.texts.index.tolist() == corpus.texts.index[[2, 5]].tolist()
    assert set(part.attributions["doc_id"]) <= set(part.texts.index)
    assert set(part.attributions["claim_id"].dropna()) <= set(part.claims.index)
    with pytest.raises(ValueError, match="no document 'nowhere'"):
        corpus.select(["nowhere"])


def test_the_shape_of_a_span_of_prodigy_is_no_label(tmp_path):
    text = "Ann said it rained."
    spans = [
        {"start": a, "end": b, "text": text[a:b], "label": label, "type": "span"}
        for a, b, label in ((0, 3, "SOURCE"), (4, 8, "CUE"), (9, 18, "CONTENT"))
    ]
    path = tmp_path / "prodigy.jsonl"
    path.write_text(json.dumps({"text": text, "spans": spans, "answer": "accept"}))
    assert ss.datasets.read(path).attributions["type"].isna().all()
