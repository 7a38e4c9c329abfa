import importlib.util
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcescore.metrics import (
    b_cubed,
    expected_calibration_error,
    label_figures,
    score_attributions,
    span_f1,
)
from sourcescore.tables import attributions_frame

groups = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)


@given(groups)
def test_b_cubed_is_the_mean_over_items(pairs):
    true, pred = map(np.array, zip(*pairs, strict=True))
    precision = np.mean([((true == t) & (pred == p)).sum() / (pred == p).sum() for t, p in pairs])
    recall = np.mean([((true == t) & (pred == p)).sum() / (true == t).sum() for t, p in pairs])
    assert b_cubed(true, pred)[:2] == pytest.approx((precision, recall))


@given(groups)
def test_b_cubed_swaps_precision_and_recall_with_its_arguments(pairs):
    true, pred = zip(*pairs, strict=True)
    p, r, f = b_cubed(true, pred)
    assert b_cubed(pred, true) == pytest.approx((r, p, f))


@given(groups, st.randoms())
def test_b_cubed_ignores_the_order_of_items_and_the_names_of_groups(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    renamed = [(f"x{t}", -p) for t, p in shuffled]
    assert b_cubed(*zip(*renamed, strict=True)) == pytest.approx(b_cubed(*zip(*pairs, strict=True)))


def test_b_cubed_takes_a_missing_label_for_a_group_of_its_own():
    assert b_cubed(["a", "b", "c"], [None, np.nan, None]) == (1.0, 1.0, 1.0)


def test_b_cubed_wants_equally_many():
    with pytest.raises(ValueError, match="equally long; got 1 and 2"):
        b_cubed([1], [1, 2])


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1), st.integers(1, 20))
def test_calibration_error_is_a_share(rows, n_bins):
    outcome, stated = zip(*rows, strict=True)
    assert 0 <= expected_calibration_error(outcome, stated, n_bins) <= 1


def test_calibration_error_of_perfect_confidence_is_zero():
    assert expected_calibration_error([True, True, False, False], [0.5, 0.5, 0.5, 0.5]) == 0
    assert expected_calibration_error([True, False], [1.0, 0.0]) == 0


@pytest.mark.parametrize(
    ("outcome", "stated", "message"),
    [
        ([True], [1.5], "must lie in"),
        ([True], [np.nan], "must lie in"),
        ([2], [0.5], "only True and False"),
        ([True], [0.5, 0.5], "equally long"),
    ],
)
def test_calibration_error_names_what_is_wrong(outcome, stated, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(outcome, stated)


@pytest.mark.parametrize(
    ("measure", "error", "message"),
    [
        (lambda: b_cubed(None, ["a"]), TypeError, "labels_true must be a sequence of labels"),
        (lambda: b_cubed("ab", "ab"), TypeError, "labels_true must be a sequence .* got 'ab'"),
        (lambda: b_cubed([["a"]], ["a"]), ValueError, r"must hold single labels .* got \['a'\]"),
        (lambda: label_figures(["a"], 3), TypeError, "y_pred must be a sequence of labels; got 3"),
        (lambda: label_figures(["a"], ["a"], [0.5]), TypeError, "proba must hold a mapping of"),
        (lambda: label_figures(["a"], ["a"], 0.5), TypeError, "proba must hold a mapping of"),
        (lambda: span_f1([(0, 1)], {}), TypeError, r"spans_true must be a mapping .*\(0, 1\)"),
        (lambda: span_f1({"d": 3}, {}), ValueError, "document 'd' has 3"),
        (lambda: span_f1({"d": [[0, 1]]}, {}), ValueError, "spans as tuples"),
        (lambda: expected_calibration_error(["x"], [0.5]), ValueError, "y_true must hold numbers"),
        (lambda: expected_calibration_error([1], [0.5], 2.5), ValueError, "n_bins must be an int"),
    ],
)
def test_wrong_input_is_named(measure, error, message):
    with pytest.raises(error, match=message):
        measure()


def test_labels_may_be_anything_hashable():
    assert b_cubed([(1, 2), (3, 4)], [None, float("nan")]) == (1.0, 1.0, 1.0)


def test_documents_go_by_strings_in_tables_and_texts():
    row = {"doc_id": [7], "source_spans": [[(0, 3)]], "cue_spans": [[(4, 8)]]}
    table = pd.DataFrame({**row, "content_spans": ["[(9, 11)]"]})
    with pytest.raises(ValueError, match="content_spans must hold lists"):
        score_attributions(table, table, {7: "Ann says no"})
    table["content_spans"] = [[(9, 11)]]
    assert score_attributions(table, table, {7: "Ann says no"})["relation"]["f1"] == 1.0


def test_span_f1_counts_repeats():
    found = span_f1({"d": [(0, 1), (0, 1)]}, {"d": [(0, 1)]})
    assert found == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)}


