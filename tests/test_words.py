"""Static word vectors."""

from __future__ import annotations

import numpy as np
import pytest

from sourcescore.models import load_words
from sourcescore.words import WordVectors


@pytest.fixture(scope="module")
def words() -> WordVectors:
    return load_words()


@pytest.fixture
def small() -> WordVectors:
    codes = np.array([[127, 0], [0, 127], [127, 127]], dtype=np.int8)
    clusters = np.zeros((3, 2), dtype=np.int16)
    weight = np.array([0.5, 0.25, 1.0])
    return WordVectors(["said", "maker", "don"], codes, np.ones(2, np.float32), weight, clusters)


def test_rows_of_words(small):
    assert small.lookup(["said", "Said", "peace-maker", "Don", "", "xqzt"]).tolist() == [
        0, 0, 1, 2, 3, 3,
    ]  # fmt: skip
    assert small.lookup([]).shape == (0,)


def test_vectors_have_length_one_and_that_of_an_unknown_word_is_zero(small, words):
    assert np.linalg.norm(small.vectors, axis=1) == pytest.approx([1, 1, 1, 0])
    assert np.linalg.norm(words.vectors[:-1], axis=1) == pytest.approx(1, abs=1e-5)
    assert not words.vectors[-1].any()
    assert words.vectors.shape == (len(words.vocabulary) + 1, words.n_dimensions)
    assert words.vectors.dtype == np.float32


def test_weights_are_small_for_common_words(words):
    the, rare, unknown = words.word_weights(words.lookup(["the", "refinery", "xqzt"]))
    assert 0 < the < 0.1 < rare <= unknown == 1


def test_a_text_is_the_weighted_mean_of_its_words(small):
    got = small.embed(["said maker", "maker's xqzt", "", "xqzt"])
    expected = np.array([[0.5, 0.25], [0, 1], [0, 0], [0, 0]])
    expected[0] /= np.linalg.norm(expected[0])
    assert got == pytest.approx(expected)
    assert got.dtype == np.float32


def test_a_text_has_the_same_vector_in_any_company(words):
    texts = ["soldiers were sent", "", "a cake recipe", "\0 \ud800"]
    alone = np.vstack([words.embed([text]) for text in texts])
    assert (words.embed(texts) == alone).all()
    assert (words.embed(iter(texts)) == alone).all()
    assert words.embed([]).shape == (0, words.n_dimensions)


def test_one_string_is_no_list_of_texts(small):
    with pytest.raises(TypeError, match="several strings"):
        small.embed("said")


def test_likeness_is_likeness_in_meaning(words):
    troops, soldiers, cake = words.embed(["troops", "soldiers", "cake"])
    assert troops @ soldiers > 0.5 > troops @ cake


def test_parts_give_the_same_table(words):
    again = WordVectors.from_parts(words.to_parts())
    assert again.vocabulary == words.vocabulary
    for name in ("codes", "scale", "weight", "clusters", "vectors"):
        assert (getattr(again, name) == getattr(words, name)).all()
    assert again.to_parts()["vocabulary.json"] == words.to_parts()["vocabulary.json"]
