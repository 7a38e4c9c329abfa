"""Columns, dtypes and the checks at the door."""

from __future__ import annotations

import io
import json
from datetime import UTC, timedelta, timezone
from email.utils import format_datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sourcescore.tables import (
    ATTRIBUTION_COLUMNS,
    SPAN_COLUMNS,
    STRING,
    as_articles,
    as_texts,
    attributions_frame,
    check_attributions,
    check_evidence,
    object_array,
    read_dates,
    require_columns,
    string_array,
)

ODD = "lone \ud800, NUL \0, \u202e"


# ------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        ("one", ["0"]),
        (["one", ODD], ["0", "1"]),
        (iter(["one", ODD]), ["0", "1"]),
        (np.array(["one", "two"]), ["0", "1"]),
        ({"a": "one", 7: ODD, ("x", 1): "three"}, ["a", "7", "('x', 1)"]),
        (pd.Series(["one", "two"], index=[3, 4]), ["3", "4"]),
        (pd.DataFrame({"doc_id": ["a", "b"], "text": ["one", "two"]}), ["a", "b"]),
        (pd.DataFrame({"text": ["one"]}, index=pd.Index(["a"], name="doc_id")), ["a"]),
        ([], []),
        ({}, []),
    ],
)
def test_texts_of_every_form(texts, ids):
    series = as_texts(texts)
    assert series.index.tolist() == ids
    assert series.index.name == "doc_id"
    assert series.dtype == object
    assert series.iloc[:1].tolist() == ["one"][: len(ids)]


@given(st.lists(st.text(st.characters())))
def test_texts_come_through_unchanged(texts):
    assert as_texts(texts).tolist() == texts
    assert as_articles(texts)["text"].tolist() == texts


@pytest.mark.parametrize("texts", [b"bytes", 3, None, object()])
def test_what_is_no_text_is_refused(texts):
    with pytest.raises(TypeError, match="texts must be a str, a sequence"):
        as_texts(texts)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, 3, b"x"])
def test_a_document_without_a_text_is_named(missing):
    with pytest.raises(TypeError, match="document 'b' is .*drop them"):
        as_texts({"a": "one", "b": missing})


def test_missing_and_repeated_ids_are_refused():
    with pytest.raises(ValueError, match="missing doc_id"):
        as_texts({None: "one"})
    with pytest.raises(ValueError, match="'1' more than once"):
        as_texts(pd.Series(["one", "two"], index=[1, "1"]))
    with pytest.raises(ValueError, match="articles has a missing doc_id"):
        as_articles(pd.DataFrame({"doc_id": ["a", None], "text": ["one", "two"]}))


def test_the_input_is_not_shared():
    given_texts = pd.Series(["one"], dtype=object)
    texts = as_texts(given_texts)
    texts.iloc[0] = "two"
    assert given_texts.tolist() == ["one"]


# --------------------------------------------------------------------------------------- articles


def test_articles_have_outlet_and_date_or_none():
    articles = as_articles(
        pd.DataFrame(
            {
                "doc_id": [1, 2, 3],
                "text": ["one", "two", "three"],
                "outlet": ["dw.com", None, np.nan],
                "published": ["2025-03-14", "2025-03-14T10:00:00+02:00", None],
            }
        )
    )
    assert articles.index.tolist() == ["1", "2", "3"]
    assert articles["outlet"].isna().tolist() == [False, True, True]
    assert articles["published"].tolist() == [
        pd.Timestamp("2025-03-14"),
        pd.Timestamp("2025-03-14 08:00"),
        pd.NaT,
    ]


@pytest.mark.parametrize("articles", ["one", ["one"], []])
def test_articles_of_texts_alone(articles):
    table = as_articles(articles)
    assert list(table) == ["text", "outlet", "published"]
    assert table["outlet"].isna().all()
    assert table["published"].dtype.kind == "M"


