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

import numpy as np
import pandas as pd
from scipy.special import betaln, logit

from sourcescore.confidence.copying import Said
from sourcescore.confidence.learned import ClaimCounts, Counts, Learned, Side
from sourcescore.confidence.questions import claim_prior, posterior
from sourcescore.confidence.rows import Questions, Rows
from sourcescore.confidence.trials import Trials, asked, past_keys
from sourcescore.confidence.voices import (
    Betas,
    Voices,
    herd_weights,
    log_likelihood_ratio,
    merge_rows,
    prior_betas,
)
from sourcescore.priors import Priors

__all__ = ["Problem"]

#: How many claims the rho of the priors is worth.
_RHO_STRENGTH = 10.0
#: Standard deviation of log kappa around the strength of the priors.
_KAPPA_SPREAD = 1.0


@dataclass(frozen=True)
class Problem:
    """Voices, who was asked what, and what is known already.

    Attributes
    ----------
    said : Voices
    trials : Trials
    priors : Priors
    betas : Betas
        The prior ones.
    claims, sources : Index
        Of the rows.
    questions : Questions or None
    past : Learned
        What came before, over the pairs of this problem.
    herd_size : int array of shape (n_voices,)
        How many voices of its type bear on the claim; 1 for answers to a question.
    """

    said: Voices
    trials: Trials
    priors: Priors
    betas: Betas
    claims: pd.Index
    sources: pd.Index
    questions: Questions | None
    past: Learned
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
        trials, pairs = asked(said, rows, betas.n_types, past)
        start = Learned.nothing(pairs, priors)
        if past is not None:
            at = np.searchsorted(pairs.keys, past_keys(past, pairs.sources, pairs.answers))
            start = past.over(pairs, at, priors)
        herd = said.claim * np.int64(betas.n_types + 1) + said.herd
        _, herd, size = np.unique(herd, return_inverse=True, return_counts=True)
        alone = said.herd == betas.n_types
        if rows.questions is not None:
            alone |= rows.questions.n_claims[rows.questions.question[said.claim]] > 1
        return cls(
            said=said,
            trials=trials,
            priors=priors,
            betas=betas,
            claims=rows.claims,
            sources=rows.sources,
            questions=rows.questions,
            past=start,
            herd_size=np.where(alone, 1, size[herd]),
        )

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
        return self._with_strengths(learned)

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
        said, trials, pair = self.said, self.trials, self.trials.pair
        a, b = ((side.mean * side.weight)[pair] for side in (learned.a, learned.b))
        a_n, b_n = learned.a.weight[pair], learned.b.weight[pair]
        if truth is not None:
            own_true = trials.own_mass * self._cells(truth)[trials.own_cell]
            own_false = trials.own_mass * self._cell_sizes[trials.own_cell] - own_true
            supports = trials.mass * ~said.denies[trials.voice]
            hit = supports * truth[said.claim][trials.voice]
            # rounding may leave a little less than the prior
            a, b = np.maximum(a - hit, 1e-12), np.maximum(b - (supports - hit), 1e-12)
            a_n, b_n = np.maximum(a_n - own_true, a), np.maximum(b_n - own_false, b)
        a, b = a / a_n, b / b_n
        if len(pair) > len(said.llr):
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
        past, betas = self.past, self.betas
        counts = past.counts + self._counts(truth, np.ones(1))
        share = self._share(before)[self.trials.voice]
        discounted = past.discounted + self._counts(truth, share)
        sizes = np.ones(len(truth), dtype=int)
        if self.questions is not None:
            sizes = self.questions.n_claims
        sizes, numbers = np.unique(sizes, return_counts=True)
        claims = past.claims + ClaimCounts(float(truth.sum()), sizes, numbers)
        mean, strength = self.priors.claim_prior, self.priors.claim_prior_strength
        learned = replace(
            before,
            a=self._side(
                before.a,
                (betas.a_mean, betas.a_strength),
                (counts.true, counts.supported_true),
                (discounted.true, discounted.supported_true),
                refine,
            ),
            b=self._side(
                before.b,
                (betas.b_mean, betas.b_strength),
                (counts.false, counts.supported_false),
                (discounted.false, discounted.supported_false),
                refine,
            ),
            counts=counts,
            discounted=discounted,
            claims=claims,
            claim_prior=claim_prior(claims.n_true, claims.sizes, claims.numbers, mean, strength),
        )
        if refine:
            agreement = past.agreement + self._agreement(learned, truth, unknown)
            rho, working_rho = self._rhos(agreement)
            learned = replace(learned, agreement=agreement, rho=rho, working_rho=working_rho)
        return learned

    def _side(
        self,
        before: Side,
        prior: tuple[np.ndarray, np.ndarray],
        counts: tuple[np.ndarray, np.ndarray],
        discounted: tuple[np.ndarray, np.ndarray],
        refine: bool,
    ) -> Side:
        """Return the means of types and sources on one side, and how far sources differ.

        Parameters
        ----------
        before : Side
        prior : pair of float arrays of shape (n_prior_pairs,)
            Means and strengths.
        counts, discounted : pair of float arrays of shape (n_pairs,)
            Statements and supports.
        refine : bool
            Whether to learn kappa anew.
        """
        pairs, n_types = self.past.pairs, self.betas.n_types
        mean, strength = prior
        (n, hits), (n_discounted, hits_discounted) = counts, discounted
        kappa, kind, typed = before.kappa, pairs.kind, pairs.typed
        worth = np.where(typed, (kappa[kind] + 1) / (kappa[kind] + np.maximum(n, 1)), 0.0)

        def pooled(group: np.ndarray, types: np.ndarray) -> np.ndarray:
            """Return the posterior mean of each group, whose types these are."""
            trials = np.bincount(group, worth * n_discounted, len(types))
            hit = np.bincount(group, worth * hits_discounted, len(types))
            own = strength[types]
            return (mean[types] * own + hit) / (own + trials)

        centre = pooled(kind, np.arange(n_types))
        to = centre[kind]
        n_answers = len(pairs.answers)
        if n_answers > 1:
            group = kind * n_answers + pairs.answer
            to = pooled(group, np.repeat(np.arange(n_types), n_answers))[group]
        if refine:
            kappa = _learned_kappas(
                n[typed], hits[typed], to[typed], kind[typed], strength[:n_types]
            )
        own = np.where(typed, kappa[kind], strength[pairs.base])
        to = np.where(typed, to, mean[pairs.base])
        weight = own + n
        return Side(centre, kappa, (to * own + hits) / weight, weight, before.strength)

    def _counts(self, truth: np.ndarray, share: np.ndarray) -> Counts:
        """Count what these voices say; `share` is by entry, or one number for all."""
        said, trials, n = self.said, self.trials, len(self.past.pairs)
        cells = self._cells(truth)[trials.cell]
        asked = trials.of_mass * (share[trials.entry] if len(share) > 1 else share)
        true = np.bincount(trials.of_pair, asked * cells, n)
        asked *= self._cell_sizes[trials.cell]
        false = np.bincount(trials.of_pair, asked, n) - true
        supports = trials.mass * share * ~said.denies[trials.voice]
        supported_true = np.bincount(trials.pair, supports * truth[said.claim][trials.voice], n)
        supported_false = np.bincount(trials.pair, supports, n) - supported_true
        # rounding may take 0 below 0
        return Counts(
            true, supported_true, np.maximum(false, 0.0), np.maximum(supported_false, 0.0)
        )

    def _information(self, learned: Learned, truth: np.ndarray) -> np.ndarray:
        """Return how many statements of known truth each pair's are worth, for a, b and both.

        Not knowing the truth of a claim loses information (Louis 1982): where the claim has the
        probability T, the score of a statement is (T u_a, (1-T) u_b), if u_a and u_b are those
        for a true and for a false claim. So a loses the share 1 - T, and the errors of a and b
        hang together.
        """
        said, trials, n = self.said, self.trials, len(self.past.pairs)
        entry, pair, mass = trials.entry, trials.of_pair, trials.of_mass
        true = mass * self._cells(truth)[trials.cell]
        false = mass * self._cell_sizes[trials.cell] - true
        supports = ~said.denies[trials.voice][entry] & (trials.cell == trials.own_cell[entry])
        hit = np.where(supports, trials.mass[entry], 0.0)
        hit_true = hit * truth[said.claim][trials.voice][entry]
        hit_false = hit - hit_true
        a, b = learned.a.mean[pair], learned.b.mean[pair]
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

    def _with_strengths(self, learned: Learned) -> Learned:
        """Return what was learned with how sure the posteriors are, as strengths of Betas."""
        a_n, b_n, both = learned.information
        a = self._base_strengths(learned.a.kappa, a_n, self.betas.a_strength) + a_n
        b = self._base_strengths(learned.b.kappa, b_n, self.betas.b_strength) + b_n
        unshared = 1 - np.minimum(both**2 / (a * b), 0.9)
        return replace(
            learned,
            a=replace(learned.a, strength=a * unshared),
            b=replace(learned.b, strength=b * unshared),
        )

    def _base_strengths(self, kappa: np.ndarray, n: np.ndarray, prior: np.ndarray) -> np.ndarray:
        """Return the strength of each pair's prior.

        It is the spread of sources around a mean that is itself known only as well as the sources
        of the type tell.
        """
        pairs, n_types = self.past.pairs, self.betas.n_types
        worth = (kappa[pairs.kind] + 1) / (kappa[pairs.kind] + np.maximum(n, 1)) * n
        mean = prior[:n_types] + np.bincount(pairs.kind, worth, n_types)
        of_type = 1 / (1 / (1 + kappa) + kappa / (1 + kappa) / (1 + mean)) - 1
        return np.where(pairs.typed, of_type[pairs.kind], prior[pairs.base])

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