def _table(rows, doc="d"):
    names = ("attribution_id", "parent_id", "source_spans", "cue_spans", "content_spans", "type")
    columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    return attributions_frame({"doc_id": [doc] * len(rows), **columns}, len(rows))


TEXT = "Ann said that Bob claims it rains in Rome. It does not, a man says."


def test_score_attributions_of_the_truth_is_one():
    gold = _table(
        [
            ("1", None, [(0, 3)], [(4, 8)], [(9, 41)], "witness"),
            ("2", "1", [(14, 17)], [(18, 24)], [(25, 41)], "hearsay"),
        ]
    )
    scores = score_attributions(gold, gold.sample(frac=1, random_state=0), {"d": TEXT})
    assert scores["relation"]["f1"] == scores["source"]["exact"]["f1"] == 1
    assert scores["type"] == {"n": 2, "accuracy": 1, "macro_f1": 1}
    assert scores["parent"]["f1"] == 1


def test_score_attributions_finds_a_relation_by_half_the_content_and_a_token_of_the_source():
    gold = _table([("1", None, [(0, 3)], [(4, 8)], [(9, 41)], "witness")])
    near = _table([("1", None, [(0, 8)], [], [(14, 41)], "witness")])
    other = _table([("1", None, [(14, 17)], [], [(9, 41)], "witness")])
    assert score_attributions(gold, near, {"d": TEXT})["relation"]["f1"] == 1
    assert score_attributions(gold, near, {"d": TEXT})["source"]["exact"]["f1"] == 0
    assert score_attributions(gold, other, {"d": TEXT})["relation"]["f1"] == 0


def test_score_attributions_agrees_with_the_shared_scorer(shared):
    spec = importlib.util.spec_from_file_location("scorer", shared / "eval/score_attributions.py")
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    lines = (shared / "data/news/articles-train.jsonl").read_text(encoding="utf8").splitlines()
    gold = {d["doc"]: d for d in map(json.loads, lines[:12])}
    random = np.random.default_rng(0)
    pred = {doc: {"attributions": _damaged(d["attributions"], random)} for doc, d in gold.items()}
    want = scorer.score(gold, pred)
    texts = {doc: d["text"] for doc, d in gold.items()}
    got = score_attributions(_frame(gold), _frame(pred), texts)
    for role in ("source", "cue", "content"):
        for kind in ("token", "exact"):
            assert got[role][kind]["f1"] == pytest.approx(want[f"{role} {kind}"]["f1"], abs=1e-4)
    assert got["relation"]["f1"] == pytest.approx(want["relation"]["f1"], abs=1e-4)
    assert got["parent"]["f1"] == pytest.approx(want["parent"]["f1"], abs=1e-4)
    for label in ("type", "stance"):
        assert got[label]["macro_f1"] == pytest.approx(want[label]["macro_f1"], abs=1e-4)


def _damaged(rows, random):
    out = []
    for row in rows:
        if random.random() < 0.2:
            continue
        row = dict(row)
        if random.random() < 0.4 and row["content"]:
            start, end = row["content"][0]
            row["content"] = [[start + (end - start) // 4, end], *row["content"][1:]]
        if random.random() < 0.3:
            row["type"], row["stance"] = "document", "denies"
        out.append(row)
    return out


def _frame(documents):
    tables = []
    for doc, document in documents.items():
        rows = document["attributions"]
        columns = {
            "doc_id": [doc] * len(rows),
            "attribution_id": [str(r["id"]) for r in rows],
            "parent_id": [None if r["parent"] is None else str(r["parent"]) for r in rows],
            **{k: [r[k] for r in rows] for k in ("type", "stance", "source_name")},
            **{f"{k}_spans": [r[k] for r in rows] for k in ("source", "cue", "content")},
        }
        tables.append(attributions_frame(columns, len(rows)))
    return pd.concat(tables, ignore_index=True)
