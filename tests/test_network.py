"""The network under the extractor: its derivatives, its chains, its windows."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sourcescore.extract.chain import best_labels, chain_loss
from sourcescore.extract.features import Layout, cue_windows, sentence_rows
from sourcescore.extract.network import WIDTH, Adam, Learning, Network
from sourcescore.text import parse

N_FEATURES, N_VECTOR, N_RELATIONS = 5, 4, 3
SCORES = st.floats(-4, 4, width=32)


def path_score(scores, labels, start, transition):
    total = start[labels[0]] + sum(scores[t, label] for t, label in enumerate(labels))
    return total + sum(transition[a, b] for a, b in pairwise(labels))


@st.composite
def chains(draw):
    """Scores of sequences of unequal length, and of the first and of neighbouring labels."""
    n_labels = draw(st.integers(2, 3))
    lengths = np.array(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    shape = (len(lengths), int(lengths.max()), n_labels)
    scores = draw(arrays.arrays(np.float32, shape, elements=SCORES))
    start = draw(arrays.arrays(np.float32, n_labels, elements=SCORES))
    transition = draw(arrays.arrays(np.float32, (n_labels, n_labels), elements=SCORES))
    return scores, lengths, start, transition


@settings(deadline=None, max_examples=50)
@given(chains(), st.randoms(use_true_random=False))
def test_loss_and_best_labels_agree_with_all_paths(chain, random):
    scores, lengths, start, transition = chain
    n_labels = scores.shape[2]
    mask = np.arange(scores.shape[1]) < lengths[:, None]
    labels = np.zeros(mask.shape, dtype=int)
    want = 0.0
    best = best_labels(scores, lengths, start, transition)
    for row, length in enumerate(lengths):
        paths = list(product(range(n_labels), repeat=int(length)))
        values = np.array([path_score(scores[row], p, start, transition) for p in paths])
        gold = random.randrange(len(paths))
        labels[row, :length] = paths[gold]
        want += np.log(np.exp(values - values.max()).sum()) + values.max() - values[gold]
        found = path_score(scores[row], best[row, :length].tolist(), start, transition)
        assert found == pytest.approx(values.max(), abs=1e-4)
        assert not best[row, length:].any()
    result = chain_loss(scores, mask, labels, start, transition)
    assert result.loss == pytest.approx(want, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("part", ["scores", "start", "transition"])
def test_derivatives_of_the_chain(part):
    rng = np.random.default_rng(1)
    given_scores = {
        "scores": rng.standard_normal((3, 6, 3)),
        "start": rng.standard_normal(3),
        "transition": rng.standard_normal((3, 3)),
    }
    mask = np.arange(6) < np.array([6, 1, 4])[:, None]
    labels = rng.integers(0, 3, (3, 6))

    def loss(change=0.0):
        values = dict(given_scores)
        values[part] = values[part] + change
        return chain_loss(mask=mask, labels=labels, **values)

    derivative = getattr(loss(), part)
    direction = rng.standard_normal(derivative.shape)
    step = 1e-4
    slope = (loss(step * direction).loss - loss(-step * direction).loss) / (2 * step)
    assert slope == pytest.approx((derivative * direction).sum(), rel=1e-3)


@pytest.fixture(scope="module")
def network():
    return Network.initial(N_FEATURES, N_VECTOR, N_RELATIONS, np.random.default_rng(0))


def test_derivatives_of_the_encoder(network):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 40, WIDTH)).astype(np.float32)
    mask = np.arange(40) < np.array([40, 25])[:, None]
    weight = rng.standard_normal(x.shape).astype(np.float32) * mask[..., None]

    def total(values):
        return float((network.encode(values, mask)[0].astype(np.float64) * weight).sum())

    learning = Learning(rng, 0.0)
    derivative = network.encode(x, mask, learning)[1](weight)
    direction = derivative / np.linalg.norm(derivative)
    step = 0.05
    slope = (total(x + step * direction) - total(x - step * direction)) / (2 * step)
    assert slope == pytest.approx(float((derivative * direction).sum()), rel=0.03)
    for name in ("encoder0", "encoder7.gain", "encoded.shift"):
        gradient = learning.gradients[name]
        direction = gradient / np.linalg.norm(gradient)
        values = network.parameters[name].copy()
        network.parameters[name] = values + step * direction
        up = total(x)
        network.parameters[name] = values - step * direction
        down = total(x)
        network.parameters[name] = values
        assert (up - down) / (2 * step) == pytest.approx(np.linalg.norm(gradient), rel=0.03)


def test_what_fills_a_row_changes_nothing(network):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((1, 30, WIDTH)).astype(np.float32)
    filled = np.concatenate([x, rng.standard_normal((1, 50, WIDTH)).astype(np.float32)], axis=1)
    mask = np.arange(80)[None] < 30
    alone = network.encode(x)[0]
    np.testing.assert_allclose(network.encode(filled, mask)[0][:, :30], alone, atol=1e-5)


def test_adam_finds_a_minimum():
    parameters = {"x": np.array([3.0, -2.0], dtype=np.float32)}
    adam = Adam(parameters, weight_decay=0.0)
    for _ in range(400):
        adam.step({"x": 2 * (parameters["x"] - 1)}, rate=0.05)
    np.testing.assert_allclose(parameters["x"], 1, atol=0.05)


def test_windows_keep_to_the_neighbourhood():
    document = parse("One. Two said so.\n\n" + "Word " * 300 + ".\n\nThree told us.\n\nEnd.")
    cues = np.array([[3, 4], [len(document) - 6, len(document) - 5]])
    windows, start = cue_windows(Layout.joined([document]), cues)
    lengths = windows.length
    assert windows.rows.sum() == lengths.sum()
    assert (start <= cues[:, 0]).all()
    assert (start + lengths >= cues[:, 1]).all()
    assert windows.token.shape == (lengths.sum(),)
    np.testing.assert_allclose(windows.cue.sum(axis=1), 1)
    token = windows.token
    paragraph = document.paragraph
    home = np.repeat(paragraph[cues[:, 0]], lengths)
    assert (np.abs(paragraph[token] - home) <= 1).all()


def test_sentence_rows():
    want = [[True, True, False], [True, False, False], [True, True, True]]
    assert sentence_rows(np.array([0, 0, 1, 4, 4, 4])).tolist() == want
