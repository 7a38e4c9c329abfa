"""Truth discovery beside its peers: crowd-kit, Snorkel and logistic regression, on the same data.

usage: python benchmarks/peers.py [--data ../shared/data] [--only {duck,dog,emergent}]

Prints markdown tables. A peer that is not installed is left out, and that is said.

crowd/duck, crowd/dog
    The accuracy over all questions: without any truth, and over the other 80 % where the truth of
    20 % is known (the mean of 10 draws of them). A peer that cannot use truths answers as without
    them. Seconds are of the fastest of three runs, or of one if it takes long; the peak memory is
    what tracemalloc sees in a run of its own, to which torch's arrays are invisible.
emergent
    The probability that a rumour is true, from which outlets' headlines say so: 10 folds by claim,
    whose predictions are pooled. What learns without truths sees all headlines, those of the
    held-out claims too; the truths are those of the training folds. A claim that no headline takes
    sides on gets the share of true claims of the training folds. Each peer has two rows: its
    probabilities as they are, and after Platt scaling, a logistic regression on their log-odds on
    the training folds (for those that were given these truths: on probabilities that were not).
"""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sourcescore import ClaimScorer

N_DRAWS = 10
KNOWN_SHARE = 0.2
NOTHING_KNOWN = pd.Series(dtype=int)
#: Log-odds beyond these say no more to Platt scaling; some peers answer exactly 0 and 1.
CLIP = 1e-3


@dataclass(frozen=True)
class Method:
    """Something that finds the true label of each task.

    Attributes
    ----------
    name : str
    run : callable
        Takes the answers (columns ``task, worker, label``) and the known labels (index task; may be
        empty). Returns a score of each task and label, the highest for the likeliest label.
    truths : {"no", "yes", "needs them", "class balance"}
        What it makes of the known labels.
    binary : bool
        Whether it takes two labels only.
    """

    name: str
    run: Callable[[pd.DataFrame, pd.Series], pd.DataFrame]
    truths: Literal["no", "yes", "needs them", "class balance"] = "no"
    binary: bool = False


