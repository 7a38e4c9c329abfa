"""Priors: what they accept, what they refuse, and that they come back as they went out."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from sourcescore.confidence import ClaimScorer
from sourcescore.priors import ADMIRALTY, Priors, default_toml
from sourcescore.taxonomy import AttributionType

probabilities = st.floats(0, 1, exclude_min=True, exclude_max=True)
strengths = st.floats(1e-3, 1e6)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
betas = st.fixed_dictionaries({"mean": probabilities, "strength": strengths})
sources = st.fixed_dictionaries({"supports_if_true": betas, "supports_if_false": betas})


def test_every_default_type_has_priors_and_a_fidelity():
    priors = Priors()
    assert set(priors.types) == set(AttributionType)
    assert set(priors.fidelity) == {*AttributionType, "default"}


def test_support_of_every_default_type_speaks_for_the_claim():
    for entry in Priors().types.values():
        assert entry.supports_if_true.mean > entry.supports_if_false.mean


def test_a_state_denial_says_next_to_nothing():
    entry = Priors().types["state_denial"]
    ratio = (1 - entry.supports_if_true.mean) / (1 - entry.supports_if_false.mean)
    assert 0.85 < ratio < 1


def test_the_admiralty_letters_run_from_reliable_to_not():
    gaps = [
        ADMIRALTY[x].supports_if_true.mean - ADMIRALTY[x].supports_if_false.mean for x in "ABCDE"
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] == 0


def test_default_toml_is_the_default_and_explains_itself():
    assert Priors.from_toml(default_toml()) == Priors() == Priors.default()
    assert default_toml().count("#") > 30


def test_a_partial_override_changes_only_what_it_names():
    priors = Priors.from_toml(
        "[types.hearsay]\nrho = 1\n[types.hearsay.supports_if_true]\nmean=0.6"
    )
    default = Priors().types["hearsay"]
    hearsay = priors.types["hearsay"]
    assert (hearsay.rho, hearsay.supports_if_true.mean) == (1, 0.6)
    assert hearsay.supports_if_true.strength == default.supports_if_true.strength
    assert hearsay.supports_if_false == default.supports_if_false
    assert priors.replace(types={"hearsay": default}) == Priors()


@given(
    claim_prior=probabilities,
    types=st.dictionaries(names, sources, max_size=3),
    own=st.dictionaries(names, sources, max_size=3),
    outlets=st.dictionaries(names, st.floats(0, 1), max_size=3),
    hedges=st.dictionaries(names, st.floats(0, 1, exclude_min=True), max_size=3),
)
def test_toml_round_trip(claim_prior, types, own, outlets, hedges):
    priors = Priors(
        {
            "claim_prior": claim_prior,
            "types": types,
            "sources": own,
            "outlets": outlets,
            "hedges": hedges,
        }
    )
    again = Priors.from_toml(priors.to_toml())
    assert again == priors
    assert hash(again) == hash(priors)
    assert Priors(priors.to_dict()) == priors


def test_check_takes_all_that_a_user_may_pass(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("claim_prior = 0.3\n", encoding="utf-8-sig")
    mine = Priors({"claim_prior": 0.3})
    for given_priors in (mine, {"claim_prior": 0.3}, path, str(path), "claim_prior = 0.3"):
        assert Priors.check(given_priors) == mine
    assert Priors.check(mine) is mine
    assert Priors.check(None) == Priors()
    with pytest.raises(TypeError, match="got int"):
        Priors.check(3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clame_prior": 0.5}, "unknown key clame_prior; did you mean claim_prior"),
        ({"claim_prior": 0}, "claim_prior must be a number strictly between 0 and 1; got 0"),
        ({"claim_prior": float("nan")}, "claim_prior .* got nan"),
        ({"claim_prior": True}, "claim_prior .* got True"),
        ({"claim_prior": "0.5"}, "claim_prior .* got '0.5'"),
        ({"claim_prior": 10**400}, "claim_prior must be a number"),
        ({"claim_prior_strength": float("inf")}, "claim_prior_strength .* above 0"),
        ({"types": {"named_oficial": {"rho": 0.5}}}, "new type; did you mean named_official"),
        ({"types": {"hearsay": {"rh": 0.5}}}, "unknown key types.hearsay.rh; did you mean rho"),
        ({"types": {"hearsay": {"rho": 1.01}}}, "types.hearsay.rho .* between 0 and 1; got 1.01"),
        ({"types": {"hearsay": 0.4}}, "types.hearsay must be a table"),
        ({"types": {"hearsay": {"supports_if_true": {"mean": 1.0}}}}, "supports_if_true.mean"),
        ({"types": {"hearsay": {"supports_if_true": {"strength": 0}}}}, "strength .* above 0"),
        ({"types": {"hearsay": {"reliability": "G"}}}, "letter of the Admiralty scale"),
        ({"types": {"": {"reliability": "A"}}}, "non-empty strings"),
        (
            {"types": {"x": {"reliability": "A", "supports_if_true": {"mean": 0.5}}}},
            "both a reliability and supports_if",
        ),
        (
            {"types": {"x": {"supports_if_true": {}, "supports_if_false": {}}}},
            "x.supports_if_true.mean is missing",
        ),
        ({"sources": {"Jane": {"supports_if_true": {"mean": 0.5}}}}, "sources.Jane needs"),
        ({"fidelity": {"agency": 0.9}}, "unknown key fidelity.agency"),
        ({"fidelity": {"default": -0.1}}, "fidelity.default"),
        ({"outlets": {"dw.com": 2}}, "outlets.dw.com"),
        ({"outlets": {"\ud800": 1}}, "lone surrogate"),
        ({"hedges": {"may": 0}}, "hedges.may .* above 0 and at most 1"),
        ({"hedges": 3}, "hedges must be a table"),
        ([], "must be a table"),
    ],
)
def test_wrong_values_are_refused_with_key_and_range(changes, message):
    with pytest.raises(ValueError, match=message):
        Priors(changes)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere\.toml"):
        Priors.from_toml(tmp_path / "nowhere.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes('[hedges]\n"peut-\xeatre" = 0.4\n'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.toml is not UTF-8"):
        Priors.from_toml(latin)
    with pytest.raises(ValueError, match="not valid TOML"):
        Priors.from_toml("claim_prior = = 0.4")
    with pytest.raises(ValueError, match="priors: "):
        Priors.from_toml("x = " + "[" * 100_000)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        Priors.from_toml(tmp_path)
    with pytest.raises(OSError, match="priors: xxx.* cannot be read: File name too long"):
        Priors.from_toml("x" * 5000)
    with pytest.raises(TypeError, match="takes the path of a TOML file, or TOML text; got b'a'"):
        Priors.from_toml(b"a")


def test_what_is_wrong_in_a_file_names_the_file(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("[types.witness]\nrho = 2\n")
    with pytest.raises(ValueError, match=r"priors: in .*mine\.toml: types.witness.rho .* between"):
        Priors.from_toml(mine)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[outlets]\nexample.org = 0.9", r'\[outlets\] and below it "example.org" = 0.9'),
        ("[outlets]\na.example = 0.9\na.test = 0.8", '"a.example" = 0.9'),
        ("[sources.www.example.org]\nreliability = 'A'", r'write \[sources."www.example.org"\]'),
        ("[sources]\na.example.supports_if_true.mean = 0.9", r'\[sources."a.example"\]'),
        ("[types.a.b]\nreliability = 'A'", r'\[types."a.b"\]'),
        ("[hedges]\nmay. = 0.5", "not valid TOML"),
        ("[types.witness]\nsuports_if_true = {mean = 0.5}", "did you mean supports_if_true"),
        ("claim_prior = 0,5", "Numbers take a point: 0.5"),
        ("[outlets]\nx = '0,5'", "without quotes, with a point"),
    ],
)
def test_toml_that_reads_otherwise_than_meant(toml, message):
    with pytest.raises(ValueError, match=message):
        Priors.from_toml(toml)


def test_immutable():
    priors = Priors()
    with pytest.raises(AttributeError, match="immutable"):
        priors.claim_prior = 0.4
    with pytest.raises(AttributeError, match="immutable"):
        del priors.claim_prior
    with pytest.raises(TypeError):
        priors.hedges["may"] = 1.0
    priors.replace(hedges={"may": 1.0})
    assert priors == Priors()


def test_copies_and_clones_are_equal():
    priors = Priors({"outlets": {"dw.com": 0.97}})
    assert pickle.loads(pickle.dumps(priors)) == copy.deepcopy(priors) == priors
    assert clone(ClaimScorer(priors)).priors == priors
    assert priors != Priors()
    assert "dw.com" in repr(priors)
    assert repr(Priors()) == "Priors()"


def test_relays_are_looked_up_by_name_then_type():
    with pytest.raises(TypeError, match="a relay goes by its name"):
        Priors().relay_fidelity(None)
    priors = Priors({"outlets": {"WWW.Example.org": 0.6}})
    assert priors.relay_fidelity("example.ORG", "agency_report") == 0.6
    assert priors.relay_fidelity("Yonhap", "agency_report") == priors.fidelity["agency_report"]
    assert priors.relay_fidelity("agency_report") == priors.fidelity["agency_report"]
    assert priors.relay_fidelity("someone") == priors.fidelity["default"]
    assert priors.relay_fidelity("someone", "unheard_of") == priors.fidelity["default"]


def test_numpy_numbers_are_numbers():
    assert Priors({"claim_prior": np.float32(0.5)}).claim_prior == 0.5


def test_the_toml_ships_beside_the_module():
    import sourcescore.priors as module

    assert Path(module.__file__).with_name("priors.toml").read_text("utf-8") == default_toml()


def test_outlets_are_moved_by_their_reliability():
    ratings = pd.Series({"www.Good.example": 1.0, "middling.example": 0.5, "bad.example": 0.0})
    priors = Priors().with_outlets(ratings)
    base = priors.types["media_report"]
    good, middling, bad = (
        priors.sources[f"{name}.example"] for name in ("good", "middling", "bad")
    )
    for one, other in zip(middling, base[:2], strict=True):
        assert one == pytest.approx(other)
    assert good.supports_if_true.mean > base.supports_if_true.mean > bad.supports_if_true.mean
    assert good.supports_if_false.mean < base.supports_if_false.mean < bad.supports_if_false.mean
    passes_on = Priors().fidelity["media_report"]
    assert priors.relay_fidelity("good.example") > passes_on > priors.relay_fidelity("bad.example")
    rows = [("c", "www.good.example"), ("d", "bad.example")]
    evidence = pd.DataFrame(rows, columns=["claim_id", "source_id"])
    evidence = evidence.assign(type="media_report", stance="supports")
    confidence = ClaimScorer(priors).predict(evidence).confidence
    assert confidence["c"] > ClaimScorer().predict(evidence).confidence["c"] > confidence["d"]
    assert Priors.from_toml(priors.to_toml()) == priors


@pytest.mark.parametrize(
    ("ratings", "kind", "message"),
    [
        ({"x.example": 60}, "media_report", "the reliability of 'x.example' must be a number betw"),
        ({"x.example": float("nan")}, "media_report", "between 0 and 1; got nan"),
        ({"x.example": 1}, None, "no type None. Known are named_official"),
        ({"x.example": 1}, "media_raport", "no type 'media_raport'; did you mean media_report"),
    ],
)
def test_reliabilities_that_are_none(ratings, kind, message):
    with pytest.raises(ValueError, match=message):
        Priors().with_outlets(ratings, type=kind)


def test_priors_are_fitted_to_outcomes():
    rows = [(f"c{i}", f"s{i % 7}", "document", "supports") for i in range(200)]
    evidence = pd.DataFrame(rows, columns=["claim_id", "source_id", "type", "stance"])
    learned = Priors().fit(evidence, {f"c{i}": i % 4 > 0 for i in range(200)})
    assert isinstance(learned, Priors)
    assert learned.claim_prior == pytest.approx(0.74, abs=0.01)
    assert learned.types["document"].supports_if_false.mean > 0.6
    assert learned.types["witness"] == Priors().types["witness"]
    assert learned.fidelity == Priors().fidelity
