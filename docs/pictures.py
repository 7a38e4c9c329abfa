"""The figures and the report that the pages show, drawn anew with each build."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import numpy as np
from matplotlib import pyplot as plt

import sourcescore as ss
from sourcescore import plots

ARTICLE = "akhalsheni-drone"
CLAIMS = ["The drone was a Russian Orlan", "The drone carried an explosive charge"]


def draw(folder: Path) -> None:
    """Write the figures into a folder, and the report of an article into its folder ``pages``."""
    pages = folder / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    report = ss.score(
        ss.datasets.load_articles().texts[ARTICLE], claims=CLAIMS, outlet="example.org"
    )
    report.to_html(pages / "an-article.html")
    stories = ss.datasets.load_stories()
    story = ss.Report.from_evidence(
        stories.evidence, claims=stories.claims, articles=stories.articles
    )
    rng = np.random.default_rng(0)
    confidence = rng.random(400)
    figures = {
        "explanation": plots.plot_explanation(report, "c2"),
        "claims": plots.plot_claims(story),
        "history": plots.plot_history(story, "galdeni-drone"),
        "priors": plots.plot_priors(),
        "reliability": plots.plot_reliability(confidence, rng.random(400) < confidence**0.6),
    }
    for name, ax in figures.items():
        ax.figure.savefig(folder / f"{name}.png", dpi=130)
        plt.close(ax.figure)
