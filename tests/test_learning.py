"""What is learned from outcomes and without them, claims that exclude one another, and copying."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import beta
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from sourcescore.confidence import ClaimScorer
from sourcescore.confidence.questions import log_alternatives
from sourcescore.confidence.rows import Questions
from sourcescore.priors import Priors

ALL_TYPES = list(Priors().types)


def statements(*rows, **columns):
    frame = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance"])
    return frame.assign(**columns)


def even_priors(a=0.8, b=0.4, strength=10.0, rho=0.0):
    """The same numbers for all types."""
    numbers = {
        "supports_if_true": {"mean": a, "strength": strength},
        "supports_if_false": {"mean": b, "strength": strength},
        "rho": rho,
    }
    return Priors({"types": dict.fromkeys(ALL_TYPES, numbers)})


def world(seed=0, n_claims=600, n_sources=40, said_by=6, priors=None, kind="witness", herding=0.0):
    """Statements of sources drawn from the priors of a type, the truth and the sources' a and b."""
    rng = np.random.default_rng(seed)
    a, b = (
        rng.beta(beta.mean * beta.strength, (1 - beta.mean) * beta.strength, n_sources)
        for beta in (priors or Priors()).types[kind][:2]
    )
    truth = rng.random(n_claims) < 0.5
    claim = np.repeat(np.arange(n_claims), said_by)
    source = np.concatenate([rng.permutation(n_sources)[:said_by] for _ in range(n_claims)])
    supports = rng.random(len(claim)) < np.where(truth[claim], a[source], b[source])
    copied = rng.random(len(claim)) < np.sqrt(herding)
    supports = np.where(copied, np.repeat(supports[::said_by], said_by), supports)
    evidence = pd.DataFrame(
        {
            "claim_id": [f"c{i}" for i in claim],
            "source_id": [f"s{i}" for i in source],
            "type": kind,
            "stance": np.where(supports, "supports", "denies"),
        }
    )
    names = [f"c{i}" for i in range(n_claims)]
    sources = pd.DataFrame({"a": a, "b": b}, index=[f"s{i}" for i in range(n_sources)])
    return evidence, pd.Series(truth, names), sources


def calibration_error(confidence, truth):
    bins = np.minimum((confidence * 10).astype(int), 9)
    gap = (truth - confidence).groupby(bins).agg(["sum", "size"])
    return gap["sum"].abs().sum() / gap["size"].sum()


# ------------------------------------------------------------------------------- types and sources


def test_one_statement_each_gives_the_posterior_of_a_beta():
    rows = [(f"c{i}", f"s{i}", "witness", "supports") for i in range(10)]
    scorer = ClaimScorer().fit(statements(*rows), {f"c{i}": i < 8 for i in range(10)})
    prior = Priors()
    a, b, rho = prior.types["witness"]
    learned = scorer.priors_.types["witness"]
    centre = (a.mean * a.strength + 8) / (a.strength + 8)
    # how alike sources are that speak once cannot be told: the strength stays
    assert learned.supports_if_true == pytest.approx((centre, a.strength))
    assert learned.supports_if_false.mean == pytest.approx(
        (b.mean * b.strength + 2) / (b.strength + 2)
    )
    assert learned.rho == pytest.approx(rho)
    strength = prior.claim_prior_strength
    assert scorer.priors_.claim_prior == pytest.approx((0.5 * strength + 8) / (strength + 10))
    record = scorer.track_record_.loc["s0"]
    assert record.sensitivity == pytest.approx((centre * a.strength + 1) / (a.strength + 1))
    counts = ["n_true", "n_false", "n_supported_true", "n_denied_false"]
    assert record[counts].tolist() == [1, 0, 1, 0]
    assert record.sensitivity_low < record.sensitivity < record.sensitivity_high


def test_what_is_known_of_other_types_and_of_nobody_stays():
    evidence, truth, _ = world(n_claims=50)
    learned = ClaimScorer().fit(evidence, truth).priors_
    for name in set(ALL_TYPES) - {"witness"}:
        assert learned.types[name].rho == pytest.approx(Priors().types[name].rho)
        for one, other in zip(learned.types[name][:2], Priors().types[name][:2], strict=True):
            assert one == pytest.approx(other)


