"""Word pieces, windows and the transformer at work."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sourcescore as ss
from sourcescore.encoder import Encoder
from sourcescore.encoder.pieces import PARTING, WINDOW

OPENS = "[unused2]"
WORDS = st.lists(
    st.one_of(
        st.sampled_from(["the", "minister", "said", '"', "unbelievably", "Kyiv", "2,300", "\0"]),
        st.text(min_size=1, max_size=30),
    ),
    min_size=1,
    max_size=700,
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return ss.load_model("extractor", models="accurate").encoder_


@settings(max_examples=60)
@given(WORDS, st.integers(0, 2**32 - 1))
def test_windows_hold_every_word_whole_texts_and_no_more_than_they_can(words, seed):
    pieces = ss.load_model("extractor", models="accurate").encoder_.pieces
    starts = np.random.default_rng(seed).random(len(words)) < 0.02
    windows = pieces.windows(words, np.cumsum(starts), OPENS)
    opens, parts = pieces.vocabulary.index(OPENS), pieces.vocabulary.index(PARTING)
    for ids in windows.ids:
        assert len(ids) <= WINDOW
        assert (ids[0], ids[-1]) == (opens, parts)
    for k, word in enumerate(words):
        ids = windows.ids[windows.window[k]]
        first, of_word = windows.place[k], pieces.of_word(word)
        whole = ids[first : first + len(of_word)].tolist()
        # a word at the edge of a window may be cut there, never its first piece
        assert whole[0] == of_word[0]
    assert (np.diff(windows.window) >= 0).all()


def test_of_a_long_text_each_word_is_read_far_from_the_edges(encoder):
    words = ["word"] * 1000
    windows = encoder.pieces.windows(words, np.zeros(1000, dtype=int), OPENS)
    assert len(windows.ids) == 5
    sizes = np.array([len(ids) for ids in windows.ids])[windows.window]
    inside = (windows.window > 0) & (windows.window < 4)
    assert windows.place[inside].min() >= 15
    assert (sizes - windows.place)[inside].min() >= 15


def test_between_two_paragraphs_stands_a_piece(encoder):
    together = encoder.pieces.windows(["a", "b"], np.array([0, 0]), OPENS)
    apart = encoder.pieces.windows(["a", "b"], np.array([0, 1]), OPENS)
    assert len(apart.ids[0]) == len(together.ids[0]) + 1


@given(st.text(max_size=2000), st.text(max_size=2000), st.integers(8, 128))
def test_a_pair_is_as_long_as_it_may_be(first, second, longest):
    pieces = ss.load_model("extractor", models="accurate").encoder_.pieces
    ids, part = pieces.pair(first, second, longest)
    alone = len(pieces.pair(first, "", 10**6)[0]), len(pieces.pair("", second, 10**6)[0])
    assert len(ids) == len(part) == min(longest, sum(alone) - 3)
    assert (np.diff(part) >= 0).all()
    separator = pieces.vocabulary.index(PARTING)
    assert ids[part == 0][-1] == ids[-1] == separator


def test_a_text_is_read_the_same_whatever_is_read_with_it(encoder):
    rng = np.random.default_rng(0)
    many = [(rng.integers(200, 20_000, n), np.zeros(n, dtype=np.int64)) for n in (3, 254, 60, 60)]
    together = encoder.run(many)
    for sequence, vectors in zip(many, together, strict=True):
        assert vectors.shape == (len(sequence[0]), encoder.n_dimensions)
        assert np.array_equal(encoder.run([sequence])[0], vectors)


def test_the_number_of_threads_makes_no_difference(encoder, monkeypatch):
    sequences = [(np.arange(200, 200 + n), np.zeros(n, dtype=np.int64)) for n in (5, 100, 40)]
    found = []
    for n in ("1", "2", "nonsense", ""):
        monkeypatch.setenv("OMP_NUM_THREADS", n)
        found.append(np.concatenate(encoder.run(sequences)))
    assert all(np.array_equal(found[0], other) for other in found)


def test_an_encoder_is_stored_and_pickled(encoder):
    sequence = [(np.arange(300, 340), np.zeros(40, dtype=np.int64))]
    for copy in (Encoder.from_parts(encoder.to_parts()), pickle.loads(pickle.dumps(encoder))):
        assert np.array_equal(copy.run(sequence)[0], encoder.run(sequence)[0])


def test_what_is_no_graph_or_no_vocabulary_is_refused(encoder):
    with pytest.raises(ValueError, match=r"encoder\.onnx is no model"):
        Encoder(b"nonsense", encoder.pieces.vocabulary)
    with pytest.raises(ValueError, match=r"lacks \[CLS\], \[SEP\]"):
        Encoder(encoder.graph, ["a", "b"])


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r'pip install "sourcescore\[accurate\]"'):
        ss.load_model("extractor", models="accurate")