@pytest.mark.parametrize(
    "published",
    ["yesterday-ish", "now", "May 6", "14/03/2025", "03/04/2025", 2025, 20250314.0, 45678, [2025]],
)
@pytest.mark.parametrize("before", [[], ["2025-03-14"]])
def test_what_is_no_date_is_refused(published, before):
    values = pd.Series([*before, published], dtype=object)
    frame = pd.DataFrame({"doc_id": range(len(values)), "text": "one", "published": values})
    message = rf"articles.published must hold dates such as 2025-03-14 .* row {len(before)}"
    with pytest.raises(ValueError, match=message):
        as_articles(frame)


def test_numbers_are_no_dates():
    with pytest.raises(ValueError, match="got 45678 in row 0"):
        read_dates(pd.Series([45678, 45679]), "published")


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))])))
def test_a_date_is_read_from_any_form_that_leaves_no_doubt(when):
    when = when.replace(microsecond=0)
    assume(when.year > 1 and when.year < 9999)
    forms = [when, pd.Timestamp(when), when.isoformat(), when.isoformat(" ")]
    if when.year >= 1900:
        forms.append(format_datetime(when))
    expected = when.astimezone(UTC).replace(tzinfo=None)
    read = read_dates(pd.Series([*forms, None, "", pd.NaT], dtype=object), "published")
    assert read.iloc[: len(forms)].eq(expected).all()
    assert read.iloc[len(forms) :].isna().all()


def test_what_is_no_outlet_is_refused():
    frame = pd.DataFrame({"doc_id": ["a"], "text": ["one"], "outlet": [["dw.com"]]})
    with pytest.raises(TypeError, match="outlet must hold strings .* document 'a' is list"):
        as_articles(frame)


# --------------------------------------------------------------------------------------- columns


def test_require_columns_says_what_lacks_and_what_there_is():
    frame = pd.DataFrame({"a": [1], "b": [2]})
    assert require_columns(frame, ("a",), "table") is frame
    with pytest.raises(ValueError, match="table lacks the columns c, d; it has a, b. Rename"):
        require_columns(frame, ("a", "c", "d"), "table")
    with pytest.raises(ValueError, match="table lacks the column c; it has none"):
        require_columns(pd.DataFrame(), ("c",), "table")
    with pytest.raises(TypeError, match="table must be a pandas DataFrame .* got list"):
        require_columns([], ("c",), "table")
    with pytest.raises(ValueError, match="attributions lacks the column content"):
        check_attributions(pd.DataFrame({"source": [], "cue": []}))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_unfilled_columns_have_their_dtype_and_nothing_shared(n):
    table = attributions_frame({"doc_id": ["d"] * n}, n)
    assert list(table) == list(ATTRIBUTION_COLUMNS)
    for name, dtype in ATTRIBUTION_COLUMNS.items():
        assert table[name].dtype == (STRING if dtype == "str" else dtype)
    assert (table["certainty"] == 1).all()
    for name in SPAN_COLUMNS:
        assert len({id(cell) for cell in table[name]}) == n
    for name in ("type_proba", "stance_proba"):
        assert table[name].isna().all()


def test_the_attribution_table_keeps_what_it_is_given():
    spans = [[(0, 1)], [(2, 3)]]  # equally long: numpy would make a matrix of them
    table = attributions_frame(
        {
            "doc_id": ["d", "d"],
            "source": [ODD, ODD],
            "parent_id": [None, np.nan],
            "source_spans": spans,
            "certainty": [1, 0.5],
            "further": [1, 2],
        },
        2,
    )
    assert table["source"].tolist() == [ODD, ODD]
    assert table["parent_id"].isna().all()
    assert table["source_spans"].tolist() == spans
    assert table["certainty"].tolist() == [1, 0.5]
    assert list(table)[-1] == "further"


@given(st.lists(st.one_of(st.none(), st.text(st.characters()))))
def test_string_arrays_hold_any_string(values):
    array = string_array(values)
    assert array.dtype == STRING
    assert [v if isinstance(v, str) else None for v in array] == values


def test_object_arrays_have_one_object_a_cell():
    cells = [(1, 2), (3, 4)]
    assert object_array(cells).tolist() == cells
    assert object_array([]).shape == (0,)


