"""From evidence to one confidence per claim, with an interval, an explanation and learning.

Comes in: the evidence table (who supports or denies which claim) and `sourcescore.priors.Priors`.
Goes out: for each claim the probability that it is true, its 90 % interval and its verdict.

The model is naive Bayes over origins, tempered by two corrections
(`sourcescore.confidence.voices` has the rest: who counts once, what arrives through relays,
uncertain types):

    logit(confidence) = logit(claim prior)
                        + sum over types k, supports and denials apart, of  sum_i w_k(i) llr_(i)

with the log likelihood ratios of the origins of type k, the strongest first.

Point estimate
    llr is log(E a / E b): for one statement this is the exact posterior under uncertain a and b,
    since P(statement | true) = E a. The geometric mean exp(E log a) would understate a
    statement in proportion to our ignorance of its source; that ignorance is in the interval.
Herding
    n origins of a type with correlation rho are worth n_eff(n) = n / (1 + (n-1) rho), Kish's
    design effect; the i-th adds w(i) = n_eff(i) - n_eff(i-1).
Monotonicity
    w(i) >= 0 falls with i, as n_eff is concave. Ranked by |llr|, an added x > 0 at rank i changes
    the sum by w(i) x - sum_{j>=i} (w(j) - w(j+1)) x_j, where x_j is at most x: at least
    x w(n+1) >= 0. In the same way the sum rises with each of its terms, so a voice
    that becomes surer or more telling never lowers it; denials mirror this.
Interval
    The Betas' spread, in closed form (`sourcescore.confidence.intervals`).
Learning
    Dawid and Skene (1979) with hierarchical Beta priors: a source's pair of Betas is centred on
    those of its type, which are centred on the priors. Posterior counts where the truth is known,
    expectation maximisation where it is not.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from sourcescore.confidence.intervals import LEVEL, spread, used_pairs
from sourcescore.confidence.questions import log_alternatives
from sourcescore.confidence.rows import Questions, Rows, read_rows
from sourcescore.confidence.truth_discovery import Learned, Problem, cross_fit, learned_betas
from sourcescore.confidence.voices import (
    Betas,
    Voices,
    herd_weights,
    log_likelihood_ratio,
    merge_rows,
    prior_betas,
)
from sourcescore.priors import Priors
from sourcescore.tables import STRING, mapping_series, object_array

__all__ = ["LEVEL", "VERDICTS", "ClaimScorer", "verdict"]

#: The estimative words of the US Intelligence Community Directive 203 (2015), and where the next
#: one begins.
VERDICTS = (
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)
_VERDICT_EDGES = (0.05, 0.20, 0.45, 0.55, 0.80, 0.95)

# The floats next to 0 and 1, so that a confidence stays strictly between
_LEAST, _MOST = np.nextafter(0, 1), np.nextafter(1, 0)


def verdict(confidence: Any) -> np.ndarray:
    """Return the estimative word of each confidence.

    Parameters
    ----------
    confidence : array-like of float in [0, 1]

    Examples
    --------
    >>> verdict([0.02, 0.5, 0.8]).tolist()
    ['almost no chance', 'roughly even chance', 'very likely']
    """
    return np.array(VERDICTS, dtype=object)[np.searchsorted(_VERDICT_EDGES, confidence, "right")]


class ClaimScorer(BaseEstimator):
    """Confidence in claims from the evidence of those who support or deny them.

    `predict` works at once, on the priors alone; `fit` learns how reliable types and sources are.

    Parameters
    ----------
    priors : Priors, dict, path or None, default=None
        The numbers to start from; None takes the shipped defaults, a dict or TOML file may change
        only some of them.
    max_iter : int, default=20
        Most iterations of expectation maximisation.
    tol : float, default=1e-4
        Stop when no claim's probability moves by more.
    calibrate : bool, default=False
        Learn a slope and an offset for the log-odds on the known claims, by cross-fitting.
    cv : int, default=5
        Number of folds for `calibrate`.
    random_state : int, RandomState or None, default=None
        Draws the folds.

    Attributes
    ----------
    priors_ : Priors
        With the learned claim prior and types.
    track_record_ : DataFrame, index source_id
        One row per source and type: ``type``; ``sensitivity`` (supports true claims) and
        ``specificity`` (denies false ones) as posterior means with their 90 % intervals
        ``..._low``, ``..._high``; the counts behind them ``n_true``, ``n_false`` (statements on
        true and on false claims), ``n_supported_true``, ``n_denied_false``. The counts are
        expected ones: a hedged or relayed statement counts phi, a claim of unknown truth its
        probability.
    slope_, offset_ : float
        The calibration; 1 and 0 without. The offset is already part of ``priors_.claim_prior``, so
        that a claim without evidence still has the claim prior.
    n_iter_ : int
        Iterations run.

    Examples
    --------
    >>> import pandas as pd
    >>> evidence = pd.DataFrame(
    ...     [
    ...         ("troops", "yonhap", "agency_report", "supports"),
    ...         ("troops", "an official in Kyiv", "anonymous_source", "supports"),
    ...         ("troops", "kremlin", "state_denial", "denies"),
    ...     ],
    ...     columns=["claim_id", "source_id", "type", "stance"],
    ... )
    >>> scorer = ClaimScorer()
    >>> claims = scorer.predict(evidence)
    >>> claims[["confidence", "low", "high"]].round(2).loc["troops"].tolist()
    [0.72, 0.53, 0.88]
    >>> claims.loc["troops", "verdict"]
    'likely'
    >>> scorer.explain(evidence, "troops")["log_odds"].round(2).to_dict()
    {'claim prior': 0.0, 'yonhap': 0.67, 'an official in Kyiv': 0.38, 'kremlin': -0.1}
    """

    def __init__(
        self,
        priors: Priors | Mapping[str, Any] | str | None = None,
        *,
        max_iter: int = 20,
        tol: float = 1e-4,
        calibrate: bool = False,
        cv: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.priors = priors
        self.max_iter = max_iter
        self.tol = tol
        self.calibrate = calibrate
        self.cv = cv
        self.random_state = random_state

    def fit(
        self, evidence: pd.DataFrame, truth: pd.Series | Mapping[str, Any] | None = None
    ) -> Self:
        """Learn the types, the sources and the claim prior.

        Parameters
        ----------
        evidence : DataFrame
            As for `predict`.
        truth : Series or mapping of claim_id to bool, optional
            True, False or missing; the words "true", "false" and "unknown" are read too. Claims
            that it leaves out are unknown, and learned from by expectation maximisation.

        Raises
        ------
        TypeError, ValueError
            If the evidence is malformed, a truth is none of these, or no known claim has evidence.
        """
        return self._learn(evidence, truth, None)

    def partial_fit(
        self, evidence: pd.DataFrame, truth: pd.Series | Mapping[str, Any] | None = None
    ) -> Self:
        """Learn from new claims, on top of what was learned before.

        With claims of known truth this gives the same sources and types as `fit` on all of them
        at once, as long as each claim comes whole. Claims of unknown truth count with the
        probability that they get now, and are not looked at again. The calibration stays as `fit`
        left it.

        Parameters
        ----------
        evidence : DataFrame
            As for `fit`; only claims that were not in it before.
        truth : Series or mapping of claim_id to bool, optional

        Raises
        ------
        TypeError, ValueError
            As `fit`; also if ``priors`` has other types than when learning began.
        """
        return self._learn(evidence, truth, getattr(self, "_learned", None))

    def _learn(self, evidence: pd.DataFrame, truth: Any, past: Learned | None) -> Self:
        if self.max_iter < 1:
            raise ValueError(f"max_iter must be at least 1; got {self.max_iter!r}.")
        priors = Priors.check(self.priors)
        if past is not None and len(past.rho) != len(priors.types):
            raise ValueError(
                f"partial_fit needs the types that learning began with, {len(past.rho)}; the "
                f"priors now have {len(priors.types)}. Call fit to begin anew."
            )
        problem = Problem.build(read_rows(evidence, priors), priors, past)
        known = _known_truth(truth, problem.claims, problem.questions)
        learned = problem.learn(known, self.max_iter, self.tol)
        if past is None:
            self.slope_, self.offset_ = 1.0, 0.0
            if self.calibrate:
                rng = check_random_state(self.random_state)
                self.slope_, self.offset_ = cross_fit(
                    problem, known, self.cv, rng, self.max_iter, self.tol
                )
        self.n_iter_ = learned.n_iter
        self._take(priors, learned)
        return self

    def _take(self, priors: Priors, learned: Learned) -> None:
        prior = expit(self.offset_ + self.slope_ * logit(learned.claim_prior))
        self.priors_ = priors.replace(
            claim_prior=float(np.clip(prior, 1e-12, 1 - 1e-12)), types=learned.type_priors(priors)
        )
        self.track_record_ = learned.track_record(priors)
        self._learned = learned
        self._betas = learned_betas(self.priors_, learned)

    def predict(
        self, evidence: pd.DataFrame, claim_ids: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Score each claim.

        Parameters
        ----------
        evidence : DataFrame
            One row per statement: ``claim_id, source_id, type, stance`` ("supports", "denies");
            optional ``certainty`` in (0, 1] (1), ``via`` (the relays between reader and origin as a
            tuple, the outlet first; () if read directly), ``via_types`` (their types),
            ``type_proba`` (a mapping; goes before ``type`` for the probabilities, ``type`` then
            only says whom it may repeat), ``published`` (a date), ``source_name`` (another key to
            a source in the priors). Other columns are ignored.
        claim_ids : sequence of str, optional
            The claims to score, in this order; one without evidence gets the claim prior. By
            default those of the evidence, in the order of their first row.

        Returns
        -------
        DataFrame, index claim_id
            ``confidence`` in (0, 1) with ``low`` and ``high``, ``verdict``, ``n_supporting``,
            ``n_denying`` and ``n_origins`` (distinct origins; one that does both is one origin that
            supports and denies), ``log_odds``.

        Raises
        ------
        TypeError, ValueError
            If the evidence is malformed or names a type without priors.
        """
        priors, betas, slope = self._state()
        rows = read_rows(evidence, priors)
        said = merge_rows(rows, betas)
        weight = slope * herd_weights(said, _rho(priors))
        n_claims = len(rows.claims)
        prior = logit(priors.claim_prior)
        log_odds = prior + np.bincount(said.claim, weight * said.llr, n_claims)
        if rows.questions is not None:
            log_odds -= log_alternatives(log_odds, rows.questions)
        below, above = spread(said, weight, betas, n_claims, rows.questions, expit(log_odds))
        scored = {
            "log_odds": log_odds,
            "low": np.minimum(log_odds + below, log_odds),
            "high": np.maximum(log_odds + above, log_odds),
            "n_supporting": np.bincount(said.claim[~said.denies], minlength=n_claims),
            "n_denying": np.bincount(said.claim[said.denies], minlength=n_claims),
            "n_origins": _count_origins(said, n_claims),
        }
        index = rows.claims
        if claim_ids is not None:
            index = (
                claim_ids
                if isinstance(claim_ids, pd.Index)
                else pd.Index(object_array(list(claim_ids)), dtype=object)
            )
            at = rows.claims.get_indexer(index)
            # the extra last entry answers the code -1 of a claim without evidence
            silence = {"log_odds": prior, "low": prior, "high": prior}
            scored = {k: np.append(v, silence.get(k, 0))[at] for k, v in scored.items()}
        confidence, low, high = (
            np.clip(expit(scored[name]), _LEAST, _MOST) for name in ("log_odds", "low", "high")
        )
        return pd.DataFrame(
            {
                "confidence": confidence,
                "low": low,
                "high": high,
                "verdict": verdict(confidence),
                "n_supporting": scored["n_supporting"],
                "n_denying": scored["n_denying"],
                "n_origins": scored["n_origins"],
                "log_odds": scored["log_odds"],
            },
            index=index.rename("claim_id"),
        )

    def explain(self, evidence: pd.DataFrame, claim_id: str) -> pd.DataFrame:
        """Show what each origin adds to the log-odds of a claim.

        Returns
        -------
        DataFrame, index origin (its source_id)
            First the claim prior, then the voices, the strongest first: ``type``, ``stance``,
            ``n_rows`` (statements merged), ``phi`` (certainty and fidelity), ``llr`` (what it says
            alone), ``weight`` (what herding leaves of it), ``log_odds`` (their product). The
            ``log_odds`` sum to that of `predict`. A claim without evidence has the prior only.
        """
        priors, betas, slope = self._state()
        about = evidence
        if isinstance(evidence, pd.DataFrame) and "claim_id" in evidence.columns:
            about = evidence[evidence["claim_id"] == claim_id]
        rows = read_rows(about, priors)
        said = merge_rows(rows, betas)
        weight = slope * herd_weights(said, _rho(priors))
        names = np.array([*priors.types], dtype=object)
        types = names[said.types.toarray().argmax(axis=1)] if len(said.llr) else names[:0]
        added = weight * said.llr
        order = np.argsort(-np.abs(added), kind="stable")
        prior = logit(priors.claim_prior)
        origins = ["claim prior", *rows.sources[said.source[order]]]
        return pd.DataFrame(
            {
                "type": ["", *types[order]],
                "stance": ["", *np.where(said.denies[order], "denies", "supports").tolist()],
                "n_rows": np.append(0, said.n_rows[order]),
                "phi": np.append(1.0, said.phi[order]),
                "llr": np.append(prior, said.llr[order]),
                "weight": np.append(1.0, weight[order]),
                "log_odds": np.append(prior, added[order]),
            },
            index=pd.Index(object_array(origins), dtype=object, name="origin"),
        )

    def sample(
        self,
        evidence: pd.DataFrame,
        n_draws: int = 1000,
        random_state: int | np.random.RandomState | None = None,
    ) -> pd.DataFrame:
        """Draw confidences under the uncertainty of the Betas, the Monte Carlo of `predict`.

        Returns
        -------
        DataFrame of shape (n_draws, n_claims)
            Its 5 % and 95 % quantiles approach ``low`` and ``high`` of `predict`. What is ranked
            and merged stays as in `predict`.
        """
        priors, betas, slope = self._state()
        rows = read_rows(evidence, priors)
        said = merge_rows(rows, betas)
        weight = slope * herd_weights(said, _rho(priors))
        rng = check_random_state(random_state)
        used, pairs = used_pairs(said.pairs)
        a, a_strength = betas.a_mean[used, None], betas.a_strength[used, None]
        b, b_strength = betas.b_mean[used, None], betas.b_strength[used, None]
        n_voices, n_claims = len(said.llr), len(rows.claims)
        total = sparse.csr_array(
            (weight, (said.claim, np.arange(n_voices))), shape=(n_claims, n_voices)
        )
        rng = check_random_state(random_state)
        draws = np.empty((n_draws, n_claims))
        at_once = max(1, 1_000_000 // max(n_voices, 1))  # bounds the memory
        for start in range(0, n_draws, at_once):
            block = draws[start : start + at_once]
            size = (len(used), len(block))
            llr = log_likelihood_ratio(
                pairs @ rng.beta(a * a_strength, (1 - a) * a_strength, size),
                pairs @ rng.beta(b * b_strength, (1 - b) * b_strength, size),
                said.phi[:, None],
                said.denies[:, None],
            )
            block[:] = (total @ llr).T
        return pd.DataFrame(
            np.clip(expit(logit(priors.claim_prior) + draws), _LEAST, _MOST),
            columns=rows.claims.rename("claim_id"),
        )

    def to_parts(self) -> dict[str, bytes]:
        """Return what was learned as named pieces of data, to be saved."""
        numbers = {"slope": self.slope_, "offset": self.offset_, "n_iter": self.n_iter_}
        return {
            "priors.toml": self.priors_.to_toml().encode(),
            "track_record.csv": self.track_record_.to_csv().encode("utf-8", "surrogatepass"),
            "calibration.json": json.dumps(numbers).encode(),
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted scorer from the pieces of `to_parts`."""
        scorer = cls()
        scorer.priors_ = Priors.from_toml(parts["priors.toml"].decode())
        scorer.track_record_ = pd.read_csv(
            io.BytesIO(parts["track_record.csv"]),
            dtype=dict.fromkeys(("source_id", "type"), STRING),
            keep_default_na=False,
            encoding_errors="surrogatepass",
            index_col="source_id",
        )
        numbers = json.loads(parts["calibration.json"])
        scorer.slope_, scorer.offset_ = numbers["slope"], numbers["offset"]
        scorer.n_iter_ = numbers["n_iter"]
        scorer._betas = learned_betas(scorer.priors_, scorer.track_record_)
        return scorer

    def _state(self) -> tuple[Priors, Betas, float]:
        if hasattr(self, "priors_"):
            return self.priors_, self._betas, self.slope_
        priors = Priors.check(self.priors)
        return priors, prior_betas(priors), 1.0


def _rho(priors: Priors) -> np.ndarray:
    return np.array([entry.rho for entry in priors.types.values()])


def _answered(known: np.ndarray, claims: pd.Index, questions: Questions) -> np.ndarray:
    """Return the truth with the claims false that a true answer to their question excludes."""
    true = known == 1
    n_true = np.bincount(questions.question[true], minlength=len(questions.n_claims))
    if (n_true > 1).any():
        both = claims[true & (n_true[questions.question] > 1)]
        raise ValueError(
            f"truth has both {both[0]!r} and {both[1]!r} true, or other claims of one question; "
            "of the claims with the same question_id at most one can be."
        )
    return np.where(~true & (n_true[questions.question] == 1), 0.0, known)


def _known_truth(truth: Any, claims: pd.Index, questions: Questions | None) -> np.ndarray:
    """Return 1 for claims known to be true, 0 for false ones and NaN for the others."""
    if truth is None:
        return np.full(len(claims), np.nan)
    if not isinstance(truth, pd.Series | Mapping):
        raise TypeError(
            "truth must be a Series or mapping of claim_id to True, False or missing; got "
            f"{type(truth).__name__}."
        )
    series = truth if isinstance(truth, pd.Series) else mapping_series(truth)
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()][0]
        raise ValueError(f"truth has the claim {twice!r} more than once; keep one of them.")
    codes, distinct = pd.factorize(series.to_numpy(object))
    # the extra last entry answers the code -1 of a missing value
    values = np.array([*map(_truth_value, distinct), np.nan])[codes]
    at = series.index.get_indexer(claims)
    known = np.append(values, np.nan)[at]
    if questions is not None:
        known = _answered(known, claims, questions)
    if np.isnan(known).all() and not np.isnan(values).all():
        raise ValueError(
            f"no claim of known truth has evidence: truth is about {series.index[0]!r}, ..., the "
            f"evidence about {', '.join(map(repr, claims[:3]))}, ... Are these the same ids?"
        )
    return known


def _truth_value(value: Any) -> float:
    words = {"true": 1.0, "false": 0.0, "unknown": np.nan, "": np.nan}
    if isinstance(value, str) and value.strip().casefold() in words:
        return words[value.strip().casefold()]
    if not isinstance(value, str) and value in (0, 1):
        return float(value)
    raise ValueError(f"truth must be True, False or missing; got {value!r}.")


def _count_origins(said: Voices, n_claims: int) -> np.ndarray:
    n_origins = np.int64(said.origin.max(initial=0) + 1)
    origins = np.sort(said.claim * n_origins + said.origin)
    first = np.diff(origins, prepend=-1) > 0
    return np.bincount(origins[first] // n_origins, minlength=n_claims)
