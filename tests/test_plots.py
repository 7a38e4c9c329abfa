"""The figures: what they draw, and that they ask for matplotlib in plain words."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from sourcescore import plots
from sourcescore.confidence import ClaimScorer
from sourcescore.priors import Priors
from sourcescore.report import Report
from sourcescore.tables import CLAIM_COLUMNS, attributions_frame

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib.pyplot")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture
def report() -> Report:
    evidence = pd.DataFrame(
        [
            ("c1", "Lowen Press", "agency_report", "supports"),
            ("c1", "a docker $5 \ud800", "witness", "supports"),
            ("c1", "the ministry", "state_denial", "denies"),
        ],
        columns=["claim_id", "source_id", "type", "stance"],
        dtype=object,  # Arrow's strings hold no lone surrogates
    )
    scorer = ClaimScorer()
    claims = scorer.predict(evidence, ["c1", "c2"])
    claims["claim"] = ["The ferry costs $5 or $6", "It sails " + "on and on " * 20]
    claims["n_attributions"] = [3, 0]
    return Report(
        texts=pd.Series({"d1": "No text is needed here."}),
        attributions=attributions_frame({}, 0),
        claims=claims[list(CLAIM_COLUMNS)],
        evidence=evidence,
        scorer=scorer,
    )


def test_explanation_ends_at_the_posterior(report):
    axes = plots.plot_explanation(report, "c1")
    widths = [bar.get_width() for bar in axes.patches]
    confidence = report.claims.loc["c1", "confidence"]
    assert len(widths) == 5
    assert sum(widths[:-1]) == pytest.approx(widths[-1])
    assert 1 / (1 + np.exp(-widths[-1])) == pytest.approx(confidence)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "claim prior"
    assert "Lowen Press [AGENCY]" in labels
    axes.figure.canvas.draw()


def test_explanation_of_an_unknown_claim(report):
    with pytest.raises(ValueError, match="no claim 'c9'"):
        plots.plot_explanation(report, "c9")


def test_claims_one_row_each(report):
    axes = plots.plot_claims(report)
    drawn = np.asarray(axes.collections[1].get_offsets())
    assert drawn[:, 0] == pytest.approx(report.claims["confidence"].to_numpy())
    axes.figure.canvas.draw()


@pytest.fixture
def story(report) -> Report:
    """The same sources in three documents, two of them on one day."""
    evidence = report.evidence.assign(doc_id=["d1", "d2", "d2"])
    dates = pd.to_datetime(pd.Series(["2025-03-10", "2025-03-12", "2025-03-12"]))
    return Report(
        texts=pd.Series({"d1": "", "d2": ""}),
        attributions=report.attributions,
        claims=report.claims,
        evidence=evidence.assign(published=dates),
        scorer=ClaimScorer(),
    )


def test_history_has_a_step_and_a_marker_for_each_document(story):
    axes = plots.plot_history(story, "c1")
    history = story.history("c1")
    x, y = axes.lines[0].get_data()
    assert y[:-1] == pytest.approx(history["confidence"].to_numpy())
    assert y[-1] == y[-2]
    days = matplotlib.dates.num2date(x[1:3])
    assert [day.day for day in days] == [10, 12]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [r"The ferry costs \$5 or \$6 (c1)", "supports", "both"]
    assert axes.get_xlabel() == "published"
    axes.figure.canvas.draw()


def test_history_of_several_claims_and_without_dates(story, report):
    axes = plots.plot_history(story, ["c1", "c2"])
    assert len({line.get_linestyle() for line in axes.lines[:2]}) == 2
    axes.figure.canvas.draw()
    axes = plots.plot_history(report, "c1")
    assert axes.get_xlabel() == "document"
    assert axes.lines[0].get_xdata() == pytest.approx([0, 1, 2, 3, 3.5])
    axes.figure.canvas.draw()
    axes = plots.plot_history(report, "c1", max_steps=1)
    assert axes.lines[0].get_xdata() == pytest.approx([0, 3, 3.5])
    plots.plot_history(report, "c2").figure.canvas.draw()


def test_the_legend_of_many_claims_leaves_room_for_the_lines():
    evidence = pd.DataFrame(
        {
            "claim_id": [f"c{i}" for i in range(12)],
            "source_id": "a",
            "type": "witness",
            "stance": "supports",
        }
    )
    claims = {f"c{i}": "a long claim " * 20 for i in range(12)}
    ax = plots.plot_history(Report.from_evidence(evidence, claims=claims), list(claims))
    ax.figure.canvas.draw()
    width, height = ax.figure.get_size_inches()
    box = ax.get_position()
    assert box.width * width > 6
    assert box.height * height > 2.5


def test_claims_without_evidence_are_drawn(recwarn):
    nobody = Report.from_evidence(
        pd.DataFrame(columns=["claim_id", "source_id", "type", "stance"]), claims={"c": "It rained"}
    )
    ax = plots.plot_history(nobody, "c")
    assert ax.get_xlabel() == "no document yet"
    assert not len(ax.get_xticks())
    plots.plot_claims(Report.from_evidence(nobody.evidence))
    assert not len(recwarn)


def test_history_of_a_claim_that_goes_by_a_number():
    evidence = pd.DataFrame(
        {"claim_id": [1, 2], "source_id": "a", "type": "witness", "stance": "supports"}
    )
    numbered = Report.from_evidence(evidence)
    assert len(plots.plot_history(numbered, 1).lines) > 0
    with pytest.raises(ValueError, match="no claim 3; known are 1, 2"):
        plots.plot_history(numbered, [1, 3])


def test_history_of_no_claim(report):
    with pytest.raises(ValueError, match="must name the claims to draw"):
        plots.plot_history(report, None)
    with pytest.raises(ValueError, match="at least one claim"):
        plots.plot_history(report, [])
    with pytest.raises(ValueError, match="no claim 'c9'"):
        plots.plot_history(report, ["c1", "c9"])


def test_reliability_of_known_claims():
    axes = plots.plot_reliability([0.1, 0.12, 0.9, 0.5], [False, True, True, None])
    x, y = axes.lines[1].get_data()
    assert x == pytest.approx([0.11, 0.9])
    assert y == pytest.approx([0.5, 1.0])
    axes = plots.plot_reliability(pd.Series([0.2]), pd.Series([True], dtype="boolean"))
    assert axes.lines[1].get_ydata() == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("confidence", "truth", "message"),
    [
        ([0.1], [True, False], "equally long"),
        ([0.1], [None], "missing for all"),
        ([1.1], [True], r"\[0, 1\]"),
        ([0.1], [0.4], "True, False or missing"),
    ],
)
def test_reliability_says_what_is_wrong(confidence, truth, message):
    with pytest.raises(ValueError, match=message):
        plots.plot_reliability(confidence, truth)


def test_priors_one_row_per_type():
    priors = Priors({"types": {"satellite_image": {"reliability": "A"}}})
    axes = plots.plot_priors(priors)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[-1] == "satellite image"
    assert len(labels) == len(priors.types)
    means = [p.supports_if_true.mean for p in priors.types.values()]
    assert axes.lines[0].get_xdata() == pytest.approx(means)
    assert len(plots.plot_priors().get_yticklabels()) == len(Priors().types)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda r: plots.plot_claims(None), "report must be a Report.* got None"),
        (lambda r: plots.plot_explanation(3, "c1"), "report must be a Report.* got 3"),
        (lambda r: plots.plot_history([], "c1"), "report must be a Report"),
        (
            lambda r: plots.plot_claims(r, ax=matplotlib.pyplot.subplots(2)[1]),
            "ax must be one matplotlib Axes",
        ),
        (
            lambda r: plots.plot_priors(ax=matplotlib.pyplot.figure()),
            "ax must be one matplotlib Axes",
        ),
    ],
)
def test_wrong_objects_are_named(report, draw, message):
    with pytest.raises(TypeError, match=message):
        draw(report)


def test_given_axes_are_drawn_into(report):
    _, given = matplotlib.pyplot.subplots(1, 5)
    assert plots.plot_history(report, "c1", given[4]) is given[4]
    assert plots.plot_explanation(report, "c1", given[0]) is given[0]
    assert plots.plot_claims(report, given[1]) is given[1]
    assert plots.plot_reliability([0.3], [True], given[2]) is given[2]
    assert plots.plot_priors(None, given[3]) is given[3]


def test_without_matplotlib_the_extra_is_named(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "sourcescore\[plots\]"'):
        plots.plot_claims(report)
