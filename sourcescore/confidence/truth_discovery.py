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
    Bayes), in expectation over these, with a log-normal prior around the strength in the priors.
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
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import betaln, gammaln, logit
from tqdm import tqdm

from sourcescore.confidence.copying import Said
from sourcescore.confidence.learned import ClaimCounts, Counts, Learned, Side
from sourcescore.confidence.questions import claim_prior, posterior
from sourcescore.confidence.rows import About, Questions
from sourcescore.confidence.trials import Trials, asked, past_keys
from sourcescore.confidence.voices import (
    Betas,
    Voices,
    herd_weights,
    log_likelihood_ratio,
    prior_betas,
)
from sourcescore.priors import Priors

__all__ = ["Problem"]

#: How many claims the rho of the priors is worth.
_RHO_STRENGTH = 10.0
#: Standard deviation of log kappa around the strength of the priors.
_KAPPA_SPREAD = 1.0
#: So many voices at once stay in the processor's cache.
_BLOCK = 1 << 16


@dataclass(frozen=True)
class _Expected:
    """Counts that are not known, as the truth of the claims is not.

    Expected counts are more alike than the counts themselves: to take them for these makes the
    sources look more alike than they are.

    Attributes
    ----------
    mean, variance : float arrays of shape (n_pairs,)
    """

    mean: np.ndarray
    variance: np.ndarray

    def of(self, pairs: np.ndarray) -> _Expected:
        """Return those of some pairs."""
        return _Expected(self.mean[pairs], self.variance[pairs])

    def log_gamma(self, base: np.ndarray) -> np.ndarray:
        """Return E log Gamma(base + count), for a count of two values with these moments."""
        out = gammaln(base + self.mean)
        unsure = self.variance > 1e-9
        mean, variance, base = self.mean[unsure], self.variance[unsure], base[unsure]
        below = np.minimum(np.sqrt(variance), mean)  # no count is below 0
        below = np.maximum(below, 1e-12)
        above = variance / below
        share = below**2 / (below**2 + variance)
        out[unsure] = share * gammaln(base + mean + above)
        out[unsure] += (1 - share) * gammaln(base + mean - below)
        return out


