"""Learn who is right: types, sources and the truth of claims, together.

Comes in: voices (`sourcescore.confidence.voices`) and what is known of the claims' truth. Goes out:
the claim prior, the numbers of each type and the track record of each source.

The model is that of Dawid and Skene (1979), *Maximum likelihood estimation of observer error-rates
using the EM algorithm*, with the two-sided source quality of Zhao et al. (2012), *A Bayesian
approach to discovering truth from conflicting sources* (the Latent Truth Model), one level deeper:
a source's sensitivity is drawn from Beta(mean m, strength kappa) of its type, and so is one minus
its specificity; m has a Beta prior itself. With n statements on true claims, s of them supports,
conjugacy gives the source Beta(m kappa + s, (1-m) kappa + n - s).

E step
    A claim's probability given everybody's numbers, each voice read with what its source did on
    *other* claims only (its own part is taken out of the counts). That is collapsed variational
    Bayes of order zero, for this model the belief propagation of Liu, Peng and Ihler (2012),
    *Variational inference for crowdsourcing*; on known claims it is leaving one claim out. Plain
    EM confirms itself, most where sources say little.
M step
    m: a mean of the sources' rates, each worth (kappa+1) n / (kappa+n) statements, its share in a
    herd of n of 1 / (1 + (n-1) rho).
    kappa: most probable under the Beta-binomial likelihood of the sources' counts (empirical
    Bayes), with a log-normal prior around the strength in the priors.
    rho: the correlation of what sources of a type say about one claim, beyond its truth and their
    own rates, with the prior's rho worth ten claims. For scoring it is learned from claims of
    known truth alone: where the truth is inferred, it is inferred from that agreement. The E step
    works with the one from all claims, lest a prior that suits other sources drown what can be
    learned here, and with none for the answers to a question.

A claim of known truth counts in full, one of unknown truth with its probability. A voice counts
phi, what of it arrives. In a question, who supports one answer has also been asked about the
others, and did not support them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize
from scipy.special import betaincinv, betaln, logit

from sourcescore.confidence.copying import Said
from sourcescore.confidence.questions import claim_prior, posterior
from sourcescore.confidence.rows import Questions, Rows
from sourcescore.confidence.voices import (
    Betas,
    Voices,
    herd_weights,
    log_likelihood_ratio,
    merge_rows,
    prior_betas,
)
from sourcescore.priors import BetaPrior, Priors, TypePrior
from sourcescore.tables import object_array

__all__ = ["Counts", "Learned", "Problem", "cross_fit", "learned_betas"]

#: How many claims the rho of the priors is worth.
_RHO_STRENGTH = 10.0
#: Standard deviation of log kappa around the strength of the priors.
_KAPPA_SPREAD = 1.0
#: In so many questions an answer must occur for sources to have a track record on it.
_RECURS = 20


@dataclass(frozen=True)
class Counts:
    """Expected counts of statements: all of them and those that support, on true and false claims.

    Attributes
    ----------
    true, supported_true, false, supported_false : float arrays of shape (n_pairs,)
    """

    true: np.ndarray
    supported_true: np.ndarray
    false: np.ndarray
    supported_false: np.ndarray

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(self.all, other.all, strict=True)))

    @property
    def all(self) -> tuple[np.ndarray, ...]:
        return self.true, self.supported_true, self.false, self.supported_false

    @classmethod
    def zero(cls, n: int) -> Counts:
        return cls(*np.zeros((4, n)))


@dataclass(frozen=True)
class Claims:
    """What the claim prior is learned from.

    Attributes
    ----------
    n_true : float
        Expected number of true claims.
    sizes, numbers : int arrays of one length
        Sizes of the questions, and how many there are of each; a claim by itself is one of size 1.
    """

    n_true: float
    sizes: np.ndarray
    numbers: np.ndarray

    def __add__(self, other: Claims) -> Claims:
        sizes, at = np.unique(np.append(self.sizes, other.sizes), return_inverse=True)
        numbers = np.bincount(at, np.append(self.numbers, other.numbers), len(sizes))
        return Claims(self.n_true + other.n_true, sizes, numbers.astype(int))


@dataclass(frozen=True)
class Learned:
    """What `Problem.learn` found, and all that it takes to go on from there.

    Attributes
    ----------
    sources, answers : Index
    source, kind, answer : int arrays of shape (n_pairs,)
        The source, the type and the answer of each pair, sorted.
    base : int array of shape (n_pairs,)
        The prior pair of Betas that each is shrunk to.
    counts : Counts
        Behind each pair.
    discounted : Counts
        The same with each voice's share in its herd: what it tells of the type.
    information : float array of shape (3, n_pairs)
        What the statements are worth, had the truth been known, for a, b and both together.
    claims : Claims
    agreement : float array of shape (2, 3, n_types)
        Sums behind rho and working_rho: products of residuals, what they would be at correlation
        1, herds.
    claim_prior : float
    a_centre, b_centre, a_kappa, b_kappa, rho, working_rho : float arrays of shape (n_types,)
    a, b : float arrays of shape (n_pairs,)
        Posterior means of each pair.
    a_weight, b_weight : float arrays of shape (n_pairs,)
        What the means were divided by: kappa and the statements.
    a_strength, b_strength : float arrays of shape (n_pairs,)
        Strengths of the posteriors: less than the weights, as the truth of the claims and the
        mean of the type are uncertain too.
    truth : float array of shape (n_claims,)
        Probability of each claim, 0 or 1 where it was known.
    n_iter : int
    """

    sources: pd.Index
    answers: pd.Index
    source: np.ndarray
    kind: np.ndarray
    answer: np.ndarray
    base: np.ndarray
    counts: Counts
    discounted: Counts
    information: np.ndarray
    claims: Claims
    agreement: np.ndarray
    claim_prior: float
    a_centre: np.ndarray
    b_centre: np.ndarray
    a_kappa: np.ndarray
    b_kappa: np.ndarray
    rho: np.ndarray
    working_rho: np.ndarray
    a: np.ndarray
    b: np.ndarray
    a_weight: np.ndarray
    b_weight: np.ndarray
    a_strength: np.ndarray
    b_strength: np.ndarray
    truth: np.ndarray
    n_iter: int

    def to_data(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the arrays, and the names and numbers, that `from_data` reads."""
        arrays = {
            name: value
            for name, value in vars(self).items()
            if isinstance(value, np.ndarray) and name != "truth"
        }
        for name in ("counts", "discounted"):
            arrays[name] = np.stack(getattr(self, name).all)
        arrays |= {"sizes": self.claims.sizes, "numbers": self.claims.numbers}
        return arrays, {
            "sources": [*map(str, self.sources)],
            "answers": [*self.answers],
            "n_true": self.claims.n_true,
            "claim_prior": self.claim_prior,
            "n_iter": self.n_iter,
        }

    @classmethod
    def from_data(cls, arrays: dict[str, np.ndarray], names: dict[str, Any]) -> Learned:
        """Return what `to_data` was given, but for the truth of single claims."""
        rest = {name: value for name, value in arrays.items() if name not in ("sizes", "numbers")}
        for name in ("counts", "discounted"):
            rest[name] = Counts(*arrays[name])
        return cls(
            **rest,
            sources=pd.Index(object_array(names["sources"]), dtype=object),
            answers=pd.Index(object_array(names["answers"]), dtype=object),
            claims=Claims(names["n_true"], arrays["sizes"], arrays["numbers"]),
            claim_prior=names["claim_prior"],
            truth=np.empty(0),
            n_iter=names["n_iter"],
        )

    def type_priors(self, priors: Priors) -> dict[str, TypePrior]:
        """Return the types as priors for sources that nothing is known of yet."""
        return {
            name: TypePrior(
                BetaPrior(float(self.a_centre[k]), float(self.a_kappa[k])),
                BetaPrior(float(self.b_centre[k]), float(self.b_kappa[k])),
                float(self.rho[k]),
            )
            for k, name in enumerate(priors.types)
        }

    def track_record(self, priors: Priors) -> pd.DataFrame:
        """Return the posteriors of the sources, as `ClaimScorer.track_record_`."""
        names = np.array([*priors.types], dtype=object)
        counts = self.counts
        columns: dict[str, Any] = {"type": names[self.kind]}
        if len(self.answers) > 1:
            columns["answer"] = self.answers[self.answer]
        return pd.DataFrame(
            {
                **columns,
                **_beta_columns("sensitivity", self.a, self.a_strength),
                **_beta_columns("specificity", 1 - self.b, self.b_strength),
                "n_true": counts.true,
                "n_false": counts.false,
                "n_supported_true": counts.supported_true,
                "n_denied_false": counts.false - counts.supported_false,
            },
            index=pd.Index(self.sources[self.source], name="source_id"),
        )