def ours_crowd(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
    """Return the log-odds of each question and value."""
    values = sorted(answers["label"].unique())
    if values == [0, 1]:
        claims = answers[["task"]].drop_duplicates()
        log_odds = _ours(_binary_evidence(answers, "named_source"), known, claims["task"])
        return pd.DataFrame({0: -log_odds, 1: log_odds}, index=claims["task"])
    evidence = pd.DataFrame(
        {
            "claim_id": _candidate(answers["task"], answers["label"]),
            "question_id": answers["task"].astype(str),
            "source_id": answers["worker"].astype(str),
            "type": "named_source",
            "stance": "supports",
        }
    )
    truth = pd.concat([(known == v).set_axis(_candidate(known.index, v)) for v in values])
    claims = answers[["task", "label"]].drop_duplicates()
    log_odds = _ours(evidence, truth, _candidate(claims["task"], claims["label"]))
    return claims.assign(log_odds=log_odds).pivot_table("log_odds", "task", "label")


def _ours_not_told(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
    return ours_crowd(answers, NOTHING_KNOWN)


def _candidate(task: Any, label: Any) -> pd.Index:
    """Return the ids of the claims that the label is the true one of the task."""
    values = str(label) if np.isscalar(label) else pd.Index(label).astype(str)
    return pd.Index(task).astype(str) + "=" + values


def _binary_evidence(answers: pd.DataFrame, kind: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "claim_id": answers["task"].astype(str),
            "source_id": answers["worker"].astype(str),
            "type": kind,
            "stance": np.where(answers["label"] == 1, "supports", "denies"),
        }
    )


def _ours(evidence: pd.DataFrame, known: pd.Series, claims: Iterable[Any]) -> np.ndarray:
    truth = None if known.empty else known.astype(bool).set_axis(known.index.astype(str))
    scorer = ClaimScorer().fit(evidence, truth)
    return scorer.predict(evidence, claim_ids=[*map(str, claims)])["log_odds"].to_numpy()


def ours_emergent(
    train_evidence: pd.DataFrame,
    truth: pd.Series,
    test_evidence: pd.DataFrame,
    **settings: Any,
) -> pd.Series:
    """Return the confidence in each claim of the test evidence."""
    scorer = ClaimScorer(**settings).fit(train_evidence, truth.astype(bool))
    return scorer.predict(test_evidence)["confidence"]


def _ours_transductive(answers: pd.DataFrame, known: pd.Series, **settings: Any) -> pd.DataFrame:
    """All headlines to learn from, as the peers have them."""
    evidence = _binary_evidence(answers, "media_report")
    return _two_columns(ours_emergent(evidence, known, evidence, **settings))


def _ours_inductive(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
    """Only the headlines on claims of known truth to learn from."""
    evidence = _binary_evidence(answers, "media_report")
    train = evidence[evidence["claim_id"].isin(known.index)]
    return _two_columns(ours_emergent(train, known, evidence))


def _two_columns(probability: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({0: 1 - probability, 1: probability})


def crowd_kit_methods() -> list[Method]:
    """Return the methods of crowd-kit, none if it is not installed."""
    try:
        from crowdkit import aggregation as kit
    except ImportError as error:
        print(f"crowd-kit is left out: {error}\n")
        return []

    def blind(aggregator: Callable[[], Any]) -> Callable[..., pd.DataFrame]:
        return lambda answers, known: aggregator().fit_predict_proba(answers)

    def dawid_skene(answers: pd.DataFrame, known: pd.Series, **settings: Any) -> pd.DataFrame:
        truths = None if known.empty else known
        return kit.DawidSkene(**settings).fit_predict_proba(answers, truths)

    def all_iterations(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
        return dawid_skene(answers, known, tol=-np.inf)

    def kos(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
        # it fails where nothing can be passed on: at tasks and workers with one answer
        return _two_columns(kit.KOS().fit_predict(_answered_twice(answers)).astype(float))

    def by_agreement(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
        # crowd-kit's own Wawa fails under scikit-learn 1.7 and later
        skills = kit.MajorityVote().fit(answers).skills_
        return kit.MajorityVote().fit_predict_proba(answers, skills)

    def by_accuracy(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
        # as crowd-kit's GoldMajorityVote, which fails likewise and at workers without known tasks
        seen = answers[answers["task"].isin(known.index)]
        right = seen["label"].eq(seen["task"].map(known)).groupby(seen["worker"])
        skills = (right.sum() + 1) / (right.count() + 2)
        vote = kit.MajorityVote(on_missing_skill="value", default_skill=0.5)
        return vote.fit_predict_proba(answers, skills.rename("skill"))

    return [
        Method("majority vote", blind(kit.MajorityVote)),
        Method("majority vote, weights by agreement (Wawa)", by_agreement),
        Method("majority vote, weights by known accuracy", by_accuracy, "needs them"),
        Method("Dawid-Skene", dawid_skene, "yes"),
        Method("Dawid-Skene, 100 iterations", all_iterations, "yes"),
        Method("one-coin Dawid-Skene", blind(kit.OneCoinDawidSkene)),
        Method("GLAD", blind(kit.GLAD)),
        Method("MACE", blind(kit.MACE)),
        Method("KOS", kos, binary=True),
    ]


def _answered_twice(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of tasks and workers that have two or more of them."""
    before = -1
    while before != len(answers):
        before = len(answers)
        for column in ("worker", "task"):
            answers = answers[answers[column].duplicated(keep=False)]
    return answers


def snorkel_methods() -> list[Method]:
    """Return Snorkel's LabelModel, nothing if it is not installed."""
    try:
        from snorkel.labeling.model import LabelModel
    except ImportError as error:
        print(f"Snorkel is left out: {error}\n")
        return []

    def label_model(answers: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
        votes, labels = _vote_matrix(answers)
        balance = None
        if not known.empty:
            n_known = np.array([np.sum(known == label) for label in labels])
            balance = ((n_known + 1) / (n_known + 1).sum()).tolist()
        model = LabelModel(cardinality=len(labels), verbose=False)
        model.fit(votes.to_numpy(), class_balance=balance, n_epochs=500, seed=0, progress_bar=False)
        return pd.DataFrame(model.predict_proba(votes.to_numpy()), votes.index, labels)

    return [Method("Snorkel LabelModel", label_model, "class balance")]


def _vote_matrix(answers: pd.DataFrame) -> tuple[pd.DataFrame, list[Any]]:
    """Return tasks times workers, -1 where a worker has no answer or contradicts himself."""
    labels = sorted(answers["label"].unique())
    codes = answers.assign(label=np.searchsorted(labels, answers["label"]))
    groups = codes.groupby(["task", "worker"])["label"]
    agreed = groups.first().where(groups.min() == groups.max(), -1).reset_index()
    return agreed.pivot_table("label", "task", "worker", fill_value=-1).astype(int), labels


def crowd_tables(folder: Path, methods: Sequence[Method]) -> None:
    """Print the accuracy, time and memory of each method, without and with known truths."""
    names = {"question": "task", "answer": "label"}
    answers = pd.read_csv(folder / "answer.csv").rename(columns=names)
    truth = pd.read_csv(folder / "truth.csv").set_index("question")["truth"]
    n_values = truth.nunique()
    draws = [truth.sample(frac=KNOWN_SHARE, random_state=seed) for seed in range(N_DRAWS)]
    methods = [m for m in methods if n_values == 2 or not m.binary]
    size = f"{len(answers):,} answers of {answers['worker'].nunique()} workers to {len(truth)}"
    print(f"### {folder.name}: {size} questions of {n_values} values, no truth known\n")
    blind = [blind_row(m, answers, truth) for m in methods if m.truths != "needs them"]
    print_table(["method", "accuracy", "seconds", "peak MB"], blind)
    print(f"### {folder.name}: {KNOWN_SHARE:.0%} of the truths known, accuracy over the others\n")
    columns = ["method", "uses the truths", "accuracy", "s.d. of draws", "seconds", "peak MB"]
    print_table(columns, [informed_row(m, answers, truth, draws) for m in methods])


def blind_row(method: Method, answers: pd.DataFrame, truth: pd.Series) -> list[str]:
    scores, *cost = measured(method, answers, NOTHING_KNOWN)
    return [method.name, f"{accuracy(scores, truth):.4f}", *cost]


def informed_row(
    method: Method, answers: pd.DataFrame, truth: pd.Series, draws: Sequence[pd.Series]
) -> list[str]:
    scores, *cost = measured(method, answers, draws[0])
    others = [] if method.truths == "no" else draws[1:]
    found = [scores, *(method.run(answers, known) for known in others)]
    found += [scores] * (len(draws) - len(found))
    right = [accuracy(s, truth.drop(k.index)) for s, k in zip(found, draws, strict=True)]
    mean, spread = np.mean(right), np.std(right, ddof=1)
    return [method.name, method.truths, f"{mean:.4f}", f"{spread:.4f}", *cost]


def accuracy(scores: pd.DataFrame, truth: pd.Series) -> float:
    return float((scores.reindex(truth.index).idxmax(axis=1) == truth).mean())


def measured(
    method: Method, answers: pd.DataFrame, known: pd.Series
) -> tuple[pd.DataFrame, str, str]:
    """Return the scores, the seconds and the peak memory in MB."""
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < 2:
        start = time.perf_counter()
        scores = method.run(answers, known)
        seconds.append(time.perf_counter() - start)
    gc.collect()
    tracemalloc.start()
    method.run(answers, known)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return scores, f"{min(seconds):.3f}", f"{peak:.2f}"


def read_emergent(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Return who takes which side, the counts of the headlines of a claim, and the truth."""
    headlines = pd.read_csv(folder / "headlines-train.csv")
    claims = pd.read_csv(folder / "claims-train.csv").set_index("claim_id")["truth"]
    truth = (claims[claims != "unknown"].sort_index() == "true").astype(int)
    sides = headlines[headlines["stance"] != "observing"]
    label = (sides["stance"] == "for").astype(int)
    answers = pd.DataFrame({"task": sides["claim_id"], "worker": sides["outlet"], "label": label})
    return answers, pd.crosstab(headlines["claim_id"], headlines["stance"]), truth


def emergent_table(folder: Path, methods: Sequence[Method]) -> None:
    """Print the Brier score and the AUC of each method."""
    answers, counts, truth = read_emergent(folder)
    folds = [*StratifiedKFold(10, shuffle=True, random_state=0).split(truth, truth)]
    rows = []
    for name, table in count_features(counts).items():
        rows.append(figures(f"logistic regression, {name}", truth, regressed(table, truth, folds)))
    voiced = counts[counts["for"] + counts["against"] > 0]
    share = (voiced["for"] + 1) / (voiced["for"] + voiced["against"] + 2)
    smoothed = Method("share of supports, smoothed", lambda answers, known: _two_columns(share))
    for method in [smoothed, *methods]:
        raw, scaled = out_of_fold(method, answers, truth, folds)
        rows.append(figures(method.name, truth, raw, method.truths))
        rows.append(figures(f"{method.name}, Platt", truth, scaled, method.truths))
    voiced_truth = truth.index.isin(voiced.index).sum()
    size = f"{len(truth)} claims, {truth.mean():.0%} of them true"
    print(f"### emergent: {size}, {voiced_truth} with headlines for or against\n")
    print_table(["method", "uses the truths", "Brier", "AUC"], rows)


def count_features(counts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    sides = counts[["for", "against"]]
    return {
        "counts for, against": sides,
        "counts for, against, observing": counts,
        "log counts for, against": sides.apply(np.log1p),
        "log counts for, against, observing": counts.apply(np.log1p),
    }


def regressed(
    features: pd.DataFrame, truth: pd.Series, folds: Iterable[tuple[np.ndarray, np.ndarray]]
) -> pd.Series:
    """Return the probabilities out of fold of a logistic regression."""
    result = pd.Series(np.nan, truth.index)
    x = features.reindex(truth.index, fill_value=0)
    for train, test in folds:
        model = make_pipeline(StandardScaler(), LogisticRegression())
        model.fit(x.iloc[train], truth.iloc[train])
        result.iloc[test] = model.predict_proba(x.iloc[test])[:, 1]
    return result


def out_of_fold(
    method: Method,
    answers: pd.DataFrame,
    truth: pd.Series,
    folds: Iterable[tuple[np.ndarray, np.ndarray]],
) -> tuple[pd.Series, pd.Series]:
    """Return the probabilities out of fold, as they are and after Platt scaling."""
    raw, scaled = pd.Series(np.nan, truth.index), pd.Series(np.nan, truth.index)
    once = method.run(answers, NOTHING_KNOWN)[1] if method.truths == "no" else None
    for train, test in folds:
        known = truth.iloc[train]
        found = method.run(answers, known)[1] if once is None else once
        told = method.truths in ("yes", "needs them")
        honest = held_out(method, answers, known) if told else found
        learn = known.index.intersection(honest.index)
        platt = LogisticRegression(C=100).fit(_log_odds(honest[learn]), known[learn])
        ask = truth.index[test].intersection(found.index)
        raw.iloc[test] = scaled.iloc[test] = known.mean()
        raw[ask] = found[ask]
        scaled[ask] = platt.predict_proba(_log_odds(found[ask]))[:, 1]
    return raw, scaled


def held_out(method: Method, answers: pd.DataFrame, known: pd.Series) -> pd.Series:
    """Return the probabilities of the known claims, each without knowing its truth."""
    parts = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(known, known):
        found = method.run(answers, known.iloc[train])[1]
        parts.append(found.reindex(known.index[test]).dropna())
    return pd.concat(parts)


def _log_odds(probability: pd.Series) -> np.ndarray:
    return logit(np.clip(probability.to_numpy(float), CLIP, 1 - CLIP))[:, None]


def figures(name: str, truth: pd.Series, found: pd.Series, truths: str = "yes") -> list[str]:
    brier, auc = brier_score_loss(truth, found), roc_auc_score(truth, found)
    return [name, truths, f"{brier:.4f}", f"{auc:.4f}"]


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print("| " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * (len(columns) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=["duck", "dog", "emergent"])
    arguments = parser.parse_args()
    # crowd-kit still passes arguments that pandas 4 will drop
    warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
    peers = [*crowd_kit_methods(), *snorkel_methods()]
    for name in ("duck", "dog"):
        if arguments.only in (None, name):
            ours = [
                Method("ours, not told", _ours_not_told, "no"),
                Method("ours", ours_crowd, "yes"),
            ]
            crowd_tables(arguments.data / "crowd" / name, [*peers, *ours])
    if arguments.only in (None, "emergent"):
        ours_rows = [
            Method("ours", _ours_transductive, "yes"),
            Method("ours, held-out headlines unseen", _ours_inductive, "yes"),
        ]
        emergent_table(arguments.data / "emergent", [*peers, *ours_rows])


if __name__ == "__main__":
    main()