# --------------------------------------------------------------------------------------- evidence


def evidence(**columns):
    row = {"claim_id": ["c"], "source_id": ["s"], "type": ["witness"], "stance": ["supports"]}
    return pd.DataFrame({**row, **columns})


def test_evidence_that_is_right_comes_back():
    table = evidence(certainty=[1])
    assert check_evidence(table) is table
    mixed = table.drop(columns="type").assign(type_proba=[{"witness": 1.0}])
    assert check_evidence(mixed) is mixed
    assert len(check_evidence(table.iloc[:0])) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"claim_id": [None]}, "evidence.claim_id is missing in 1 row"),
        ({"source_id": [np.nan]}, "evidence.source_id is missing in 1 row"),
        ({"stance": ["asserts"]}, "must be 'supports' or 'denies'.*got 'asserts'"),
        ({"stance": [None]}, "must be 'supports' or 'denies'"),
        ({"certainty": [0.0]}, r"must lie in \(0, 1\]; got 0.0"),
        ({"certainty": [1.5]}, r"must lie in \(0, 1\]; got 1.5"),
        ({"via": ["Reuters"]}, "via must hold .* got 'Reuters' in row 0"),
        ({"via": ["Reuters ("]}, "via must hold .* also written as text"),
        ({"type_proba": ["0.9"]}, "type_proba must hold {'witness': 1.0} .* got '0.9'"),
        ({"certainty": ["likely"]}, "certainty must hold numbers"),
    ],
)
def test_evidence_that_is_wrong_is_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        check_evidence(evidence(**columns))


def test_a_missing_certainty_is_one():
    read = check_evidence(evidence(certainty=[None]))
    assert read["certainty"].tolist() == [1.0]


@pytest.mark.parametrize("write", [repr, json.dumps])
@pytest.mark.parametrize("value", [("dw.com", "O'Hara"), (), {"witness": 0.25, "hearsay": 0.75}])
def test_evidence_is_read_back_from_text(write, value):
    name = "type_proba" if isinstance(value, dict) else "via"
    table = pd.concat([evidence(**{name: [write(value)]}), evidence(**{name: [None]})])
    assert check_evidence(table)[name].tolist() == [value, None]


@pytest.mark.parametrize("number", [7, 7.0])
def test_documents_go_by_strings(number):
    table = pd.concat([evidence(doc_id=[number]), evidence(doc_id=[np.nan])])
    assert check_evidence(table)["doc_id"].tolist()[0] == "7"
    assert check_evidence(table)["doc_id"].isna().tolist() == [False, True]


def test_evidence_needs_its_columns():
    with pytest.raises(ValueError, match="evidence lacks the column type"):
        check_evidence(evidence().drop(columns="type"))


class TestTablesAsSpreadsheetsWriteThem:
    """Semicolons, decimal commas, other names: the error says how to read them."""

    rows = "claim_id;source_id;type;stance;certainty\nc1;a;witness;supports;0,8\n"

    def read(self, **options):
        return pd.read_csv(io.StringIO(self.rows), **options)

    def test_one_column(self):
        with pytest.raises(ValueError, match=r"All stands in one column: .*sep=';', decimal=','"):
            check_evidence(self.read())

    def test_decimal_commas(self):
        with pytest.raises(ValueError, match=r"'0,8'\. Read decimal commas with pd.read_csv"):
            check_evidence(self.read(sep=";"))
        assert check_evidence(self.read(sep=";", decimal=","))["certainty"].tolist() == [0.8]

    def test_names_that_are_nearly_right(self):
        table = self.read(sep=";", decimal=",")
        wrong = table.rename(columns={"claim_id": "Claim_ID", "source_id": "sourceid"})
        with pytest.raises(ValueError, match="'Claim_ID': 'claim_id', 'sourceid': 'source_id'"):
            check_evidence(wrong)
        with pytest.raises(ValueError, match="got 'denied'; did you mean denies?"):
            check_evidence(table.assign(stance="denied"))