@dataclass(frozen=True)
class Problem:
    """Voices, and the pairs of source and type (and answer) that they belong to.

    An *entry* is one type of a voice; most voices have one.

    Attributes
    ----------
    said : Voices
    priors : Priors
    betas : Betas
        The prior ones.
    claims, sources : Index
        Of the rows.
    questions : Questions or None
    past : Learned
        What came before, over the pairs of this problem.
    voice, pair : int arrays of shape (n_entries,)
    mass : float array of shape (n_entries,)
        Probability of the type times phi.
    trial_entry, trial_pair, trial_cell : int arrays of shape (n_trials,)
        What was asked of whom: the entry that shows it, the pair asked, and what about: a claim, or
        n_claims + a question for all its claims at once.
    trial_mass : float array of shape (n_trials,)
    own_cell : int array of shape (n_entries,)
        What an entry itself was asked about.
    own_mass : float array of shape (n_entries,)
    herd_size : int array of shape (n_voices,)
        How many voices of its type bear on the claim; 1 for answers to a question.
    """

    said: Voices
    priors: Priors
    betas: Betas
    claims: pd.Index
    sources: pd.Index
    questions: Questions | None
    past: Learned
    voice: np.ndarray
    pair: np.ndarray
    mass: np.ndarray
    trial_entry: np.ndarray
    trial_pair: np.ndarray
    trial_cell: np.ndarray
    trial_mass: np.ndarray
    own_cell: np.ndarray
    own_mass: np.ndarray
    herd_size: np.ndarray

    @classmethod
    def build(cls, rows: Rows, priors: Priors, past: Learned | None = None) -> Problem:
        """Merge the rows into voices, as the priors weigh them.

        Parameters
        ----------
        rows : Rows
        priors : Priors
        past : Learned, optional
            To go on from.
        """
        betas = prior_betas(priors)
        said = merge_rows(rows, betas)
        n_types, n_claims = betas.n_types, len(rows.claims)
        answers, answer = _recurring(rows.questions, n_claims, past)
        sources, own_source = rows.sources, said.source.astype(np.int64)
        if past is not None:
            sources = past.sources.union(rows.sources, sort=False)
            own_source = sources.get_indexer(rows.sources)[said.source]
        voice = np.repeat(np.arange(len(said.llr)), np.diff(said.types.indptr))
        speaker = own_source[voice] * n_types + said.types.indices
        key = speaker * len(answers) + answer[said.claim][voice]
        before = np.empty(0, dtype=np.int64)
        if past is not None:
            old = sources.get_indexer(past.sources)[past.source] * np.int64(n_types) + past.kind
            before = old * len(answers) + answers.get_indexer(past.answers)[past.answer]
        keys = np.unique(np.append(pd.unique(key), before))
        pair = np.searchsorted(keys, key)
        # a source with numbers of its own in the priors is shrunk to these
        kind = keys // len(answers) % n_types
        base = kind.copy()
        at = np.searchsorted(keys, before)
        if past is not None:
            base[at] = past.base
        base[pair] = said.pairs.indices
        mass = said.types.data * said.phi[voice]
        source = keys // (n_types * len(answers))
        nothing = Learned(
            sources, answers, source, kind, keys % len(answers), base,
            Counts.zero(len(keys)), Counts.zero(len(keys)), np.zeros((3, len(keys))),
            Claims(0.0, np.ones(1, dtype=int), np.zeros(1, dtype=int)),
            np.zeros((2, 3, n_types)), priors.claim_prior,
            betas.a_mean[:n_types], betas.b_mean[:n_types],
            betas.a_strength[:n_types], betas.b_strength[:n_types],
            *[np.array([entry.rho for entry in priors.types.values()])] * 2,
            betas.a_mean[base], betas.b_mean[base],
            *(betas.a_strength[base], betas.b_strength[base]) * 2,
            np.empty(0), 0,
        )  # fmt: skip
        if past is not None:
            nothing = _placed(past, nothing, at, n_types)
        trials = _trials(
            said, rows.questions, n_claims, voice, pair, mass, speaker, keys, answer, len(answers)
        )
        herd = said.claim * np.int64(n_types + 1) + said.herd
        _, herd, size = np.unique(herd, return_inverse=True, return_counts=True)
        alone = said.herd == n_types
        if rows.questions is not None:
            alone |= rows.questions.n_claims[rows.questions.question[said.claim]] > 1
        return cls(
            said, priors, betas, rows.claims, rows.sources, rows.questions, nothing, voice, pair, mass,
            *trials, np.where(alone, 1, size[herd]),
        )  # fmt: skip

    def learn(self, known: np.ndarray, max_iter: int, tol: float) -> Learned:
        """Run expectation maximisation.

        Parameters
        ----------
        known : float array of shape (n_claims,)
            1 true, 0 false, NaN not known.
        max_iter : int
        tol : float
            Stop when no claim's probability moves by more.
        """
        unknown = np.isnan(known)
        learned = self.past
        truth = np.where(unknown, posterior(self._log_odds(learned), self.questions), known)
        for n_iter in range(1, max_iter + 1):
            # the spread of sources and rho need few looks, and these cost most
            refine = n_iter <= 3 or n_iter & (n_iter - 1) == 0
            learned = self._maximise(learned, truth, unknown, refine)
            if not unknown.any():
                if n_iter == 3:
                    break
                continue
            log_odds = self._log_odds(learned, truth)
            expected = np.where(unknown, posterior(log_odds, self.questions), known)
            change = np.abs(expected - truth).max()
            truth = expected
            if change <= tol and n_iter >= 3:
                break
        information = self.past.information + self._information(learned, truth)
        learned = replace(learned, information=information, truth=truth, n_iter=n_iter)
        a_strength, b_strength = self._strengths(learned)
        return replace(learned, a_strength=a_strength, b_strength=b_strength)

    def scores(self, learned: Learned) -> np.ndarray:
        """Return the log-odds of each claim as `ClaimScorer.predict` weighs the voices.

        But for what a source said on the claim itself, which does not count towards its record.
        """
        llr = self._llr(learned, learned.truth)[0]
        weight = herd_weights(replace(self.said, llr=llr), learned.rho)
        return logit(learned.claim_prior) + np.bincount(
            self.said.claim, weight * llr, len(self.claims)
        )

    def said_with(self, learned: Learned) -> Said:
        """Return the voices with what was learned of them, each without its own part in it."""
        _, a, b = self._llr(learned, learned.truth)
        rho = np.maximum(learned.rho, learned.working_rho)
        own_rho = np.append(rho, 0.0)[self.said.herd]
        unit, statement = self.said.claim, self.said.claim * np.int64(2) + self.said.denies
        if self.questions is not None:
            # what a source answers, not whether it supports the answer
            question = self.questions.question[unit]
            answers = ~self.said.denies & (self.questions.n_claims[question] > 1)
            unit = np.where(answers, question, len(self.questions.n_claims) + unit)
        return Said(
            self.said, self.sources, learned.truth, a, b, own_rho, unit.astype(np.int64), statement
        )

    def _log_odds(self, learned: Learned, truth: np.ndarray | None = None) -> np.ndarray:
        """Return the log-odds of each claim by itself (the E step)."""
        llr = self._llr(learned, truth)[0]
        return logit(learned.claim_prior) + np.bincount(
            self.said.claim, self._share(learned) * llr, len(self.claims)
        )

    def _share(self, learned: Learned) -> np.ndarray:
        """Return what a herd of n leaves of each of its voices, n_eff(n) / n, shared evenly.

        `herd_weights` ranks them instead, supports and denials apart; while reliabilities are
        still being learned, their ranking is not there to go by.
        """
        rho = np.append(learned.working_rho, 0.0)[self.said.herd]
        return 1 / (1 + (self.herd_size - 1) * rho)

    def _llr(
        self, learned: Learned, truth: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each voice's log likelihood ratio, a and b.

        Parameters
        ----------
        learned : Learned
        truth : float array of shape (n_claims,) or None
            What `learned` was learned with, for taking each voice's own part out; None if these
            voices had no part in it.
        """
        said, pair = self.said, self.pair
        a, b = (learned.a * learned.a_weight)[pair], (learned.b * learned.b_weight)[pair]
        a_n, b_n = learned.a_weight[pair], learned.b_weight[pair]
        if truth is not None:
            own_true = self.own_mass * self._cells(truth)[self.own_cell]
            own_false = self.own_mass * self._cell_sizes[self.own_cell] - own_true
            supports = ~said.denies[self.voice]
            hit = self.mass * truth[said.claim][self.voice] * supports
            # rounding may leave a little less than the prior
            a = np.maximum(a - hit, 1e-12)
            b = np.maximum(b - (self.mass * supports - hit), 1e-12)
            a_n, b_n = np.maximum(a_n - own_true, a), np.maximum(b_n - own_false, b)
        a, b = a / a_n, b / b_n
        if len(self.voice) > len(said.llr):
            starts, share = said.types.indptr[:-1], said.types.data
            a, b = np.add.reduceat(a * share, starts), np.add.reduceat(b * share, starts)
        # a source that has never been wrong may yet be: its prior sees to that, rounding may not
        a, b = np.clip(a, 1e-12, 1 - 1e-12), np.clip(b, 1e-12, 1 - 1e-12)
        return log_likelihood_ratio(a, b, said.phi, said.denies), a, b

    def _cells(self, truth: np.ndarray) -> np.ndarray:
        """Return the expected number of true claims in each cell."""
        if self.questions is None:
            return truth
        return np.append(truth, np.bincount(self.questions.question, truth))

    @property
    def _cell_sizes(self) -> np.ndarray:
        ones = np.ones(len(self.claims))
        return ones if self.questions is None else np.append(ones, self.questions.n_claims)

    def _maximise(
        self, before: Learned, truth: np.ndarray, unknown: np.ndarray, refine: bool
    ) -> Learned:
        """Return the posteriors given the probability of each claim (the M step).

        Parameters
        ----------
        before : Learned
        truth : float array of shape (n_claims,)
        unknown : bool array of shape (n_claims,)
        refine : bool
            Whether to learn kappa and rho anew.
        """
        share = self._share(before)[self.voice]
        base = self.past.base
        counts = self.past.counts + self._counts(truth, np.ones(1))
        discounted = self.past.discounted + self._counts(truth, share)
        a_kappa, b_kappa = before.a_kappa, before.b_kappa
        n_types, betas = self.betas.n_types, self.betas
        shrunk = base < n_types
        centres = [
            self._centres(discounted.true, discounted.supported_true, counts.true, 0, a_kappa),
            self._centres(discounted.false, discounted.supported_false, counts.false, 1, b_kappa),
        ]
        if refine:
            a_kappa, b_kappa = (
                _learned_kappas(n[shrunk], s[shrunk], by_kind[shrunk], base[shrunk], strength)
                for n, s, (_, by_kind), strength in (
                    (counts.true, counts.supported_true, centres[0], betas.a_strength[:n_types]),
                    (counts.false, counts.supported_false, centres[1], betas.b_strength[:n_types]),
                )
            )
        a_own = np.where(shrunk, a_kappa[before.kind], betas.a_strength[base])
        b_own = np.where(shrunk, b_kappa[before.kind], betas.b_strength[base])
        a_mean, b_mean = centres[0][1], centres[1][1]
        a_weight, b_weight = a_own + counts.true, b_own + counts.false
        sizes = np.ones(len(truth), dtype=int)
        if self.questions is not None:
            sizes = self.questions.n_claims
        claims = self.past.claims + Claims(
            float(truth.sum()), *np.unique(sizes, return_counts=True)
        )
        learned = replace(
            before,
            counts=counts,
            discounted=discounted,
            claims=claims,
            claim_prior=claim_prior(
                claims.n_true,
                claims.sizes,
                claims.numbers,
                self.priors.claim_prior,
                self.priors.claim_prior_strength,
            ),
            a_centre=centres[0][0],
            b_centre=centres[1][0],
            a_kappa=a_kappa,
            b_kappa=b_kappa,
            a=(a_mean * a_own + counts.supported_true) / a_weight,
            b=(b_mean * b_own + counts.supported_false) / b_weight,
            a_weight=a_weight,
            b_weight=b_weight,
        )
        if refine:
            agreement = self.past.agreement + self._agreement(learned, truth, unknown)
            rho, working_rho = self._rhos(agreement)
            learned = replace(learned, agreement=agreement, rho=rho, working_rho=working_rho)
        return learned

    def _counts(self, truth: np.ndarray, share: np.ndarray) -> Counts:
        """Count what these voices say; `share` is by entry, or one number for all."""
        said, n = self.said, len(self.past.base)
        cells = self._cells(truth)[self.trial_cell]
        of_trial = share[self.trial_entry] if len(share) > 1 else share
        asked = self.trial_mass * of_trial
        true = np.bincount(self.trial_pair, asked * cells, n)
        asked *= self._cell_sizes[self.trial_cell]
        false = np.bincount(self.trial_pair, asked, n) - true
        supports = self.mass * share * ~said.denies[self.voice]
        supported_true = np.bincount(self.pair, supports * truth[said.claim][self.voice], n)
        supported_false = np.bincount(self.pair, supports, n) - supported_true
        # rounding may take 0 below 0
        return Counts(
            true, supported_true, np.maximum(false, 0.0), np.maximum(supported_false, 0.0)
        )

    def _centres(
        self, n: np.ndarray, hits: np.ndarray, whole: np.ndarray, side: int, kappa: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of each type, and of what each pair is shrunk to.

        Parameters
        ----------
        n, hits : float arrays of shape (n_pairs,)
            Statements and supports, discounted for herds.
        whole : float array of shape (n_pairs,)
            Statements.
        side : int
            0 for a, 1 for b.
        kappa : float array of shape (n_types,)
        """
        betas, n_types = self.betas, self.betas.n_types
        mean = (betas.a_mean, betas.b_mean)[side]
        strength = (betas.a_strength, betas.b_strength)[side][:n_types]
        shrunk = self.past.base < n_types
        kind = self.past.kind
        worth = np.where(shrunk, (kappa[kind] + 1) / (kappa[kind] + np.maximum(whole, 1)), 0.0)

        def pooled(group: np.ndarray, types: np.ndarray) -> np.ndarray:
            size = len(types)
            own = strength[types]
            trials, hit = (
                np.bincount(group, worth * n, size),
                np.bincount(group, worth * hits, size),
            )
            return (mean[types] * own + hit) / (own + trials)

        of_type = pooled(kind, np.arange(n_types))
        n_answers = len(self.past.answers)
        if n_answers == 1:
            by_pair = of_type[kind]
        else:
            group = kind * n_answers + self.past.answer
            by_pair = pooled(group, np.repeat(np.arange(n_types), n_answers))[group]
        return of_type, np.where(shrunk, by_pair, mean[self.past.base])

    def _information(self, learned: Learned, truth: np.ndarray) -> np.ndarray:
        """Return how many statements of known truth each pair's are worth, for a, b and both.

        Not knowing the truth of a claim loses information (Louis 1982): where the claim has the
        probability T, the score of a statement is (T u_a, (1-T) u_b), if u_a and u_b are those
        for a true and for a false claim. So a loses the share 1 - T, and the errors of a and b
        hang together.
        """
        said, n = self.said, len(learned.a)
        entry, pair, mass = self.trial_entry, self.trial_pair, self.trial_mass
        true = mass * self._cells(truth)[self.trial_cell]
        false = mass * self._cell_sizes[self.trial_cell] - true
        supports = ~said.denies[self.voice][entry] & (self.trial_cell == self.own_cell[entry])
        hit = np.where(supports, self.mass[entry], 0.0)
        hit_true = hit * truth[said.claim][self.voice][entry]
        hit_false = hit - hit_true
        a, b = learned.a[pair], learned.b[pair]
        a_score, b_score = hit_true - true * a, hit_false - false * b
        mass = np.maximum(mass, 1e-12)

        def by_pair(values: np.ndarray) -> np.ndarray:
            return np.bincount(pair, values, n)

        now = self._counts(truth, np.ones(1))
        a_whole = by_pair(hit_true * (1 - a) ** 2 + (true - hit_true) * a**2)
        b_whole = by_pair(hit_false * (1 - b) ** 2 + (false - hit_false) * b**2)
        a_worth = now.true / np.maximum(a_whole, 1e-12)
        b_worth = now.false / np.maximum(b_whole, 1e-12)
        return np.stack(
            [
                np.minimum(by_pair(a_score**2 / mass) * a_worth, now.true),
                np.minimum(by_pair(b_score**2 / mass) * b_worth, now.false),
                by_pair(a_score * b_score / mass) * np.sqrt(a_worth * b_worth),
            ]
        )

    def _strengths(self, learned: Learned) -> tuple[np.ndarray, np.ndarray]:
        """Return how sure the posteriors are, as strengths of Betas."""
        a_n, b_n, both = learned.information
        a = self._base_strengths(learned.a_kappa, a_n, self.betas.a_strength) + a_n
        b = self._base_strengths(learned.b_kappa, b_n, self.betas.b_strength) + b_n
        unshared = 1 - np.minimum(both**2 / (a * b), 0.9)
        return a * unshared, b * unshared

    def _base_strengths(self, kappa: np.ndarray, n: np.ndarray, prior: np.ndarray) -> np.ndarray:
        """Return the strength of each pair's prior: the spread of sources around a mean that is
        known only as well as the sources of the type tell."""
        base, kind = self.past.base, self.past.kind
        n_types = self.betas.n_types
        worth = (kappa[kind] + 1) / (kappa[kind] + np.maximum(n, 1)) * n
        mean = prior[:n_types] + np.bincount(kind, worth, n_types)
        of_type = 1 / (1 / (1 + kappa) + kappa / (1 + kappa) / (1 + mean)) - 1
        return np.where(base < n_types, of_type[kind], prior[base])

    def _agreement(self, learned: Learned, truth: np.ndarray, unknown: np.ndarray) -> np.ndarray:
        """Return the sums behind rho: from the claims of known truth, and from all claims.

        In each herd the products of the residuals of its voices, what these would be if all were
        right and wrong together, and that there is a herd at all.
        """
        _, a, b = self._llr(learned, truth)
        said, n_types = self.said, np.int64(self.betas.n_types)
        use = said.herd < n_types
        if self.questions is not None:
            use &= self.questions.n_claims[self.questions.question[said.claim]] == 1
        herds, herd = np.unique(said.claim[use] * n_types + said.herd[use], return_inverse=True)
        size = np.bincount(herd, minlength=len(herds))
        claim, kind = herds // n_types, herds % n_types
        phi, middle, supports = said.phi[use], (a + b)[use] / 2, ~said.denies[use]
        together, alike = np.zeros(len(herds)), np.zeros(len(herds))
        for chance, weight in ((a[use], truth[claim]), (b[use], 1 - truth[claim])):
            chance = phi * chance + (1 - phi) * middle
            together += weight * _pair_sums(herd, supports - chance, size)
            alike += weight * _pair_sums(herd, np.sqrt(chance * (1 - chance)), size)
        sums = (together, alike, size > 1)
        return np.stack(
            [
                np.stack([np.bincount(kind, x * use, n_types) for x in sums])
                for use in (~unknown[claim], np.ones(len(kind)))
            ]
        )

    def _rhos(self, agreement: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the correlation within each type by the known claims, and by all."""
        prior = np.array([entry.rho for entry in self.priors.types.values()])
        together, alike, herds = agreement.swapaxes(0, 1)
        seen = np.divide(together, alike, out=np.zeros_like(alike), where=alike > 0)
        learned = (_RHO_STRENGTH * prior + herds * seen) / (_RHO_STRENGTH + herds)
        rho, working_rho = np.clip(learned, 0.0, 1.0)
        return rho, working_rho


def _recurring(
    questions: Questions | None, n_claims: int, past: Learned | None
) -> tuple[pd.Index, np.ndarray]:
    """Return the answers that have track records of their own, and the code of each claim's."""
    labels = pd.Index([""], dtype=object) if past is None else past.answers
    if questions is None:
        return labels, np.zeros(n_claims, dtype=int)
    often = np.bincount(questions.answer, minlength=len(questions.answers)) >= _RECURS
    often[0] = True
    labels = labels.union(questions.answers[often], sort=False)
    return labels, np.maximum(labels.get_indexer(questions.answers), 0)[questions.answer]


def _placed(past: Learned, empty: Learned, at: np.ndarray, n_types: int) -> Learned:
    """Return the past over the pairs of a new problem, which are those of `empty`."""

    def place(new: np.ndarray, old: np.ndarray) -> np.ndarray:
        new = new.copy()
        new[at] = old
        return new

    # of new sources only the type is known: what it has learned is their start
    typed, start = empty.base < n_types, {}
    for name in ("a", "b"):
        for own, of_type in (
            (name, f"{name}_centre"),
            (f"{name}_weight", f"{name}_kappa"),
            (f"{name}_strength", f"{name}_kappa"),
        ):
            new = np.where(typed, getattr(past, of_type)[empty.kind], getattr(empty, own))
            start[own] = place(new, getattr(past, own))
    return replace(
        past,
        sources=empty.sources,
        answers=empty.answers,
        source=empty.source,
        kind=empty.kind,
        answer=empty.answer,
        counts=Counts(*map(place, empty.counts.all, past.counts.all)),
        discounted=Counts(*map(place, empty.discounted.all, past.discounted.all)),
        information=np.stack([*map(place, empty.information, past.information)]),
        base=empty.base,
        **start,
    )


def _trials(
    said: Voices,
    questions: Questions | None,
    n_claims: int,
    voice: np.ndarray,
    pair: np.ndarray,
    mass: np.ndarray,
    speaker: np.ndarray,
    keys: np.ndarray,
    answer: np.ndarray,
    n_answers: int,
) -> tuple[np.ndarray, ...]:
    """Return the trials of a problem, and what each entry itself was asked about."""
    entry, claim = np.arange(len(pair)), said.claim[voice].astype(np.int64)
    if questions is None:
        return entry, pair, claim, mass, claim, mass
    question = questions.question[claim]
    chooses = ~said.denies[voice] & (questions.n_claims[question] > 1)
    # who supports several answers to one question was still asked once
    _, choice, n_choices = np.unique(
        speaker[chooses] * np.int64(len(questions.n_claims)) + question[chooses],
        return_inverse=True,
        return_counts=True,
    )
    mass = mass.copy()
    mass[chooses] /= n_choices[choice]
    if n_answers == 1:
        cell = np.where(chooses, n_claims + question, claim)
        return entry, pair, cell, mass, cell, mass
    # one trial for each answer that the question has, if the source ever gave that one
    order = np.argsort(questions.question, kind="stable")
    first = np.searchsorted(questions.question[order], np.arange(len(questions.n_claims)))
    asked = np.flatnonzero(chooses)
    n_asked = questions.n_claims[question[asked]]
    by = np.repeat(asked, n_asked)
    step = np.arange(len(by)) - np.repeat(np.cumsum(n_asked) - n_asked, n_asked)
    about = order[first[question[by]] + step]
    key = speaker[by] * n_answers + answer[about]
    at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    heard = keys[at] == key
    plain = np.flatnonzero(~chooses)
    entry = np.append(plain, by[heard])
    return (
        entry,
        np.append(pair[plain], at[heard]),
        np.append(claim[plain], about[heard]),
        mass[entry],
        claim,
        mass,
    )


def learned_betas(priors: Priors, learned: Learned) -> Betas:
    """Return the pairs of the priors, and those of the sources with a track record."""
    base = prior_betas(priors)
    kind = learned.source * np.int64(base.n_types) + learned.kind
    return Betas(
        np.append(base.a_mean, learned.a),
        np.append(base.a_strength, learned.a_strength),
        np.append(base.b_mean, learned.b),
        np.append(base.b_strength, learned.b_strength),
        base.n_types,
        learned.sources,
        learned.answers,
        kind * len(learned.answers) + learned.answer,
    )


def cross_fit(
    problem: Problem,
    known: np.ndarray,
    cv: int,
    rng: np.random.RandomState,
    max_iter: int,
    tol: float,
) -> tuple[float, float]:
    """Return slope and offset, learned on log-odds that each known claim gets when held out.

    Raises
    ------
    ValueError
        If there are fewer known claims than folds.
    """
    at = np.flatnonzero(~np.isnan(known))
    if cv < 2 or len(at) < cv:
        raise ValueError(
            f"calibrate=True needs cv >= 2 and at least cv={cv!r} claims of known truth; "
            f"got {len(at)}."
        )
    # folds go by the claims' names, so that the order of the rows does not matter
    at = at[np.argsort(object_array([str(c) for c in problem.claims[at]]), kind="stable")]
    fold = rng.permutation(len(at)) % cv
    held_out = np.empty(len(at))
    for i in range(cv):
        masked = known.copy()
        masked[at[fold == i]] = np.nan
        learned = problem.learn(masked, max_iter, tol)
        held_out[fold == i] = problem.scores(learned)[at[fold == i]]
    return _slope_and_offset(held_out, known[at])


def _slope_and_offset(log_odds: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return Platt's (1999) two numbers, the slope kept above 0 so that support stays support.

    Standard normal priors on the log of the slope and on the offset keep few claims from
    overturning the model.
    """
    sign = 2 * truth - 1

    def loss(parameters: np.ndarray) -> float:
        log_slope, offset = parameters
        scores = sign * (offset + np.exp(log_slope) * log_odds)
        return float(np.logaddexp(0, -scores).sum() + (log_slope**2 + offset**2) / 2)

    log_slope, offset = optimize.minimize(loss, np.zeros(2), method="BFGS").x
    return float(np.exp(log_slope)), float(offset)


def _learned_kappas(
    n: np.ndarray, hits: np.ndarray, mean: np.ndarray, kind: np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """Return the most probable strength of each type, given its sources' counts.

    Parameters
    ----------
    n, hits, mean : float arrays of shape (n_pairs,)
        Statements, supports, and the mean that the pair is shrunk to.
    kind : int array of shape (n_pairs,)
    strength : float array of shape (n_types,)
        Of the priors.
    """
    # one statement tells nothing of how alike the sources are
    several = n > 1
    n, hits, mean, kind = n[several], hits[several], mean[several], kind[several]
    grid = np.exp(np.linspace(-3, 3, 25)) * strength[:, None]
    loss = np.log(grid / strength[:, None]) ** 2 / 2 / _KAPPA_SPREAD**2
    misses = n - hits
    for i in range(grid.shape[1]):
        alpha, beta = mean * grid[kind, i], (1 - mean) * grid[kind, i]
        likelihood = betaln(alpha + hits, beta + misses) - betaln(alpha, beta)
        loss[:, i] -= np.bincount(kind, likelihood, len(strength))
    at = np.clip(loss.argmin(axis=1), 1, grid.shape[1] - 2)
    # the parabola through the best point and its neighbours
    left, middle, right = (loss[np.arange(len(at)), at + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.divide((left - right) / 2, bend, out=np.zeros_like(bend), where=bend > 0)
    return strength * np.exp(-3 + (at + np.clip(shift, -1, 1)) * 0.25)


def _pair_sums(group: np.ndarray, values: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return by group the sum of x_i x_j over i != j, over n - 1; 0 for a group of one."""
    total = np.bincount(group, values, len(size)) ** 2
    own = np.bincount(group, values * values, len(size))
    return np.where(size > 1, (total - own) / np.maximum(size - 1, 1), 0.0)


def _beta_columns(name: str, mean: np.ndarray, strength: np.ndarray) -> dict[str, Any]:
    alpha, beta = mean * strength, (1 - mean) * strength
    return {
        name: mean,
        f"{name}_low": betaincinv(alpha, beta, 0.05),
        f"{name}_high": betaincinv(alpha, beta, 0.95),
        f"{name}_strength": strength,
    }
