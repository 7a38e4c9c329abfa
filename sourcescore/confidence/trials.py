"""Who was asked what: the trials that the hits of a source are counted against.

Comes in: voices and the questions that their claims answer. Goes out: for each voice the pair of
Betas that it bears on, and the claims that it is a trial of.

A voice on a claim by itself is one trial of its source. In a question, who supports one answer has
been asked about the others too, and did not support them; who supports several was still asked
once. An *entry* is one type of a voice; most voices have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sourcescore.confidence.learned import Learned, Pairs
from sourcescore.confidence.rows import About, Questions
from sourcescore.confidence.voices import Voices

__all__ = ["Trials", "asked"]

#: In so many questions an answer must occur for sources to have a track record on it.
_RECURS = 20


@dataclass(frozen=True)
class Trials:
    """What was asked of whom.

    A *cell* is what a trial is about: a claim, or n_claims + a question for all its claims at once.

    Attributes
    ----------
    voice, pair, claim : int arrays of shape (n_entries,)
    supports : float array of shape (n_entries,), of 0 and 1
    mass : float array of shape (n_entries,)
        Probability of the type times phi.
    own_cell : int array of shape (n_entries,)
        What the entry itself was asked about.
    own_mass : float array of shape (n_entries,)
    entry : int array of shape (n_trials,) or None
        The entry that shows that somebody was asked; None if there is one trial for each entry.
    of_pair, cell : int arrays of shape (n_trials,)
        The pair asked, and what about.
    of_mass : float array of shape (n_trials,)
    """

    voice: np.ndarray
    pair: np.ndarray
    claim: np.ndarray
    supports: np.ndarray
    mass: np.ndarray
    own_cell: np.ndarray
    own_mass: np.ndarray
    entry: np.ndarray | None
    of_pair: np.ndarray
    cell: np.ndarray
    of_mass: np.ndarray

    def of_trials(self, values: np.ndarray) -> np.ndarray:
        """Return by trial what is given by entry."""
        return values if self.entry is None else values[self.entry]


def asked(said: Voices, about: About, n_types: int, past: Learned | None) -> tuple[Trials, Pairs]:
    """Return the trials, and the pairs that they and the past are about.

    Parameters
    ----------
    said : Voices
    about : About
        The claims and sources that they are codes into.
    n_types : int
    past : Learned, optional
        What was learned before.
    """
    answers, answer = _recurring(about.questions, len(about.claims), past)
    sources, source = about.sources, said.source.astype(np.int64)
    if past is not None:
        sources = past.pairs.sources.union(about.sources, sort=False)
        source = sources.get_indexer(about.sources)[said.source]
    voice = np.repeat(np.arange(len(said.llr), dtype=np.int32), np.diff(said.types.indptr))
    speaker = source[voice] * n_types + said.types.indices
    key = speaker * len(answers) + answer[said.claim][voice]
    before = past_keys(past, sources, answers)
    # as np.unique of all keys, by hashing: half the time and memory of sorting
    own, found = pd.factorize(key)
    keys = np.unique(np.append(found, before))
    kind = keys // len(answers) % n_types
    base = kind.copy()
    pair = np.searchsorted(keys, np.asarray(found))[own]
    if past is not None:
        base[np.searchsorted(keys, before)] = past.pairs.base
    base[pair] = said.pairs.indices  # a source with numbers of its own in the priors has these
    pairs = Pairs(
        sources=sources,
        answers=answers,
        n_types=n_types,
        source=keys // (n_types * len(answers)),
        kind=kind,
        answer=keys % len(answers),
        base=base,
    )
    mass = said.types.data * said.phi[voice]
    # numpy counts and picks by its own type of integer; any other it would convert each time
    claim, supports = said.claim[voice].astype(np.intp), (~said.denies[voice]).astype(float)
    own, trials = _cells(said, about, voice, claim, pair, mass, speaker, keys, answer, len(answers))
    return Trials(voice, pair, claim, supports, mass, *own, *trials), pairs


def past_keys(past: Learned | None, sources: pd.Index, answers: pd.Index) -> np.ndarray:
    """Return the keys of the pairs of the past among those over more sources and answers."""
    if past is None:
        return np.empty(0, dtype=np.int64)
    old = past.pairs
    source = sources.get_indexer(old.sources)[old.source].astype(np.int64)
    answer = answers.get_indexer(old.answers)[old.answer]
    return (source * old.n_types + old.kind) * len(answers) + answer


def _recurring(
    questions: Questions | None, n_claims: int, past: Learned | None
) -> tuple[pd.Index, np.ndarray]:
    """Return the answers that have track records of their own, and the code of each claim's."""
    labels = pd.Index([""], dtype=object) if past is None else past.pairs.answers
    if questions is None:
        return labels, np.zeros(n_claims, dtype=int)
    often = np.bincount(questions.answer, minlength=len(questions.answers)) >= _RECURS
    often[0] = True
    labels = labels.union(questions.answers[often], sort=False)
    return labels, np.maximum(labels.get_indexer(questions.answers), 0)[questions.answer]


def _cells(
    said: Voices,
    about: About,
    voice: np.ndarray,
    claim: np.ndarray,
    pair: np.ndarray,
    mass: np.ndarray,
    speaker: np.ndarray,
    keys: np.ndarray,
    answer: np.ndarray,
    n_answers: int,
) -> tuple[Any, Any]:
    """Return what each entry was asked about, and all trials.

    Parameters
    ----------
    voice, claim, pair, mass, speaker : arrays of shape (n_entries,)
        `speaker` is a code of source and type.
    keys : int64 array of shape (n_pairs,)
    answer : int array of shape (n_claims,)
    n_answers : int
    """
    questions = about.questions
    if questions is None:
        return (claim, mass), (None, pair, claim, mass)
    question = questions.question[claim]
    chooses = ~said.denies[voice] & (questions.n_claims[question] > 1)
    _, choice, n_choices = np.unique(
        speaker[chooses] * np.int64(len(questions.n_claims)) + question[chooses],
        return_inverse=True,
        return_counts=True,
    )
    mass = mass.copy()
    mass[chooses] /= n_choices[choice]
    if n_answers == 1:
        cell = np.where(chooses, len(about.claims) + question, claim)
        return (cell, mass), (None, pair, cell, mass)
    # one trial for each answer that the question has, if the source ever gave that one
    order = np.argsort(questions.question, kind="stable")
    first = np.searchsorted(questions.question[order], np.arange(len(questions.n_claims)))
    asked = np.flatnonzero(chooses)
    n_asked = questions.n_claims[question[asked]]
    by = np.repeat(asked, n_asked)
    step = np.arange(len(by)) - np.repeat(np.cumsum(n_asked) - n_asked, n_asked)
    on = order[first[question[by]] + step]
    key = speaker[by] * n_answers + answer[on]
    at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    heard = keys[at] == key
    plain = np.flatnonzero(~chooses)
    entry = np.append(plain, by[heard])
    of_pair, cell = np.append(pair[plain], at[heard]), np.append(claim[plain], on[heard])
    return (claim, mass), (entry, of_pair, cell, mass[entry])