@pytest.mark.parametrize("true_strength", [3, 60])
def test_the_strength_of_a_type_tells_how_alike_its_sources_are(true_strength):
    evidence, truth, _ = world(priors=even_priors(strength=true_strength), n_claims=1000)
    learned = ClaimScorer(even_priors(strength=12)).fit(evidence, truth).priors_.types["witness"]
    for side in learned[:2]:
        assert true_strength / 3 < side.strength < true_strength * 3
        assert (side.strength < 12) == (true_strength < 12)


@pytest.mark.parametrize("herding", [0.0, 0.3, 0.7])
def test_rho_is_learned_where_the_truth_is_known(herding):
    priors = even_priors(strength=30, rho=0.4)
    evidence, truth, _ = world(priors=priors, herding=herding)
    known = ClaimScorer(priors).fit(evidence, truth).priors_.types["witness"].rho
    assert known == pytest.approx(herding, abs=0.12)
    unknown = ClaimScorer(priors).fit(evidence).priors_.types["witness"].rho
    assert unknown == pytest.approx(0.4)


@pytest.mark.parametrize("share_known", [1.0, 0.5, 0.0])
def test_learned_confidence_is_calibrated_and_its_intervals_cover(share_known):
    priors = even_priors()
    errors, covered = [], []
    for seed in range(4):
        evidence, truth, sources = world(seed, priors=priors, n_claims=1500)
        rng = np.random.default_rng(seed)
        known = truth.astype(object).where(rng.random(len(truth)) < share_known)
        scorer = ClaimScorer(priors).fit(evidence, known)
        fresh, fresh_truth, _ = world(seed, priors=priors, n_claims=1500)
        confidence = scorer.predict(fresh).confidence
        errors.append((confidence, fresh_truth[confidence.index]))
        record = scorer.track_record_.sort_index()
        sources = sources.loc[record.index]
        covered += [
            *sources.a.between(record.sensitivity_low, record.sensitivity_high),
            *(1 - sources.b).between(record.specificity_low, record.specificity_high),
        ]
    confidence, true = (pd.concat(part, ignore_index=True) for part in zip(*errors, strict=True))
    # six thousand claims: chance alone makes up to 0.015
    assert calibration_error(confidence, true) < 0.025
    assert np.mean(covered) > (0.85 if share_known else 0.75)


# -------------------------------------------------------------------------------------- by and by


def test_partial_fit_on_known_claims_gives_what_fit_gives():
    evidence, truth, _ = world(n_claims=300)
    whole = ClaimScorer().fit(evidence, truth)
    parts = ClaimScorer()
    for some in np.array_split(truth.index, 3):
        assert parts.partial_fit(evidence[evidence.claim_id.isin(some)], truth[some]) is parts
    one, other = whole.track_record_.sort_index(), parts.track_record_.sort_index()
    counts = ["n_true", "n_false", "n_supported_true", "n_denied_false"]
    pd.testing.assert_frame_equal(one[counts], other[counts])
    assert (one.sensitivity - other.sensitivity).abs().max() < 0.01
    assert parts.priors_.claim_prior == pytest.approx(whole.priors_.claim_prior)
    mine, theirs = whole.priors_.types["witness"], parts.priors_.types["witness"]
    assert theirs.supports_if_true.mean == pytest.approx(mine.supports_if_true.mean, abs=0.01)
    assert theirs.rho == pytest.approx(mine.rho, abs=0.02)


def test_partial_fit_goes_on_after_saving_and_meets_new_sources():
    evidence, truth, _ = world(n_claims=60)
    begun = ClaimScorer().partial_fit(evidence, truth)
    restored = ClaimScorer.from_parts(begun.to_parts())
    more = statements(("new", "s1", "witness", "denies"), ("new", "s99", "witness", "denies"))
    for scorer in (begun, restored):
        before = scorer.track_record_.loc["s1", "n_denied_false"]
        scorer.partial_fit(more, {"new": False})
        assert scorer.track_record_.loc["s1", "n_denied_false"] == before + 1
        assert scorer.track_record_.loc["s99", "n_false"] == 1
    pd.testing.assert_frame_equal(restored.predict(evidence), begun.predict(evidence))


