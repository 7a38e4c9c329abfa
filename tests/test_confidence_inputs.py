"""Odd evidence and odd truths: a result or an error that says what to do, and never NaN."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcescore.confidence import ClaimScorer
from sourcescore.confidence.sensitivity import ends
from sourcescore.priors import Priors
from sourcescore.tables import object_array

COLUMNS = ["claim_id", "source_id", "type", "stance"]
NUMBERS = ["confidence", "low", "high", "n_supporting", "n_denying", "n_origins", "log_odds"]
MISSING = [None, np.nan, pd.NA, pd.NaT]
WORDS = "The bridge was closed to all traffic on Monday, officials said."

rows = st.tuples(
    st.sampled_from("pqrstu"),
    st.sampled_from("abcdef"),
    st.sampled_from(["witness", "document", "hearsay"]),
    st.sampled_from(["supports", "denies"]),
)
tables = st.lists(rows, min_size=1, max_size=25)


def simple(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def asked(rows):
    """Evidence in which p, q and r answer one question, s and t another one."""
    evidence = simple(*rows)
    questions = dict(zip("pqrst", "11122", strict=True))
    return evidence.assign(question_id=evidence.claim_id.map(questions).astype(object))


@pytest.fixture
def evidence():
    return simple(
        ("p", "a", "witness", "supports"),
        ("p", "b", "document", "denies"),
        ("q", "a", "witness", "supports"),
    )


def with_first(evidence, column, value, default=None):
    """The evidence with this value in the first row of the column."""
    given = evidence[column].tolist() if column in evidence else [default] * len(evidence)
    return evidence.assign(**{column: pd.Series(object_array([value, *given[1:]]), dtype=object)})


def assert_sound(claims):
    numbers = claims[NUMBERS].to_numpy(float)
    assert np.isfinite(numbers).all()
    assert claims.confidence.between(0, 1, inclusive="neither").all()
    assert (claims.low <= claims.confidence).all()
    assert (claims.confidence <= claims.high).all()


def assert_all_works(evidence, truth=None):
    """Every method takes the evidence, and no number that comes out is missing."""
    fitted = ClaimScorer().fit(evidence, truth)
    more = ClaimScorer().fit(evidence, truth).partial_fit(evidence, truth)
    for scorer in (ClaimScorer(), fitted, more, ClaimScorer.from_parts(fitted.to_parts())):
        claims = scorer.predict(evidence)
        assert_sound(claims)
        tables = [scorer.sensitivity(evidence), scorer.sample(evidence, 5, random_state=0)]
        tables += [scorer.explain(evidence, claim) for claim in claims.index]
        for table in tables:
            assert np.isfinite(table.select_dtypes("number").to_numpy(float)).all()
    for record in (fitted.track_record_, more.track_record_):
        assert np.isfinite(record.select_dtypes("number").to_numpy(float)).all()


@pytest.mark.parametrize("value", MISSING)
@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("claim_id", "claim_id is missing in 1 rows; drop them"),
        ("source_id", "source_id is missing in 1 rows; drop them"),
        ("type", "1 rows have neither a type nor a type_proba, the first of them row 0"),
        ("stance", "stance must be 'supports' or 'denies'"),
    ],
)
def test_a_missing_value_where_one_is_needed_is_named(evidence, column, value, message):
    with pytest.raises(ValueError, match=message):
        ClaimScorer().predict(with_first(evidence, column, value, 1.0))


@pytest.mark.parametrize("value", MISSING)
@pytest.mark.parametrize(
    ("column", "default"),
    [
        ("certainty", 1.0),
        ("via", ()),
        ("via_types", ()),
        ("type_proba", None),
        ("published", "2024-01-01"),
        ("question_id", None),
        ("answer", "yes"),
        ("content", WORDS),
        ("source_name", "A"),
    ],
)
def test_a_missing_value_where_none_is_needed_says_nothing(evidence, column, default, value):
    table = with_first(evidence, column, value, default)
    assert_all_works(table, {"p": True})
    expected = ClaimScorer().predict(with_first(evidence, column, None, default))
    pd.testing.assert_frame_equal(ClaimScorer().predict(table), expected)


@pytest.mark.parametrize("value", [np.inf, -np.inf, "soon", [1], {"a": 1}, b"x"])
@pytest.mark.parametrize("column", ["certainty", "published", "stance"])
@pytest.mark.filterwarnings("ignore:Could not infer format")
def test_a_value_of_another_kind_is_refused_by_the_name_of_its_column(evidence, column, value):
    with pytest.raises(ValueError, match=f"evidence.{column} must"):
        ClaimScorer().predict(with_first(evidence, column, value, 1.0))


@pytest.mark.parametrize("column", ["via", "published"])
def test_a_boolean_is_neither_a_relay_nor_a_date(evidence, column):
    with pytest.raises(ValueError, match=f"evidence.{column} must hold"):
        ClaimScorer().predict(with_first(evidence, column, True))


@pytest.mark.parametrize("method", ["predict", "fit", "partial_fit", "sensitivity", "sample"])
@pytest.mark.parametrize("value", [None, {}, [("p", "a")], pd.Series(["p"])])
def test_what_is_no_table_is_refused(method, value):
    with pytest.raises(TypeError, match="evidence must be a pandas DataFrame"):
        getattr(ClaimScorer(), method)(value)


OPTIONAL = ["certainty", "via", "via_types", "type_proba", "published", "question_id", "answer"]


@pytest.mark.parametrize(
    "empty",
    [
        simple(),
        pd.DataFrame(columns=[*COLUMNS, *OPTIONAL, "content"]),
        pd.DataFrame(columns=[*COLUMNS, *OPTIONAL, "content"], dtype=float),
        asked([]).assign(certainty=1.0, published=pd.Timestamp("2024-01-01")),
    ],
)
def test_no_evidence_teaches_nothing(empty, evidence):
    assert_all_works(empty)
    fitted = ClaimScorer().fit(empty)
    assert fitted.priors_.claim_prior == Priors().claim_prior
    assert len(fitted.track_record_) == 0
    assert len(ClaimScorer().sensitivity(empty)) == 0
    pd.testing.assert_frame_equal(fitted.predict(evidence), ClaimScorer().predict(evidence))
    one = ClaimScorer().fit(evidence, {"p": True}).partial_fit(empty)
    other = ClaimScorer().fit(evidence, {"p": True})
    counts = [name for name in one.track_record_ if name.startswith("n_")]
    np.testing.assert_array_equal(one.track_record_[counts], other.track_record_[counts])
    claims, expected = one.predict(evidence), other.predict(evidence)
    np.testing.assert_allclose(claims[NUMBERS], expected[NUMBERS], atol=0.01)
    with pytest.raises(ValueError, match="no claim of known truth has evidence"):
        ClaimScorer().fit(empty, {"p": True})


@pytest.mark.parametrize("truth", [None, {"p": True}, {"p": False}])
@pytest.mark.parametrize("stance", [["supports"] * 3, ["denies"] * 3, ["supports", "denies"] * 2])
def test_little_or_one_sided_evidence_is_learned_from(stance, truth):
    few = simple(*(("p", f"s{i // 2}", "witness", said) for i, said in enumerate(stance)))
    for n_rows in (1, 2, len(few)):
        assert_all_works(few[:n_rows], truth)


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_dtypes_of_strings_do_not_matter(evidence, dtype):
    plain = evidence.assign(question_id="1", answer=["x", "x", "y"], content=WORDS)
    table = plain.astype(dtype)
    assert_all_works(table, {"p": True})
    for scorer in (ClaimScorer(), ClaimScorer().fit(plain, {"p": True})):
        scored, expected = scorer.predict(table), scorer.predict(plain)
        assert scored.index.tolist() == expected.index.tolist()
        pd.testing.assert_frame_equal(
            scored.reset_index(drop=True), expected.reset_index(drop=True)
        )


def test_categories_without_rows_are_no_claims_and_sources(evidence):
    table = evidence.assign(
        **{
            name: pd.Categorical(evidence[name], [*evidence[name].unique(), "nobody"])
            for name in COLUMNS
        }
    )
    assert_all_works(table, {"p": True})
    assert ClaimScorer().predict(table).index.tolist() == ["p", "q"]
    assert ClaimScorer().fit(table).track_record_.index.tolist() == ["a", "b"]


def test_certainties_of_every_numeric_dtype(evidence):
    expected = ClaimScorer().predict(evidence.assign(certainty=[0.5, 1.0, 1.0]))
    for dtype in ("float32", "Float64", "object", "category"):
        certainty = pd.Series([0.5, 1.0, 1.0]).astype(dtype)
        table = evidence.assign(certainty=certainty)
        pd.testing.assert_frame_equal(ClaimScorer().predict(table), expected)
    assert_all_works(evidence.assign(certainty=5e-324))


def test_arrow_columns_are_read_as_others(evidence):
    pytest.importorskip("pyarrow")
    plain = evidence.assign(
        question_id="1",
        answer=["x", "x", "y"],
        content=WORDS,
        certainty=[0.5, 1.0, 1.0],
        published=pd.to_datetime(["2024-01-01", None, None]),
    )
    arrow = plain.convert_dtypes(dtype_backend="pyarrow")
    truth = pd.Series([True, None], ["p", "q"], dtype="bool[pyarrow]")
    assert_all_works(arrow, truth)
    pd.testing.assert_frame_equal(
        ClaimScorer().fit(arrow, truth).predict(arrow),
        ClaimScorer().fit(plain, {"p": True}).predict(plain),
        check_index_type=False,
    )
    with pytest.raises(ValueError, match="claim_id is missing in 1 rows"):
        ClaimScorer().predict(with_first(arrow, "claim_id", None))


@pytest.mark.parametrize(
    "names",
    [
        {"p": 1, "q": 2},
        {"p": ("p", 1), "q": ("q", 1)},
        {"p": "", "q": "q" * 100_000},
        {"p": "p\0", "q": "p"},
        {"p": pd.Timestamp("2024-01-01"), "q": pd.Timestamp("2024-01-02")},
    ],
)
def test_claims_go_by_any_id(evidence, names):
    claims = pd.Series(object_array([names[c] for c in evidence.claim_id]), dtype=object)
    table = evidence.assign(claim_id=claims)
    assert_all_works(table, {names["p"]: True})
    scored = ClaimScorer().predict(table)
    assert scored.index.tolist() == [*names.values()]
    assert scored.log_odds.tolist() == ClaimScorer().predict(evidence).log_odds.tolist()


def test_sources_go_by_any_string(evidence):
    names = {"a": "\0", "b": "y" * 100_000}
    table = evidence.assign(source_id=evidence.source_id.map(names).astype(object))
    assert_all_works(table, {"p": True})
    fitted = ClaimScorer().fit(table, {"p": True})
    pd.testing.assert_frame_equal(
        ClaimScorer.from_parts(fitted.to_parts()).predict(table), fitted.predict(table)
    )


def test_lone_surrogates_are_letters_too(evidence):
    names = {"a": "\ud800", "b": "b", "p": "\udfff", "q": "q"}
    columns = {c: [names[x] for x in evidence[c]] for c in ("claim_id", "source_id")}
    table = evidence.assign(**{c: pd.Series(x, dtype=object) for c, x in columns.items()})
    fitted = ClaimScorer().fit(table, {"\udfff": True})
    again = ClaimScorer.from_parts(fitted.to_parts())
    expected = ClaimScorer().fit(evidence, {"p": True}).predict(evidence)
    for scorer in (fitted, again):
        np.testing.assert_array_equal(scorer.predict(table)[NUMBERS], expected[NUMBERS])


def test_a_number_and_its_digits_are_two_ids():
    ids = [(claim, source) for claim in (1, "1") for source in (1, "1")]
    mixed = simple(*((*pair, "witness", "supports") for pair in ids))
    claims = ClaimScorer().predict(mixed)
    assert claims.index.tolist() == [1, "1"]
    assert claims.n_origins.tolist() == [2, 2]
    assert len(ClaimScorer().fit(mixed, {1: True}).track_record_) == 2


@pytest.mark.parametrize(
    ("truth", "n_known"),
    [
        (pd.Series([True, False], ["p", "q"]), 2),
        (pd.Series([True, False], ["p", "q"]).astype("category"), 2),
        (pd.Series(["true", " FALSE "], ["p", "q"], dtype="category"), 2),
        (pd.Series([1, pd.NA], ["p", "q"], dtype="Int64"), 1),
        (pd.Series([True, False], pd.CategoricalIndex(["p", "z"])), 1),
        ({"p": np.True_, "q": pd.NaT}, 1),
        ({"p": True, np.nan: False}, 1),
        ({"p": None}, 0),
        ({}, 0),
        (pd.Series(dtype=object), 0),
    ],
)
def test_a_truth_of_any_dtype_is_the_same_truth(evidence, truth, n_known):
    plain = dict([("p", True), ("q", False)][:n_known])
    one, other = ClaimScorer().fit(evidence, truth), ClaimScorer().fit(evidence, plain)
    pd.testing.assert_frame_equal(one.track_record_, other.track_record_)


@pytest.mark.parametrize("value", ["yes", "1", 0.5, np.inf, -1, (1,), b"true", 1j])
def test_a_truth_that_is_none_is_shown(evidence, value):
    with pytest.raises(ValueError, match="truth must be True, False or missing; got"):
        ClaimScorer().fit(evidence, {"p": value})


@pytest.mark.parametrize(
    "truth", [{"p"}, "true", [True], np.array([True]), pd.DataFrame({"p": [1]})]
)
def test_a_truth_without_claims_is_refused(evidence, truth):
    for method in (ClaimScorer().fit, ClaimScorer().partial_fit, Priors().fit):
        with pytest.raises(TypeError, match="truth must be a Series or mapping of claim_id"):
            method(evidence, truth)


@pytest.mark.parametrize("truth", [{1: True}, pd.Series([True, False]), {"P": True}])
def test_a_truth_about_other_claims_is_refused(evidence, truth):
    with pytest.raises(ValueError, match=r"truth is about .*, the evidence about 'p', 'q'"):
        ClaimScorer().fit(evidence, truth)


def test_a_claim_belongs_to_one_question_and_a_question_has_one_answer(evidence):
    with pytest.raises(ValueError, match="question_id must be the same .* 'p' has '1' and '2'"):
        ClaimScorer().predict(evidence.assign(question_id=["1", "2", "1"]))
    with pytest.raises(ValueError, match="answer must be the same .* 'p' has 'x' and 'y'"):
        ClaimScorer().predict(evidence.assign(question_id="1", answer=["x", "y", "z"]))
    with pytest.raises(ValueError, match="both 'p' and 'q' true"):
        ClaimScorer().fit(evidence.assign(question_id="1"), {"p": True, "q": True})


def test_a_question_of_one_claim_is_none(evidence):
    alone = evidence.assign(question_id=evidence.claim_id)
    pd.testing.assert_frame_equal(ClaimScorer().predict(alone), ClaimScorer().predict(evidence))


@pytest.mark.parametrize("stance", ["supports", "denies"])
@pytest.mark.parametrize("truth", [None, {"c3": True}, {f"c{i}": False for i in range(1000)}])
def test_a_thousand_answers_to_one_question(stance, truth):
    rows = ((f"c{i}", f"s{i % 50}", "document", stance) for i in range(1000))
    many = simple(*rows).assign(question_id="1")
    scorer = ClaimScorer().fit(many, truth)
    for claims in (ClaimScorer().predict(many), scorer.predict(many)):
        assert_sound(claims)
        assert claims.confidence.sum() <= 1 + 1e-9
    assert np.isfinite(scorer.track_record_.select_dtypes("number").to_numpy(float)).all()


@settings(deadline=None, max_examples=30)
@given(tables, st.sampled_from([None, {"p": True}, {"q": False, "s": True}]))
def test_questions_hold_the_laws(rows, truth):
    evidence = asked(rows)
    truth = {c: true for c, true in (truth or {}).items() if c in set(evidence.claim_id)}
    for scorer in (ClaimScorer(), ClaimScorer().fit(evidence, truth)):
        claims = scorer.predict(evidence)
        assert_sound(claims)
        question = evidence.drop_duplicates("claim_id").set_index("claim_id").question_id
        assert (claims.confidence.groupby(question).sum() <= 1 + 1e-9).all()
        for claim in claims.index:
            parts = scorer.explain(evidence, claim)
            assert parts.log_odds.sum() == pytest.approx(claims.log_odds[claim], abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(tables, st.lists(st.sampled_from([WORDS, "yes", None]), min_size=25), st.randoms())
def test_order_of_rows_does_not_matter_with_questions_words_and_mixtures(rows, contents, random):
    mixtures = [None, {"witness": 0.3, "document": 0.7}]
    evidence = asked(rows).assign(
        content=object_array(contents[: len(rows)]),
        type_proba=object_array([random.choice(mixtures) for _ in rows]),
    )
    shuffled = random.sample(range(len(rows)), len(rows))
    claims = ClaimScorer().predict(evidence)
    pd.testing.assert_frame_equal(
        ClaimScorer().predict(evidence.iloc[shuffled], claims.index), claims, rtol=1e-12
    )


@settings(deadline=None, max_examples=30)
@given(tables, st.booleans(), st.booleans(), st.randoms())
def test_learning_from_questions_and_mixtures_does_not_depend_on_the_order(
    rows, answers, known, random
):
    evidence = asked(rows) if answers else simple(*rows)
    mixtures = [None, {"witness": 0.3, "document": 0.7}]
    evidence["type_proba"] = object_array([random.choice(mixtures) for _ in rows])
    shuffled = evidence.iloc[random.sample(range(len(rows)), len(rows))]
    truth = {rows[0][0]: True} if known else None
    one, other = (ClaimScorer().fit(table, truth) for table in (evidence, shuffled))
    claims, expected = one.predict(evidence), other.predict(evidence)
    np.testing.assert_allclose(claims[NUMBERS], expected[NUMBERS], rtol=1e-7, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(tables, st.sampled_from([1, 2, 3]))
def test_learning_whole_claims_in_chunks_counts_as_all_at_once(rows, size):
    evidence = asked(rows)
    truth = {claim: claim in "psu" for claim in "pqrstu"}
    whole, parts = ClaimScorer(copying=False), ClaimScorer(copying=False)
    whole.fit(evidence, truth)
    units = evidence.question_id.fillna(evidence.claim_id)
    for i in range(0, units.nunique(), size):
        parts.partial_fit(evidence[units.isin(units.unique()[i : i + size])], truth)
    one, other = (
        scorer.track_record_.set_index("type", append=True).sort_index()
        for scorer in (whole, parts)
    )
    counts = [name for name in one.columns if name.startswith("n_")]
    pd.testing.assert_frame_equal(one[counts], other[counts], atol=1e-12)
    means = ["sensitivity", "specificity"]
    pd.testing.assert_frame_equal(one[means], other[means], atol=0.02)
    assert whole.priors_.claim_prior == pytest.approx(parts.priors_.claim_prior)


@settings(deadline=None, max_examples=30)
@given(tables)
def test_a_source_left_out_is_as_if_it_had_said_nothing(rows):
    for evidence in (simple(*rows), asked(rows)):
        scorer = ClaimScorer()
        moves = scorer.sensitivity(evidence).query("kind == 'source'")
        np.testing.assert_array_equal(moves.at_low, moves.at_high)
        for move in moves.to_dict("records"):
            own = (evidence.claim_id == move["claim_id"]) & (evidence.source_id == move["name"])
            rest = evidence[~own]
            if move["claim_id"] not in set(rest.claim_id) and "question_id" in evidence:
                continue  # without rows it is no longer known what it answers
            claims = scorer.predict(rest, [move["claim_id"]])
            assert move["at_low"] == pytest.approx(claims.confidence.iloc[0], abs=1e-9)


def test_a_number_moved_is_as_if_the_priors_had_it(evidence):
    priors = Priors()
    moves = ClaimScorer().sensitivity(evidence).set_index(["name", "claim_id"])

    def at(prior, change):
        low, high = ends(np.array([prior[0]]), np.array([prior[1]]))
        return [ClaimScorer(change(float(end[0]))).predict(evidence) for end in (low, high)]

    prior = (priors.claim_prior, priors.claim_prior_strength)
    scored = {"claim_prior": at(prior, lambda mean: {"claim_prior": mean})}
    for name in ("witness", "document"):
        for side in ("supports_if_true", "supports_if_false"):
            scored[f"types.{name}.{side}"] = at(
                getattr(priors.types[name], side),
                lambda mean, name=name, side=side: {"types": {name: {side: {"mean": mean}}}},
            )
    for (name, claim), move in moves.query("kind == 'prior'").iterrows():
        low, high = scored[name]
        assert move.at_low == pytest.approx(low.confidence[claim])
        assert move.at_high == pytest.approx(high.confidence[claim])


@pytest.mark.parametrize(("n_words", "n_origins"), [(7, 5), (8, 1)])
def test_who_says_the_same_in_eight_words_is_one_origin(n_words, n_origins):
    same = simple(*(("p", f"s{i}", "witness", "supports") for i in range(5)))
    words = " ".join(WORDS.split()[:n_words])
    table = same.assign(content=[words, words.upper(), f"«{words}»", words + "!", words])
    pd.testing.assert_frame_equal(
        ClaimScorer().predict(table), ClaimScorer().predict(same[:n_origins])
    )


def test_the_same_words_for_and_against_stay_two_voices():
    table = simple(("p", "a", "witness", "supports"), ("p", "b", "witness", "denies"))
    assert ClaimScorer().predict(table.assign(content=WORDS)).n_origins["p"] == 2


def test_the_same_words_on_two_claims_make_nobody_one():
    table = simple(("p", "a", "witness", "supports"), ("q", "b", "witness", "supports"))
    spoken = table.assign(content=WORDS)
    pd.testing.assert_frame_equal(ClaimScorer().predict(spoken), ClaimScorer().predict(table))


@pytest.mark.parametrize("means", [(1e-9, 0.5), (0.5, 1e-9), (1 - 1e-9, 0.5), (0.5, 1 - 1e-9)])
@pytest.mark.parametrize("strength", [1e-6, 10, 1e12])
@pytest.mark.parametrize("rho", [0, 1])
@pytest.mark.parametrize("claim_prior", [1e-9, 1 - 1e-9])
def test_extreme_priors_give_a_confidence(evidence, means, strength, rho, claim_prior):
    a, b = ({"mean": mean, "strength": strength} for mean in means)
    entry = {"supports_if_true": a, "supports_if_false": b, "rho": rho}
    types = {"witness": entry, "document": entry}
    scorer = ClaimScorer({"claim_prior": claim_prior, "types": types})
    for table in (evidence, evidence.assign(question_id="1")):
        assert_sound(scorer.predict(table))
        moves = scorer.sensitivity(table)[["confidence", "at_low", "at_high", "swing"]]
        assert np.isfinite(moves.to_numpy(float)).all()


@pytest.mark.parametrize("stance", ["supports", "denies"])
def test_a_hundred_thousand_of_one_mind(stance):
    crowd = pd.DataFrame({"claim_id": "p", "source_id": np.arange(100_000), "type": "document"})
    crowd["stance"] = stance
    for rho in (0.0, 1.0):
        assert_sound(ClaimScorer({"types": {"document": {"rho": rho}}}).predict(crowd))
    assert_sound(ClaimScorer().fit(crowd).predict(crowd))
    assert ClaimScorer().predict(crowd.assign(content=WORDS)).n_origins["p"] == 1


def test_many_distinct_claims_and_sources():
    n = 30_000
    codes = pd.Series(np.arange(n))
    evidence = pd.DataFrame(
        {
            "claim_id": "claim " + codes.astype(str),
            "source_id": "source " + codes.astype(str),
            "type": "witness",
            "stance": np.where(codes % 2, "denies", "supports"),
            "question_id": "question " + (codes // 4).astype(str),
        }
    )
    claims = ClaimScorer().predict(evidence)
    assert len(claims) == n
    assert_sound(claims)
    assert claims.confidence.groupby(np.arange(n) // 4).sum().max() <= 1 + 1e-9


def test_a_failed_partial_fit_leaves_what_was_learned(evidence):
    scorer = ClaimScorer().fit(evidence, {"p": True})
    before = scorer.predict(evidence)
    for bad, truth in ((evidence.assign(stance="x"), None), (evidence, {"x": True})):
        with pytest.raises(ValueError):
            scorer.partial_fit(bad, truth)
    pd.testing.assert_frame_equal(scorer.predict(evidence), before)


def test_claims_asked_for_come_in_their_order_and_as_often(evidence):
    scorer = ClaimScorer()
    claims = scorer.predict(evidence, ["nobody", "q", "q"])
    assert claims.index.tolist() == ["nobody", "q", "q"]
    assert claims.confidence["nobody"] == pytest.approx(Priors().claim_prior)
    assert scorer.predict(evidence, []).empty
    assert scorer.explain(evidence, "nobody").index.tolist() == ["claim prior"]


@pytest.mark.parametrize("value", [np.nan, None, pd.NA, 1.5, -0.1, "0.5", True, np.inf])
def test_a_rating_of_an_outlet_is_a_number(value):
    with pytest.raises(ValueError, match="reliability of 'a.org' must be a number between 0 and 1"):
        Priors().with_outlets({"a.org": value})


@pytest.mark.parametrize("name", ["", 3, "\ud800"])
def test_an_outlet_needs_a_name(name):
    with pytest.raises(ValueError, match="key"):
        Priors().with_outlets({name: 0.5})


def test_ratings_of_any_dtype_are_the_same_ratings():
    expected = Priors().with_outlets({"a.org": 1.0})
    for ratings in (
        {"www.A.org": np.float32(1)},
        {"a.org": 1},
        pd.Series({"a.org": 1.0}),
        pd.Series({"a.org": 1}, dtype="Int64"),
    ):
        assert Priors().with_outlets(ratings) == expected
    assert Priors().with_outlets({}) == Priors()


def test_learned_priors_keep_the_outlets(evidence):
    priors = Priors().with_outlets({"a.org": 0.9})
    learned = priors.fit(evidence, {"p": True})
    assert (learned.sources, learned.outlets) == (priors.sources, priors.outlets)
    assert learned.claim_prior > priors.claim_prior
