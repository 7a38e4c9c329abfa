"""From evidence to one confidence per claim, with an interval, an explanation and learning.

Comes in: the evidence table (who supports or denies which claim) and `sourcescore.priors.Priors`.
Goes out: for each claim the probability that it is true, its 90 % interval and its verdict.

The model is naive Bayes over origins, tempered by two corrections
(`sourcescore.confidence.voices` has the rest: who counts once, uncertain types):

    logit(confidence) = logit(claim prior)
                        + sum over types k, supports and denials apart, of  sum_i w_k(i) llr_(i)

with the log likelihood ratios of the origins of type k, the strongest first.

Point estimate
    A source of type k supports a true claim with probability a ~ Beta(m s, (1-m) s), a false one
    with probability b. P(statement | claim true) is the integral of a over its Beta, E a = m: the
    posterior odds of the claim are the prior odds times E a / E b for a support and
    (1 - E a) / (1 - E b) for a denial. So llr = log(E a / E b) is exact under uncertain a and b.
    The geometric mean exp(E log a) would understate a statement in proportion to our ignorance of
    its source; that ignorance is in the interval.
Channel
    A statement that arrives with probability phi (Shannon's noisy channel, here an erasure) is with
    1 - phi a statement that says nothing, one that comes as often with a true as with a false
    claim: a' = phi a + (1-phi) m with m = (a+b)/2, and b' likewise. For chains of relays the
    probabilities multiply; independent carriers leave 1 - product of (1 - f).
Herding
    The mean of n statements with pairwise correlation rho has the variance of n_eff independent
    ones, n_eff = n / (1 + (n-1) rho), Kish's (1965) design effect; so n voices of one type are
    worth n_eff of them, and the i-th strongest adds w(i) = n_eff(i) - n_eff(i-1).
Monotonicity
    w(i) >= 0 falls with i, as n_eff is concave. Ranked by |llr|, an added x > 0 at rank i changes
    the sum by w(i) x - sum_{j>=i} (w(j) - w(j+1)) x_j, where x_j is at most x: at least
    x w(n+1) >= 0. In the same way the sum rises with each of its terms, so a voice
    that becomes surer or more telling never lowers it; denials mirror this.
Interval
    The Betas' spread, in closed form (`sourcescore.confidence.intervals`); for the answers to a
    question, by draws (`sourcescore.confidence.draws`).
Questions
    Claims that exclude one another share what is to be had (`sourcescore.confidence.questions`).
Learning
    Dawid and Skene (1979) with the two-sided source quality of the Latent Truth Model (Zhao et al.
    2012) and hierarchical Beta priors: a source's pair of Betas is centred on those of its type,
    which are centred on the priors. By conjugacy posterior counts where the truth is known,
    collapsed variational Bayes where it is not (`sourcescore.confidence.truth_discovery`). Sources
    that copy one another are found and count as one (`sourcescore.confidence.copying`).
Words
    The verdicts are the estimative words of ICD 203; a type may be given as a letter of the
    Admiralty scale (`sourcescore.priors`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sourcescore.confidence.calibration import cross_fit
from sourcescore.confidence.copying import copying_pairs, one_voice
from sourcescore.confidence.draws import drawn_log_odds, question_spread
from sourcescore.confidence.explanation import reason, same_question
from sourcescore.confidence.intervals import LEVEL, spread
from sourcescore.confidence.known_truth import known_truth, of_claims
from sourcescore.confidence.learned import Learned, learned_betas
from sourcescore.confidence.questions import log_alternatives
from sourcescore.confidence.rows import read_rows
from sourcescore.confidence.sensitivity import ends, moved_by_betas, without_origins
from sourcescore.confidence.truth_discovery import Problem
from sourcescore.confidence.voices import Betas, Voices, merge_rows, prior_betas, stands
from sourcescore.confidence.weighed import Weighed
from sourcescore.priors import Priors
from sourcescore.tables import object_array

__all__ = ["LEVEL", "VERDICTS", "ClaimScorer", "verdict"]

Truth = pd.Series | Mapping[str, Any] | ArrayLike | None

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
    copying : bool, default=True
        Whether sources that `fit` finds to copy one another count as one. It finds only those that
        have ten claims and three mistakes in common and nearly always agree.
    calibrate : bool, default=False
        Learn a slope and an offset for the log-odds on the known claims, by cross-fitting.
    cv : int, default=5
        Number of folds for `calibrate`.
    random_state : int, RandomState or None, default=None
        Draws the folds.
    verbose : bool, default=False
        Show a progress bar of the iterations in `fit` and `partial_fit`.

    Attributes
    ----------
    priors_ : Priors
        With the learned claim prior and types: the means, how alike the sources of the type are
        (the strengths) and, from claims of known truth, how far they repeat one another (rho).
    track_record_ : DataFrame, index source_id
        One row per source and type (and ``answer``, where answers to questions recur): ``type``;
        ``sensitivity`` (supports true claims) and
        ``specificity`` (denies false ones) as posterior means with their 90 % intervals
        ``..._low``, ``..._high`` and their ``..._strength``; the counts behind them ``n_true``,
        ``n_false`` (statements on true and on false claims), ``n_supported_true``,
        ``n_denied_false``. The counts are expected ones: a hedged or relayed statement counts
        phi, a claim of unknown truth its probability.
    copying_ : DataFrame
        The pairs of sources that share mistakes: ``source_id``, ``other_id``, ``probability`` that
        one copies the other, ``n_common``, ``n_agreeing``, ``n_mistakes``. With `copying` those of
        0.95 and more are one voice.
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
    [0.71, 0.51, 0.88]
    >>> claims.loc["troops", "verdict"]
    'likely'
    >>> scorer.explain(evidence, "troops")["log_odds"].round(2).to_dict()
    {'claim prior': 0.0, 'yonhap': 0.67, 'an official in Kyiv': 0.38, 'kremlin': -0.14}
    """

    # what stands for X and y is no metadata to be routed
    __metadata_request__fit = {"evidence": UNUSED, "truth": UNUSED}
    __metadata_request__partial_fit = {"evidence": UNUSED, "truth": UNUSED}
    __metadata_request__predict = {"evidence": UNUSED}
    __metadata_request__score = {"evidence": UNUSED, "truth": UNUSED}

    slope_: float
    offset_: float
    copying_: pd.DataFrame
    _type_names: list[str]

    def __init__(
        self,
        priors: Priors | Mapping[str, Any] | str | None = None,
        *,
        max_iter: int = 20,
        tol: float = 1e-4,
        copying: bool = True,
        calibrate: bool = False,
        cv: int = 5,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.priors = priors
        self.max_iter = max_iter
        self.tol = tol
        self.copying = copying
        self.calibrate = calibrate
        self.cv = cv
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, evidence: pd.DataFrame, truth: Truth = None) -> Self:
        """Learn the types, the sources and the claim prior.

        Parameters
        ----------
        evidence : DataFrame
            As for `predict`.
        truth : Series or mapping of claim_id to bool, or array-like of shape (n_rows,), optional
            True, False or missing; the words "true", "false" and "unknown" are read too. Claims
            that it leaves out are unknown, and learned from by expectation maximisation. Where
            they are of another kind than the known ones (still open because nobody objects, say)
            they mislead: give `fit` the evidence on the known claims only. An array, or a Series
            with the index of the evidence, has for each row the truth of its claim, as
            cross-validation needs it.

        Raises
        ------
        TypeError, ValueError
            If the evidence is malformed, a truth is none of these, or no known claim has evidence.
        """
        return self._learn(evidence, truth, None)

    def partial_fit(self, evidence: pd.DataFrame, truth: Truth = None) -> Self:
        """Learn from new claims, on top of what was learned before.

        With claims of known truth this counts the same as `fit` on all of them at once, as long
        as each claim comes whole, and all but the same numbers come out. Claims of unknown truth
        count with the probability that they get now, and are not looked at again. The calibration
        stays as `fit` left it.

        Parameters
        ----------
        evidence : DataFrame
            As for `fit`; only claims that were not in it before.
        truth : as for `fit`, optional

        Raises
        ------
        TypeError, ValueError
            As `fit`; also if ``priors`` has other types than when learning began.
        """
        return self._learn(evidence, truth, getattr(self, "_learned", None))

    def _learn(self, evidence: pd.DataFrame, truth: Any, past: Learned | None) -> Self:
        self._check_parameters()
        priors = Priors.check(self.priors)
        if past is not None and self._type_names != [*priors.types]:
            raise ValueError(
                f"partial_fit needs the types that learning began with, {len(past.rho)} of them; "
                f"the priors now have {len(priors.types)}, or others. Call fit to begin anew."
            )
        copies: dict[str, str] = {} if past is None else self._copies
        problem = _problem(evidence, priors, copies, past)
        known = known_truth(of_claims(truth, evidence), problem.claims, problem.questions)
        learned = problem.learn(known, self.max_iter, self.tol, progress=self.verbose)
        slope, offset = 1.0, 0.0
        if past is None:
            copying = copying_pairs(problem.said_with(learned))
            copies = one_voice(copying) if self.copying else {}
            if copies:
                problem = _problem(evidence, priors, copies, None)
                learned = problem.learn(known, self.max_iter, self.tol, progress=self.verbose)
            if self.calibrate:
                rng = check_random_state(self.random_state)
                slope, offset = cross_fit(problem, known, self.cv, rng, self.max_iter, self.tol)
        else:
            slope, offset, copying = self.slope_, self.offset_, self.copying_
        self.slope_, self.offset_, self.copying_ = slope, offset, copying
        self._take(priors, learned, copies)
        return self

    def _check_parameters(self) -> None:
        for name, least in (("max_iter", 1), ("cv", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} must be an integer of at least {least}; got {value!r}.")
        if isinstance(self.tol, bool) or not isinstance(self.tol, Real) or not self.tol >= 0:
            raise ValueError(f"tol must be a number of at least 0; got {self.tol!r}.")
        for name in ("copying", "calibrate", "verbose"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise ValueError(f"{name} must be True or False; got {getattr(self, name)!r}.")

    def _take(self, priors: Priors, learned: Learned, copies: Mapping[str, str]) -> None:
        prior = expit(self.offset_ + self.slope_ * logit(learned.claim_prior))
        self._type_names = [*priors.types]
        self.priors_ = priors.replace(
            claim_prior=float(np.clip(prior, 1e-12, 1 - 1e-12)), types=learned.type_priors(priors)
        )
        self.track_record_ = learned.track_record(priors)
        self.n_iter_ = learned.n_iter
        self._learned = learned
        self._copies: dict[str, str] = dict(copies)
        self._betas = learned_betas(self.priors_, learned)

    def _weigh(self, evidence: pd.DataFrame) -> Weighed:
        if hasattr(self, "priors_"):
            return Weighed.of(evidence, self.priors_, self._betas, self.slope_, self._copies)
        priors = Priors.check(self.priors)
        return Weighed.of(evidence, priors, prior_betas(priors))

    def predict(
        self, evidence: pd.DataFrame, claim_ids: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Score each claim.

        Parameters
        ----------
        evidence : DataFrame
            One row per statement, with ``claim_id, source_id, type, stance`` ("supports",
            "denies"). Other columns are ignored but these, all optional:

            - ``certainty`` in (0, 1], by default 1;
            - ``via``, the relays between reader and origin as a tuple, the outlet first, by default
              () for none; ``via_types``, their types;
            - ``type_proba``, a mapping of type to probability, which goes before ``type``; ``type``
              then only says whom the source may repeat;
            - ``published``, a date;
            - ``source_name``, another key to a source in the priors;
            - ``content``, the words: who says the same in eight or more same words is one voice;
            - ``question_id``: of the claims of one question at most one is true;
            - ``answer``, what the claim answers to its question, where the same answers recur from
              question to question and sources may be better at some; by default what is left of the
              claim_id without the question_id, "=2" of "17=2".
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
        found = self._weigh(evidence)
        rows, said, prior = found.rows, found.said, found.prior
        n_claims, log_odds = len(rows.claims), found.against_others()
        below, above = spread(said, found.weight, found.betas, n_claims)
        if rows.questions is not None:
            alone = np.stack([below, above])
            at, *tails = question_spread(
                said,
                found.weight,
                found.betas,
                rows.claims,
                found.log_odds,
                alone,
                rows.questions,
            )
            below[at], above[at] = tails
        scored = {
            "log_odds": log_odds,
            "low": np.minimum(log_odds + below, log_odds),
            "high": np.maximum(log_odds + above, log_odds),
            "n_supporting": np.bincount(said.claim[~said.denies], minlength=n_claims),
            "n_denying": np.bincount(said.claim[said.denies], minlength=n_claims),
            "n_origins": _count_origins(said, n_claims),
        }
        index = rows.claims
        if isinstance(claim_ids, str):
            raise TypeError(f"claim_ids must be a list of ids; for one claim [{claim_ids!r}].")
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

    def score(self, evidence: pd.DataFrame, truth: Truth) -> float:
        """How near the confidences come to the truth: the Brier score, times -1.

        Higher is better, as model selection wants it: 0 is a confidence of 1 in all that is true
        and 0 in all that is false, -0.25 is one of a half in everything. Every claim of known
        truth counts once, however much evidence there is on it.

        To cross-validate, give each row the truth of its claim and keep claims whole::

            truth_of_rows = evidence["claim_id"].map(truth)
            cross_val_score(
                ClaimScorer(), evidence, truth_of_rows, groups=evidence["claim_id"],
                cv=GroupKFold(5),
            )

        Claims that exclude one another belong together: group by ``question_id`` where there is
        one. `cross_val_predict` is not for this estimator, whose predictions are of claims and not
        of rows.

        Parameters
        ----------
        evidence : DataFrame
            As for `predict`.
        truth : as for `fit`

        Returns
        -------
        float
            Between -1 and 0.

        Raises
        ------
        TypeError, ValueError
            As `fit`; also if no claim of the evidence is of known truth.
        """
        scored = self.predict(evidence)
        known = known_truth(of_claims(truth, evidence), scored.index, None)
        there = ~np.isnan(known)
        if not there.any():
            raise ValueError(
                "score needs claims of known truth; that of all claims of the evidence is missing."
            )
        confidence = scored["confidence"].to_numpy()
        return -float(np.mean((confidence[there] - known[there]) ** 2))

    def explain(self, evidence: pd.DataFrame, claim_id: str) -> pd.DataFrame:
        """Show what each origin adds to the log-odds of a claim.

        Parameters
        ----------
        evidence : DataFrame
            As for `predict`. Of a question, all claims.
        claim_id : str

        Returns
        -------
        DataFrame, index origin (its source_id)
            First the claim prior, then the voices, the strongest first: ``type``, ``stance``,
            ``n_rows`` (statements merged), ``phi`` (certainty and fidelity), ``llr`` (what it says
            alone), ``weight`` (what herding leaves of it), ``log_odds`` (their product), and in
            words ``reason``. The ``log_odds`` sum to that of `predict`. A claim without evidence
            has the prior only; of a question, the last row is what the other answers take off.
        """
        about = evidence
        if isinstance(evidence, pd.DataFrame) and "claim_id" in evidence.columns:
            about = evidence[same_question(evidence, claim_id)]
        found = self._weigh(about)
        said, names = found.said, np.array([*found.priors.types], dtype=object)
        wanted = pd.Index(object_array([claim_id]), dtype=object)
        claim = int(found.rows.claims.get_indexer(wanted)[0])
        at = np.flatnonzero(said.claim == claim)
        added = found.weight[at] * said.llr[at]
        order = np.argsort(-np.abs(added), kind="stable")
        at, added = at[order], added[order]
        kind = said.types[at].toarray().argmax(axis=1) if len(at) else np.empty(0, dtype=int)
        steps = pd.DataFrame(
            {
                "type": ["", *names[kind]],
                "stance": ["", *np.where(said.denies[at], "denies", "supports").tolist()],
                "n_rows": np.append(0, said.n_rows[at]),
                "phi": np.append(1.0, said.phi[at]),
                "llr": np.append(found.prior, said.llr[at]),
                "weight": np.append(1.0, found.weight[at]),
                "log_odds": np.append(found.prior, added),
            },
            index=pd.Index(
                object_array(["claim prior", *found.rows.sources[said.source[at]]]),
                dtype=object,
                name="origin",
            ),
        )
        if found.has_others(claim):
            off = found.against_others()[claim] - found.log_odds[claim]
            others = pd.Index(object_array(["other answers"]), dtype=object, name="origin")
            row = pd.DataFrame([["", "", 0, 1.0, off, 1.0, off]], others, steps.columns)
            steps = pd.concat([steps, row])
        steps["reason"] = [reason(step) for step in steps.itertuples()]
        return steps

    def stands(self, evidence: pd.DataFrame) -> pd.Series:
        """Tell which statements count: all but those that their source has taken back.

        A source that first supports a claim and later denies it counts with its latest word, where
        all that it says on one of the two sides is dated.

        Parameters
        ----------
        evidence : DataFrame
            As for `predict`.

        Returns
        -------
        Series of bool
            With the index of the evidence.

        Raises
        ------
        TypeError, ValueError
            As `predict`.

        Examples
        --------
        >>> evidence = pd.DataFrame(
        ...     {
        ...         "claim_id": "c1",
        ...         "source_id": "ministry",
        ...         "type": "named_official",
        ...         "stance": ["supports", "denies"],
        ...         "published": ["2025-03-01", "2025-03-04"],
        ...     }
        ... )
        >>> ClaimScorer().stands(evidence).tolist()
        [False, True]
        """
        found = self._weigh(evidence)
        return pd.Series(stands(found.rows, found.said), evidence.index, name="stands")

    def sensitivity(self, evidence: pd.DataFrame) -> pd.DataFrame:
        """Show what each confidence depends on most.

        Each number that has a spread is moved through its own 90 % range, the others staying where
        they are: the claim prior and the two Betas of each type, or of each source with a track
        record, that has a say on the claim. And what each origin says on it is left out.

        Parameters
        ----------
        evidence : DataFrame
            As for `predict`.

        Returns
        -------
        DataFrame
            By claim, what moves it most first: ``claim_id``; ``kind``, "prior" or "source";
            ``name``, a key of the priors such as ``types.witness.supports_if_true``, or the
            source_id; ``confidence``; ``at_low`` and ``at_high``, the confidence with the number
            at the ends of its range, for a source both times without it; ``swing``, at_high -
            at_low, for a source what it adds to the confidence.
        """
        found = self._weigh(evidence)
        said, betas, rows = found.said, found.betas, found.rows
        claims = np.arange(len(rows.claims))
        confidence = expit(found.against_others())
        strength = found.priors.claim_prior_strength
        low, high = ends(np.array([found.priors.claim_prior]), np.array([strength]))
        shift = [logit(end[0]) - found.prior for end in (low, high)]
        parts = [
            _moves(
                claims,
                "prior",
                "claim_prior",
                *(expit(found.against_others(found.log_odds + x)) for x in shift),
            )
        ]
        claim, pair, moves = moved_by_betas(said, found.weight, betas)
        names = _pair_names(found.priors, betas)
        for side, number in enumerate(("supports_if_true", "supports_if_false")):
            at = [expit(found.moved(claim, pair, moves[side, end])) for end in (0, 1)]
            parts.append(_moves(claim, "prior", names[pair] + f".{number}", *at))
        claim, voice, added = without_origins(said, found.weight, found.slope, found.rho)
        gone = expit(found.moved(claim, np.arange(len(claim)), -added))
        parts.append(_moves(claim, "source", rows.sources[said.source[voice]], gone, gone))
        table = pd.concat(parts, ignore_index=True)
        table.insert(3, "confidence", confidence[table["claim"]])
        is_source = table["kind"] == "source"
        table["swing"] = (table["at_high"] - table["at_low"]).where(
            ~is_source, table["confidence"] - table["at_low"]
        )
        by_name = np.array([str(name) for name in table["name"]], dtype=str)
        swing, claim = table["swing"].abs().to_numpy(), table["claim"].to_numpy()
        order = np.lexsort((by_name, -swing, claim))
        table = table.iloc[order].reset_index(drop=True)
        table["claim"] = rows.claims[table["claim"]]
        return table.rename(columns={"claim": "claim_id"})

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
        if isinstance(n_draws, bool) or not isinstance(n_draws, Integral) or n_draws < 1:
            raise ValueError(f"n_draws must be an integer of at least 1; got {n_draws!r}.")
        found = self._weigh(evidence)
        rows, said, betas, weight = found.rows, found.said, found.betas, found.weight
        rng = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
        draws = drawn_log_odds(said, weight, betas, len(rows.claims), n_draws, rng)
        draws += found.prior
        if rows.questions is not None:
            for draw in draws:
                draw -= log_alternatives(draw, rows.questions)
        return pd.DataFrame(
            np.clip(expit(draws), _LEAST, _MOST), columns=rows.claims.rename("claim_id")
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # not of numbers
        tags.input_tags.string = True
        tags.requires_fit = False  # the priors will do
        return tags

    def to_parts(self) -> dict[str, bytes]:
        """Return what was learned as named pieces of data, to be saved."""
        check_is_fitted(self, "priors_")
        for name in self._learned.pairs.sources:
            if not isinstance(name, str | int | float | np.generic):
                raise TypeError(
                    "the source_ids of a scorer that is to be stored must be strings or numbers; "
                    f"got {name!r}, a {type(name).__name__}."
                )
        arrays, names = self._learned.to_data()
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        copying = {name: self.copying_[name].tolist() for name in self.copying_.columns}
        others = {
            "slope": self.slope_,
            "offset": self.offset_,
            "copies": [*map(list, self._copies.items())],
            "copying": copying,
            "parameters": {name: getattr(self, name) for name in _STORED},
        }
        return {
            "priors.toml": Priors.check(self.priors).to_toml().encode(),
            "learned.npz": buffer.getvalue(),
            # ASCII escapes keep lone surrogates
            "names.json": json.dumps(names | others, default=_plain).encode(),
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted scorer from the pieces of `to_parts`."""
        names = json.loads(parts["names.json"])
        with np.load(io.BytesIO(parts["learned.npz"]), allow_pickle=False) as arrays:
            learned = Learned.from_data({name: arrays[name] for name in arrays.files}, names)
        priors = Priors.from_toml("\n" + parts["priors.toml"].decode())  # text, not a path
        scorer = cls(priors, **names["parameters"])
        scorer.slope_, scorer.offset_ = names["slope"], names["offset"]
        scorer.copying_ = pd.DataFrame(
            {name: pd.Series(values, dtype=object) for name, values in names["copying"].items()}
        ).infer_objects()
        scorer._take(priors, learned, dict(names["copies"]))
        return scorer


_STORED = ("max_iter", "tol", "copying", "calibrate", "cv")


def _plain(value: Any) -> Any:
    """Return a number of numpy as one of Python, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot be stored: {value!r}, a {type(value).__name__}.")


def _problem(
    evidence: pd.DataFrame, priors: Priors, copies: Mapping[str, str], past: Learned | None
) -> Problem:
    rows = read_rows(evidence, priors, copies)
    said, about = merge_rows(rows, prior_betas(priors), ranked=False), rows.about
    del rows  # the largest arrays there are
    return Problem.build(said, about, priors, past)


def _moves(
    claim: np.ndarray, kind: str, name: Any, at_low: np.ndarray, at_high: np.ndarray
) -> pd.DataFrame:
    names = object_array([name] * len(claim) if isinstance(name, str) else list(name))
    return pd.DataFrame(
        {
            "claim": claim,
            "kind": kind,
            "name": pd.Series(names, dtype=object),  # strings of Arrow hold no lone surrogates
            "at_low": at_low,
            "at_high": at_high,
        }
    )


def _pair_names(priors: Priors, betas: Betas) -> np.ndarray:
    """Return the key of each pair of Betas, as in the priors."""
    types = [*priors.types]
    kind = betas.keys // len(betas.answers) % betas.n_types
    source = betas.keys // (len(betas.answers) * betas.n_types)
    return object_array(
        [
            *(f"types.{name}" for name in types),
            *(f"sources.{name}" for name in priors.sources),
            *(
                f"sources.{betas.sources[s]} ({types[k]})"
                for s, k in zip(source, kind, strict=True)
            ),
        ]
    )


def _count_origins(said: Voices, n_claims: int) -> np.ndarray:
    n_origins = np.int64(said.origin.max(initial=0) + 1)
    origins = np.sort(said.claim * n_origins + said.origin)
    first = np.diff(origins, prepend=-1) > 0
    return np.bincount(origins[first] // n_origins, minlength=n_claims)
