"""True or false, from articles alone: the whole line on rumours that it has not seen.

The 65 rumours of Emergent whose truth is known and that have articles, ten folds of claims. For
the claims of a fold the linker is trained anew without them, their headlines and every article on
their topics; the extractor, the resolver and the classifier, which know nothing of claims, are the
shipped ones (64 of the 1,133 articles were among their training texts). The evidence is scored with
the default priors, and by a scorer that has learned from the outcomes of the other folds; each with
the types of sources, and with all sources taken for one type.

    python benchmarks/articles.py [--data ../shared/data] [--models accurate [--stance FOLDER]]

Takes about five minutes. With the accurate models, three stance classifiers are trained anew, for
three folds of topics, and the linkers ask of each claim the one that has not seen its topic; that
takes an hour on one core. They are kept in FOLDER, if it is given, and taken from there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from tqdm import tqdm

import sourcescore as ss
from sourcescore.metrics import expected_calibration_error
from sourcescore.training.accurate_stance import held_out
from sourcescore.training.linker import claim_corpora
from sourcescore.training.stance import stance_corpora

N_FOLDS = 10
N_SEEDS = 3
ONE_TYPE = "named_source"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", default="fast")
    parser.add_argument("--stance", type=Path)
    options = parser.parse_args()
    data = options.data
    claims, articles = read(data)
    stance = held_out(data, options.stance) if options.models == "accurate" else None
    evidence = read_evidence(data, claims, articles, options.models, stance)
    truth = claims["truth"]
    print(f"{len(truth)} claims, {truth.mean():.0%} true, {len(articles)} articles, ", end="")
    print(f"{len(evidence)} statements\n")
    print("| scorer | sources | Brier | AUC | ECE | mean of the true | of the false |")
    print("| --- " * 7 + "|")
    alike = evidence.assign(type=ONE_TYPE).drop(columns="type_proba")
    for sources, table in (("ten types", evidence), ("all alike", alike)):
        told = ss.ClaimScorer().predict(table, truth.index)["confidence"]
        show("default priors", sources, truth, [told])
    for calibrate in (False, True):
        for sources, table in (("ten types", evidence), ("all alike", alike)):
            parts = [learned(table, truth, calibrate, seed) for seed in range(N_SEEDS)]
            show("learned" + ", calibrated" * calibrate, sources, truth, parts)


def read(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The claims whose truth is known, and their articles."""
    claims = pd.read_csv(data / "emergent/claims-train.csv").set_index("claim_id").sort_index()
    articles = pd.read_csv(data / "emergent/articles-train.csv")
    claims = claims[claims["truth"].isin(("true", "false"))]
    claims = claims[claims.index.isin(articles["claim_id"])]
    articles = articles[articles["claim_id"].isin(claims.index)]
    return claims.assign(truth=claims["truth"] == "true"), articles


def read_evidence(
    data: Path, claims: pd.DataFrame, articles: pd.DataFrame, models: str, stance: Any
) -> pd.DataFrame:
    """What the articles say on each claim, read with a linker that has not seen its topic."""
    pairs = stance_corpora(data)
    topic_of = dict(zip(pairs["claim"], pairs["claim_topic"], strict=True))
    attributions, known = claim_corpora(data)
    # a headline bears on its claim, a news article on the one it was given with
    claim_text = known["claim"].to_dict()
    by_document = known.dropna(subset="doc_id").groupby("doc_id")["claim"].first().to_dict()
    topics = np.array(
        [
            topic_of.get(claim_text.get(c) if corpus == "emergent" else by_document.get(d), -1)
            for c, d, corpus in zip(
                attributions["claim_id"],
                attributions["doc_id"],
                attributions["corpus"],
                strict=True,
            )
        ]
    )
    parts = []
    folds = KFold(N_FOLDS, shuffle=True, random_state=0).split(claims)
    for _, held in tqdm(folds, total=N_FOLDS, desc="folds"):
        own = {topic_of.get(text, -2) for text in claims["claim"].iloc[held]}
        linker = ss.ClaimLinker(stance=stance)
        linker.fit(attributions[~np.isin(topics, list(own))], known)
        scorer = ss.SourceScorer(models=models, linker=linker)
        for claim_id in claims.index[held]:
            texts = articles.loc[articles["claim_id"] == claim_id, ["doc_id", "text"]]
            report = scorer.score(texts, {claim_id: claims.loc[claim_id, "claim"]})
            parts.append(report.evidence)
    return pd.concat(parts, ignore_index=True)


def learned(table: pd.DataFrame, truth: pd.Series, calibrate: bool, seed: int) -> pd.Series:
    """The confidence in each claim of a scorer that knows the outcomes of the other folds."""
    out = pd.Series(0.0, index=truth.index)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for seen, held in folds.split(truth, truth):
        scorer = ss.ClaimScorer(calibrate=calibrate, random_state=0)
        scorer.fit(table[table["claim_id"].isin(truth.index[seen])], truth.iloc[seen])
        ids = truth.index[held]
        out[ids] = scorer.predict(table[table["claim_id"].isin(ids)], ids)["confidence"]
    return out


def show(scorer: str, sources: str, truth: pd.Series, told: list[pd.Series]) -> None:
    figures = np.mean(
        [
            [
                ((p - truth) ** 2).mean(),
                roc_auc_score(truth, p),
                expected_calibration_error(truth, p),
                p[truth].mean(),
                p[~truth].mean(),
            ]
            for p in told
        ],
        axis=0,
    )
    print(f"| {scorer} | {sources} | " + " | ".join(f"{f:.3f}" for f in figures) + " |", flush=True)


if __name__ == "__main__":
    main()