@dataclass(frozen=True)
class _Mass:
    """What trials and supports count, and their sums by pair.

    Attributes
    ----------
    asked : float array of shape (n_trials,)
    supported : float array of shape (n_entries,)
    n_asked, n_supported : float arrays of shape (n_pairs,)
    """

    asked: np.ndarray
    supported: np.ndarray
    n_asked: np.ndarray
    n_supported: np.ndarray


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
    def build(
        cls, said: Voices, about: About, priors: Priors, past: Learned | None = None
    ) -> Problem:
        """Find out who was asked what.

        Parameters
        ----------
        said : Voices
            As the priors weigh them.
        about : About
            The claims and sources that they are codes into.
        priors : Priors
        past : Learned, optional
            To go on from.
        """
        betas = prior_betas(priors)
        trials, pairs = asked(said, about, betas.n_types, past)
        start = Learned.nothing(pairs, priors)
        if past is not None:
            at = np.searchsorted(pairs.keys, past_keys(past, pairs.sources, pairs.answers))
            start = past.over(pairs, at, priors)
        herd, herds = pd.factorize(said.claim * np.int64(betas.n_types + 1) + said.herd)
        size = np.bincount(herd, minlength=len(herds))
        alone = said.herd == betas.n_types
        if about.questions is not None:
            alone |= about.questions.n_claims[about.questions.question[said.claim]] > 1
        return cls(
            said=said,
            trials=trials,
            priors=priors,
            betas=betas,
            claims=about.claims,
            sources=about.sources,
            questions=about.questions,
            past=start,
            herd_size=np.where(alone, 1, size[herd]),
        )

    def learn(
        self, known: np.ndarray, max_iter: int, tol: float, *, progress: bool = False
    ) -> Learned:
        """Run expectation maximisation.

        Parameters
        ----------
        known : float array of shape (n_claims,)
            1 true, 0 false, NaN not known.
        max_iter : int
        tol : float
            Stop when no claim's probability moves by more.
        progress : bool, default=False
            Show a progress bar of the iterations, which may end before its end.
        """
        if not len(known):
            return replace(self.past, truth=known, n_iter=0)
        unknown = np.isnan(known)
        learned, share = self.past, self._share(self.past)
        discount = self._whole if share.min(initial=1.0) == 1 else self._mass(share)
        log_odds = self._log_odds(learned, share)
        truth = np.where(unknown, posterior(log_odds, self.questions), known)
        for n_iter in tqdm(range(1, max_iter + 1), desc="learning", disable=not progress):
            # how sources differ and herd needs few looks, and these cost most
            refine = n_iter & (n_iter - 1) == 0  # 1, 2, 4, 8, ...
            learned = self._maximise(learned, truth, discount, unknown, refine)
            if refine:
                share = self._share(learned)
                discount = self._whole if share.min(initial=1.0) == 1 else self._mass(share)
            if not unknown.any():
                if n_iter == 3:
                    break
                continue
            log_odds = self._log_odds(learned, share, truth)
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

    def _log_odds(
        self, learned: Learned, share: np.ndarray, truth: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the log-odds of each claim by itself (the E step)."""
        llr = self._llr(learned, truth)[0]
        return logit(learned.claim_prior) + np.bincount(self._claim, share * llr, len(self.claims))

    @cached_property
    def _claim(self) -> np.ndarray:
        """The claim of each voice, as numpy counts fastest."""
        trials = self.trials
        same = len(trials.claim) == len(self.said.claim)
        return trials.claim if same else self.said.claim.astype(np.intp)

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
        n = len(self.said.llr)
        out = np.empty((3, n))
        cells = None if truth is None else self._cells(truth)
        hits = [side.mean * side.weight for side in (learned.a, learned.b)]
        single = len(self.trials.pair) == n
        for start in range(0, n, _BLOCK if single else max(n, 1)):
            voices = slice(start, start + _BLOCK if single else n)
            entries = voices if single else slice(None)
            a, b = self._rates(learned, hits, truth, cells, entries)
            if not single:
                starts, share = self.said.types.indptr[:-1], self.said.types.data
                a, b = np.add.reduceat(a * share, starts), np.add.reduceat(b * share, starts)
            # who has never been wrong may yet be: the prior sees to that, rounding may not
            a, b = np.clip(a, 1e-12, 1 - 1e-12), np.clip(b, 1e-12, 1 - 1e-12)
            phi, denies = self.said.phi[voices], self.said.denies[voices]
            out[0, voices] = log_likelihood_ratio(a, b, phi, denies)
            out[1, voices], out[2, voices] = a, b
        return out[0], out[1], out[2]

    def _rates(
        self,
        learned: Learned,
        hits: list[np.ndarray],
        truth: np.ndarray | None,
        cells: np.ndarray | None,
        entries: slice,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a and b of some entries, without their own part if the truth is given."""
        trials = self.trials
        pair = trials.pair[entries]
        (a, b), a_n, b_n = (
            (hit[pair] for hit in hits),
            learned.a.weight[pair],
            learned.b.weight[pair],
        )
        if truth is None or cells is None:
            return a / a_n, b / b_n
        own_true = trials.own_mass[entries] * cells[trials.own_cell[entries]]
        supported = trials.mass[entries] * trials.supports[entries]
        hit = supported * truth[trials.claim[entries]]
        # rounding may leave a little less than the prior
        a, b = np.maximum(a - hit, 1e-12), np.maximum(b - (supported - hit), 1e-12)
        own_false = self._own_asked[entries] - own_true
        return a / np.maximum(a_n - own_true, a), b / np.maximum(b_n - own_false, b)

    def _cells(self, truth: np.ndarray) -> np.ndarray:
        """Return the expected number of true claims in each cell."""
        if self.questions is None:
            return truth
        return np.append(truth, np.bincount(self.questions.question, truth))

    @cached_property
    def _own_asked(self) -> np.ndarray:
        """How much each entry itself was asked."""
        if self.questions is None:
            return self.trials.own_mass
        return self.trials.own_mass * self._cell_sizes[self.trials.own_cell]

    @cached_property
    def _herds(self) -> tuple[np.ndarray | slice, np.ndarray, np.ndarray, np.ndarray]:
        """The voices that are in a herd, their herds, and the claim and the type of each herd."""
        said, n_types = self.said, np.int64(self.betas.n_types)
        use = said.herd < n_types
        if self.questions is not None:
            use &= self.questions.n_claims[self.questions.question[said.claim]] == 1
        voice = slice(None) if use.all() else np.flatnonzero(use)
        key = said.claim[voice] * n_types + said.herd[voice]
        herd, herds = pd.factorize(key)
        return voice, herd, herds // n_types, herds % n_types

    @cached_property
    def _cell_sizes(self) -> np.ndarray:
        ones = np.ones(len(self.claims))
        return ones if self.questions is None else np.append(ones, self.questions.n_claims)

    def _maximise(
        self,
        before: Learned,
        truth: np.ndarray,
        discount: _Mass,
        unknown: np.ndarray,
        refine: bool,
    ) -> Learned:
        """Return the posteriors given the probability of each claim (the M step).

        Parameters
        ----------
        before : Learned
        truth : float array of shape (n_claims,)
        discount : _Mass
            What herding leaves of each voice.
        unknown : bool array of shape (n_claims,)
        refine : bool
            Whether to learn kappa and rho anew.
        """
        past, betas = self.past, self.betas
        counts = discounted = self._counts(truth, self._whole)
        if discount is not self._whole:
            discounted = self._counts(truth, discount)
        counts, discounted = past.counts + counts, past.discounted + discounted
        sizes = np.ones(len(truth), dtype=int)
        if self.questions is not None:
            sizes = self.questions.n_claims
        sizes, numbers = np.unique(sizes, return_counts=True)
        claims = past.claims + ClaimCounts(float(truth.sum()), sizes, numbers)
        mean, strength = self.priors.claim_prior, self.priors.claim_prior_strength
        variances = self._variances(truth) if refine else None
        learned = replace(
            before,
            a=self._side(
                before.a,
                (betas.a_mean, betas.a_strength),
                (counts.true, counts.supported_true),
                (discounted.true, discounted.supported_true),
                variances,
            ),
            b=self._side(
                before.b,
                (betas.b_mean, betas.b_strength),
                (counts.false, counts.supported_false),
                (discounted.false, discounted.supported_false),
                variances,
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
        variances: tuple[np.ndarray, np.ndarray] | None,
    ) -> Side:
        """Return the means of types and sources on one side, and how far sources differ.

        Parameters
        ----------
        before : Side
        prior : pair of float arrays of shape (n_prior_pairs,)
            Means and strengths.
        counts, discounted : pair of float arrays of shape (n_pairs,)
            Statements and supports.
        variances : pair of float arrays of shape (n_pairs,) or None
            Of the supports and of the denials, to learn kappa anew.
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
        if variances is not None:
            kappa = _learned_kappas(
                _Expected(hits, variances[0]).of(typed),
                _Expected(np.maximum(n - hits, 0.0), variances[1]).of(typed),
                to[typed],
                kind[typed],
                strength[:n_types],
            )
        own = np.where(typed, kappa[kind], strength[pairs.base])
        to = np.where(typed, to, mean[pairs.base])
        weight = own + n
        return Side(centre, kappa, (to * own + hits) / weight, weight, before.strength)

    def _counts(self, truth: np.ndarray, whole: _Mass) -> Counts:
        """Count what these voices say."""
        trials, n = self.trials, len(self.past.pairs)
        true = np.bincount(trials.of_pair, whole.asked * self._cells(truth)[trials.cell], n)
        supported_true = np.bincount(trials.pair, whole.supported * truth[trials.claim], n)
        # rounding may take 0 below 0
        false = np.maximum(whole.n_asked - true, 0.0)
        return Counts(
            true, supported_true, false, np.maximum(whole.n_supported - supported_true, 0.0)
        )

    def _variances(self, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the variances of the supports and of the denials of each pair."""
        trials, n = self.trials, len(self.past.pairs)
        unsure = truth * (1 - truth)
        each = trials.mass**2 * unsure[trials.claim]
        supports = np.bincount(trials.pair, each * trials.supports, n)
        return supports, np.maximum(np.bincount(trials.pair, each, n) - supports, 0.0)

    def _mass(self, share: np.ndarray | None = None) -> _Mass:
        """Return what each trial and each entry counts; `share` is by voice, None for all of it."""
        trials, n = self.trials, len(self.past.pairs)
        asked, supported = trials.of_mass, trials.mass * trials.supports
        if share is not None:
            share = share[trials.voice]
            asked, supported = asked * trials.of_trials(share), supported * share
        all_asked = asked
        if self.questions is not None:
            all_asked = asked * self._cell_sizes[trials.cell]
        n_asked = np.bincount(trials.of_pair, all_asked, n)
        return _Mass(asked, supported, n_asked, np.bincount(trials.pair, supported, n))

    @cached_property
    def _whole(self) -> _Mass:
        return self._mass()

    def _information(self, learned: Learned, truth: np.ndarray) -> np.ndarray:
        """Return how many statements of known truth each pair's are worth, for a, b and both.

        Not knowing the truth of a claim loses information (Louis 1982): where the claim has the
        probability T, the score of a statement is (T u_a, (1-T) u_b), if u_a and u_b are those
        for a true and for a false claim. So a loses the share 1 - T, and the errors of a and b
        hang together.
        """
        trials, n = self.trials, len(self.past.pairs)
        pair, mass = trials.of_pair, trials.of_mass
        true = mass * self._cells(truth)[trials.cell]
        false = mass * self._cell_sizes[trials.cell] - true
        own = trials.cell == trials.of_trials(trials.own_cell)
        hit = trials.of_trials(trials.mass * trials.supports) * own
        hit_true = hit * trials.of_trials(truth[trials.claim])
        hit_false = hit - hit_true
        a, b = learned.a.mean[pair], learned.b.mean[pair]
        a_score, b_score = hit_true - true * a, hit_false - false * b
        mass = np.maximum(mass, 1e-12)

        def by_pair(values: np.ndarray) -> np.ndarray:
            return np.bincount(pair, values, n)

        now = self._counts(truth, self._whole)
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
        voice, herd, claim, kind = self._herds
        size, n_types = np.bincount(herd, minlength=len(claim)), self.betas.n_types
        phi, supports = self.said.phi[voice], ~self.said.denies[voice]
        a, b = a[voice], b[voice]
        together, alike = np.zeros(len(claim)), np.zeros(len(claim))
        for own, other, weight in ((a, b, truth[claim]), (b, a, 1 - truth[claim])):
            chance = ((1 + phi) * own + (1 - phi) * other) / 2
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
    hits: _Expected, misses: _Expected, mean: np.ndarray, kind: np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """Return the most probable strength of each type, given its sources' counts.

    Parameters
    ----------
    hits, misses : _Expected
        Supports and denials of each pair.
    mean : float array of shape (n_pairs,)
        What the pair is shrunk to.
    kind : int array of shape (n_pairs,)
    strength : float array of shape (n_types,)
        Of the priors.
    """
    # one statement tells nothing of how alike the sources are
    several = hits.mean + misses.mean > 1
    hits, misses, mean, kind = hits.of(several), misses.of(several), mean[several], kind[several]
    both = _Expected(hits.mean + misses.mean, hits.variance + misses.variance)
    steps = np.linspace(-3, 3, 13)
    grid = np.exp(steps) * strength[:, None]
    loss = np.log(grid / strength[:, None]) ** 2 / 2 / _KAPPA_SPREAD**2
    for i in range(grid.shape[1]):
        alpha, beta = mean * grid[kind, i], (1 - mean) * grid[kind, i]
        likelihood = hits.log_gamma(alpha) + misses.log_gamma(beta) - both.log_gamma(alpha + beta)
        likelihood -= betaln(alpha, beta)
        loss[:, i] -= np.bincount(kind, likelihood, len(strength))
    at = np.clip(loss.argmin(axis=1), 1, grid.shape[1] - 2)
    # the parabola through the best point and its neighbours
    left, middle, right = (loss[np.arange(len(at)), at + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.divide((left - right) / 2, bend, out=np.zeros_like(bend), where=bend > 0)
    found = strength * np.exp(steps[at] + np.clip(shift, -1, 1) * (steps[1] - steps[0]))
    return np.where(np.bincount(kind, minlength=len(strength)) > 0, found, strength)


def _pair_sums(group: np.ndarray, values: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return by group the sum of x_i x_j over i != j, over n - 1; 0 for a group of one."""
    total = np.bincount(group, values, len(size)) ** 2
    own = np.bincount(group, values * values, len(size))
    return np.where(size > 1, (total - own) / np.maximum(size - 1, 1), 0.0)