def test_partial_fit_with_other_types_is_refused():
    evidence, truth, _ = world(n_claims=10)
    scorer = ClaimScorer().fit(evidence, truth)
    scorer.set_params(priors=Priors().replace(types={"image": {"reliability": "B"}}))
    with pytest.raises(
        ValueError, match="types that learning began with, 10 of them; .* now have 11"
    ):
        scorer.partial_fit(evidence, truth)


# --------------------------------------------------------------------------------------- questions


def answers(*rows, kind="witness"):
    """Rows (question, source, answer)."""
    return statements(
        *((f"{q}={a}", source, kind, "supports") for q, source, a in rows),
        question_id=[q for q, _, _ in rows],
    )


def test_the_answers_to_a_question_share_what_is_to_be_had():
    evidence = answers(("q", "s1", "4"), ("q", "s2", "4"), ("q", "s3", "7"), ("r", "s1", "1"))
    claims = ClaimScorer(even_priors()).predict(evidence)
    odds = pd.Series({"q=4": 4.0, "q=7": 2.0})  # (0.8/0.4)^2 and 0.8/0.4
    for claim in odds.index:
        assert claims.confidence[claim] == pytest.approx(odds[claim] / (1 + odds.sum()))
    assert claims.confidence["r=1"] == pytest.approx(2 / 3)
    assert (claims.low <= claims.confidence).all()
    assert (claims.confidence <= claims.high).all()


def test_choosing_one_of_k_answers_has_its_exact_posterior():
    # right with 0.7, otherwise any of the three others; one of the four is true
    priors = even_priors(0.7, 0.1, 1e6).replace(claim_prior=1 - 1e-9)
    given = [("q", "s1", "a"), ("q", "s2", "a"), ("q", "s3", "b"), ("q", "s4", "c")]
    evidence = pd.concat([answers(*given), answers(("q", "s5", "d"))])
    right, wrong = 0.7, 0.3 / 3
    weights = np.array([right**n * wrong ** (5 - n) for n in (2, 1, 1, 1)])
    confidence = ClaimScorer(priors).predict(evidence, [f"q={a}" for a in "abcd"]).confidence
    assert confidence.to_numpy() == pytest.approx(weights / weights.sum())


question_tables = st.lists(
    st.tuples(
        st.sampled_from("qrs"),
        st.sampled_from("abc"),
        st.sampled_from("uvwxyz"),
        st.sampled_from(ALL_TYPES),
        st.sampled_from(["supports", "denies"]),
    ),
    min_size=1,
    max_size=20,
)


def questioned(rows):
    return statements(
        *((f"{q}{a}", source, kind, stance) for q, a, source, kind, stance in rows),
        question_id=[q if q != "s" else None for q, *_ in rows],
    )


@settings(deadline=None, max_examples=60)
@given(question_tables, st.booleans())
def test_laws_with_questions(rows, fitted):
    evidence = questioned(rows)
    scorer = ClaimScorer().fit(evidence) if fitted else ClaimScorer()
    claims = scorer.predict(evidence)
    assert ((claims.confidence > 0) & (claims.confidence < 1)).all()
    assert (claims.low <= claims.confidence).all()
    assert (claims.confidence <= claims.high).all()
    asked = evidence.drop_duplicates("claim_id").set_index("claim_id")["question_id"]
    assert (claims.confidence.groupby(asked).sum() <= 1 + 1e-9).all()
    for claim in claims.index:
        steps = scorer.explain(evidence, claim)
        assert steps.log_odds.sum() == pytest.approx(claims.log_odds[claim], abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(question_tables)
def test_an_added_support_takes_from_the_other_answers(rows):
    priors = even_priors(rho=0.3)
    evidence = questioned(rows)
    asked = evidence["claim_id"].iloc[0]
    more = evidence.iloc[:1].assign(source_id="new", stance="supports", type="document")
    before = ClaimScorer(priors).predict(evidence).log_odds
    after = ClaimScorer(priors).predict(pd.concat([evidence, more])).log_odds[before.index]
    assert after[asked] >= before[asked] - 1e-9
    others = before.index.drop(asked)
    assert (after[others] <= before[others] + 1e-9).all()


def test_with_a_true_answer_the_others_are_false():
    evidence = answers(*((f"q{i}", f"s{j}", "ab"[j]) for i in range(30) for j in range(2)))
    truth = {f"q{i}=a": True for i in range(30)}
    record = ClaimScorer(even_priors()).fit(evidence, truth).track_record_
    assert record.sensitivity["s0"].max() > 0.9
    assert record.loc["s1", "n_supported_true"].max() == 0
    with pytest.raises(ValueError, match="'q0=a' and 'q0=b' true"):
        ClaimScorer().fit(evidence, {"q0=a": True, "q0=b": True})


def test_a_claim_answers_one_question():
    evidence = statements(
        ("c", "s", "witness", "supports"), ("c", "t", "witness", "denies"), question_id=["q", "r"]
    )
    with pytest.raises(
        ValueError, match="question_id must be the same in all rows of a claim; 'c'"
    ):
        ClaimScorer().predict(evidence)


def test_answers_that_recur_have_track_records_of_their_own():
    rng = np.random.default_rng(0)
    truth = rng.choice(["yes", "no"], 300)
    rows = []
    for i, true in enumerate(truth):
        rows += [(f"q{i}", f"s{j}", true if rng.random() < 0.8 else "no") for j in range(4)]
        rows.append((f"q{i}", "always yes", "yes"))
    record = ClaimScorer(even_priors()).fit(answers(*rows)).track_record_
    assert set(record["answer"]) == {"=yes", "=no"}
    one_sided = record.loc["always yes"]
    assert one_sided.sensitivity > 0.9
    assert one_sided.specificity < 0.2
    named = answers(*rows).assign(claim_id=lambda t: t.claim_id.map(hash).astype(str))
    plain = ClaimScorer(even_priors()).fit(named)
    assert "answer" not in plain.track_record_
    labelled = ClaimScorer(even_priors()).fit(named.assign(answer=[a for _, _, a in rows]))
    assert set(labelled.track_record_["answer"]) == {"yes", "no"}


@pytest.mark.parametrize("kind", ["named_source", "named_official", "witness", "media_report"])
def test_crowds_are_read_better_than_by_dawid_and_skene(shared, kind):
    found = {}
    for name in ("duck", "dog"):
        folder = shared / "data" / "crowd" / name
        said = pd.read_csv(folder / "answer.csv", dtype=str)
        truth = pd.read_csv(folder / "truth.csv", dtype=str).set_index("question").truth
        rows = zip(said.question, said.worker, said.answer, strict=True)
        evidence = answers(*rows, kind=kind)
        if name == "duck":  # yes or no
            stance = said.answer.map({"1": "supports", "0": "denies"})
            evidence = evidence.assign(claim_id=said.question + "=1", stance=stance)
            evidence = evidence.drop(columns="question_id")
        claims = ClaimScorer().fit(evidence).predict(evidence).confidence
        if name == "duck":
            right = (claims > 0.5) == (truth[claims.index.str[:-2]] == "1").to_numpy()
            found[name] = right.mean()
        else:
            best = claims.groupby(claims.index.str.split("=").str[0]).idxmax()
            found[name] = (best.str.split("=").str[1] == truth[best.index]).mean()
    assert found["duck"] >= 0.889
    assert found["dog"] >= 0.843


def test_rumours_of_emergent_are_told_apart_by_who_takes_sides(shared):
    folder = shared / "data" / "emergent"
    said = pd.read_csv(folder / "headlines-train.csv")
    said = said[said.stance != "observing"]
    evidence = pd.DataFrame(
        {
            "claim_id": said.claim_id,
            "source_id": said.outlet,
            "type": "media_report",
            "stance": said.stance.map({"for": "supports", "against": "denies"}),
        }
    )
    truth = pd.read_csv(folder / "claims-train.csv").set_index("claim_id").truth.sort_index()
    truth = truth[truth.isin(["true", "false"])] == "true"
    confidence = pd.Series(0.0, truth.index)
    for seen, held_out in StratifiedKFold(10, shuffle=True, random_state=0).split(truth, truth):
        scorer = ClaimScorer().fit(
            evidence[evidence.claim_id.isin(truth.index[seen])], truth.iloc[seen]
        )
        ids = truth.index[held_out]
        about = evidence[evidence.claim_id.isin(ids)]
        confidence[ids] = scorer.predict(about, ids).confidence
    assert ((confidence - truth) ** 2).mean() <= 0.105
    assert roc_auc_score(truth, confidence) >= 0.91


# ----------------------------------------------------------------------------------------- copying


def with_copies(seed=0, n_copies=3, faithful=1.0, n_claims=400):
    """A world in which some take over most of what s0 says."""
    priors = even_priors()
    evidence, truth, _ = world(seed, priors=priors, n_claims=n_claims, n_sources=30, said_by=8)
    rng = np.random.default_rng(seed)
    of_s0 = evidence[evidence.source_id == "s0"]
    parts = [evidence]
    for k in range(n_copies):
        flipped = of_s0.stance.map({"supports": "denies", "denies": "supports"})
        stance = of_s0.stance.where(rng.random(len(of_s0)) < faithful, flipped)
        taken = rng.random(len(of_s0)) < 0.8
        parts.append(of_s0.assign(source_id=f"copy{k}", stance=stance)[taken])
    return pd.concat(parts, ignore_index=True), truth, priors


def test_sources_that_copy_are_found_and_count_as_one():
    evidence, truth, priors = with_copies()
    scorer = ClaimScorer(priors).fit(evidence, truth)
    sure = scorer.copying_[scorer.copying_.probability >= 0.95]
    found = set(sure.source_id) | set(sure.other_id)
    assert found == {"s0", "copy0", "copy1", "copy2"}
    assert (sure.n_agreeing == sure.n_common).all()
    copied = evidence[evidence.source_id == "copy0"].claim_id.iloc[0]
    counted = scorer.predict(evidence).n_origins[copied]
    assert counted == (~evidence.source_id[evidence.claim_id == copied].isin(found)).sum() + 1
    apart = ClaimScorer(priors, copying=False).fit(evidence, truth).predict(evidence)
    assert apart.n_origins[copied] > counted
    restored = ClaimScorer.from_parts(scorer.to_parts())
    pd.testing.assert_frame_equal(restored.predict(evidence), scorer.predict(evidence))
    pd.testing.assert_frame_equal(restored.copying_, scorer.copying_, check_dtype=False)


def test_sources_that_are_right_together_or_differ_now_and_then_are_no_copies():
    priors = even_priors(0.97, 0.03)
    evidence, truth, _ = world(priors=priors, n_claims=300)
    assert (ClaimScorer(priors).fit(evidence, truth).copying_.probability < 0.95).all()
    evidence, truth, priors = with_copies(faithful=0.75)
    assert (ClaimScorer(priors).fit(evidence, truth).copying_.probability < 0.95).all()


def test_with_few_common_claims_nothing_is_concluded():
    evidence, truth, priors = with_copies(n_claims=25)
    assert ClaimScorer(priors).fit(evidence, truth).copying_.empty


def test_the_same_words_are_one_voice_on_their_claim():
    words = "The bridge over the Vardar was closed to all traffic on Monday."
    evidence = statements(
        ("c", "s", "media_report", "supports"),
        ("c", "t", "media_report", "supports"),
        ("c", "u", "media_report", "supports"),
        ("d", "t", "media_report", "supports"),
        content=[words, words.lower(), "It was closed.", words],
    )
    claims = ClaimScorer().predict(evidence)
    assert claims.n_origins.tolist() == [2, 1]
    alone = ClaimScorer().predict(evidence.iloc[[0, 2]])
    assert claims.confidence["c"] == pytest.approx(alone.confidence["c"])


# ------------------------------------------------------------------------------------- sensitivity


@settings(deadline=None, max_examples=40)
@given(question_tables)
def test_leaving_a_source_out_is_what_sensitivity_says(rows):
    evidence = questioned(rows)
    moves = ClaimScorer().sensitivity(evidence)
    of_sources = moves[moves.kind == "source"]
    assert len(of_sources) == len(evidence[["claim_id", "source_id"]].drop_duplicates())
    for move in of_sources.itertuples():
        gone = (evidence.claim_id == move.claim_id) & (evidence.source_id == move.name)
        left = evidence[~gone]
        asked = evidence.question_id[gone].iloc[0]
        if isinstance(asked, str) and not (left.claim_id == move.claim_id).any():
            continue  # the answer itself is gone then
        without = ClaimScorer().predict(left, [move.claim_id]).confidence.item()
        assert (move.at_low, move.at_high) == pytest.approx((without, without))
        assert move.swing == pytest.approx(move.confidence - without)


def test_moving_a_number_is_what_sensitivity_says():
    evidence = statements(
        ("c", "s", "witness", "supports"),
        ("c", "t", "document", "denies"),
        ("d", "s", "witness", "denies"),
    )
    moves = ClaimScorer().sensitivity(evidence)
    name = "types.witness.supports_if_true"
    move = moves[(moves.claim_id == "c") & (moves.name == name)].iloc[0]
    mean, strength = Priors().types["witness"].supports_if_true
    for end, tail in ((move.at_low, 0.05), (move.at_high, 0.95)):
        value = beta.ppf(tail, mean * strength, (1 - mean) * strength)
        moved = {"types": {"witness": {"supports_if_true": {"mean": value}}}}
        assert end == pytest.approx(ClaimScorer(moved).predict(evidence).confidence["c"])
    assert moves.claim_id.drop_duplicates().tolist() == ["c", "d"]
    largest = moves.groupby("claim_id", sort=False).swing.apply(lambda s: s.abs().tolist())
    assert all(values == sorted(values, reverse=True) for values in largest)
    assert set(moves[moves.claim_id == "d"].name) == {
        "claim_prior",
        "types.witness.supports_if_true",
        "types.witness.supports_if_false",
        "s",
    }


def test_sensitivity_of_a_fitted_scorer_names_the_sources_numbers():
    evidence, truth, _ = world(n_claims=30)
    moves = ClaimScorer().fit(evidence, truth).sensitivity(evidence)
    assert moves.name.str.fullmatch(r"sources\.s\d+ \(witness\)\.supports_if_(true|false)").any()
    numbers = moves[["confidence", "at_low", "at_high"]]
    assert ((numbers > 0) & (numbers < 1)).all(axis=None)


def test_an_explanation_has_its_reasons_in_words():
    evidence = statements(
        ("c", "s", "witness", "supports"),
        ("c", "t", "witness", "supports"),
        ("c", "u", "state_denial", "denies"),
        certainty=[1.0, 0.5, 1.0],
    )
    reasons = ClaimScorer().explain(evidence, "c")["reason"]
    assert reasons["claim prior"] == "before anybody is heard: 50%"
    assert reasons["u"].startswith("denied it, as state denial: odds x 0.87")
    assert "50% of it counts" in reasons["t"]
    assert "one of several alike" in reasons["t"]


@given(st.floats(-50, 50), st.lists(st.floats(-700, 700), max_size=6))
def test_alternatives_are_summed_without_cancelling(own, others):
    n = 1 + len(others)
    questions = Questions(np.zeros(n, int), np.array([n]), np.zeros(n, int), pd.Index([""]))
    found = log_alternatives(np.array([own, *others]), questions)[0]
    assert found == pytest.approx(np.logaddexp.reduce([0.0, *others]), rel=1e-6, abs=1e-6)
    assert expit(own - found) == pytest.approx(expit(own - np.logaddexp.reduce([0.0, *others])))
