"""The accurate models: what they find, how they are stored, how they learn."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import sourcescore as ss
from sourcescore.extract import TransformerExtractor
from sourcescore.models import ModelFileError, shipped_models
from sourcescore.stance import TransformerStanceClassifier
from sourcescore.training.tasks import claim_pairs

TEXT = (
    "The ministry denied on Monday that any soldiers had crossed the border.\n\n"
    '"We saw trucks all night," said Olena Tan, a shopkeeper, who told Reuters that the convoy was '
    "heading north. According to two officials, the order came from the capital.\n"
)
ODD = [
    "",
    " ",
    "\0\ud800",
    "A" * 5000,
    '"' * 300,
    "said " * 900,
    "שלום said he\u202e",
    "x\n\n\ny said z",
]


@pytest.fixture(scope="module")
def extractor() -> TransformerExtractor:
    return ss.load_model("extractor", models="accurate")


@pytest.fixture(scope="module")
def classifier() -> TransformerStanceClassifier:
    return ss.load_model("stance", models="accurate")


class TestFinding:
    def test_the_table_is_that_of_the_fast_extractor(self, extractor):
        found = extractor.transform(TEXT)
        assert list(found.columns) == list(ss.load_model("extractor").transform(TEXT).columns)
        assert {"denied", "said", "told"} <= set(found["cue"])
        for role in ("source", "cue", "content"):
            for text, spans in zip(found[role], found[f"{role}_spans"], strict=True):
                assert text == " ".join(TEXT[a:b] for a, b in spans)

    def test_a_text_gives_the_same_whatever_stands_beside_it(self, extractor):
        texts = ss.datasets.load_articles().texts.head(4)
        together = extractor.transform(texts)
        apart = [extractor.transform(texts[[doc_id]]) for doc_id in texts.index[::-1]]
        assert together.equals(pd.concat(apart[::-1], ignore_index=True))

    def test_flat_is_another_reading(self, extractor):
        texts = ss.datasets.load_articles().texts.head(3)
        nested = extractor.transform(texts)
        try:
            flat = extractor.set_params(nested=False).transform(texts)
        finally:
            extractor.set_params(nested=True)
        assert nested["parent_id"].notna().any()
        assert len(flat) > 0
        assert not flat.equals(nested)

    @settings(max_examples=25)
    @given(st.one_of(st.sampled_from(ODD), st.text(max_size=300)))
    def test_any_text_is_input(self, text):
        extractor = ss.load_model("extractor", models="accurate")
        for cues in extractor.transform(text)["cue_spans"]:
            assert all(0 <= a < b <= len(text) for a, b in cues)

    def test_no_text_gives_an_empty_table(self, extractor):
        assert extractor.transform([]).empty
        assert extractor.transform(["", "\n"]).empty


class TestStances:
    def test_probabilities(self, classifier):
        claims = ["Soldiers crossed the border"] * 3
        texts = ["Soldiers have crossed the border.", "No soldiers crossed the border.", ""]
        proba = classifier.predict_proba(claims, texts)
        assert proba.shape == (3, 4)
        assert np.allclose(proba.sum(axis=1), 1)
        table = pd.DataFrame({"claim": claims, "text": texts})
        assert np.array_equal(classifier.predict_proba(table), proba)
        assert classifier.predict_proba([], []).shape == (0, 4)

    def test_a_pair_has_its_stance_whatever_stands_beside_it(self, classifier):
        texts = ss.datasets.load_articles().texts.head(6).tolist()
        claims = ["The mayor resigned", "A dam broke", "The bank was robbed"] * 2
        together = classifier.predict_proba(claims, texts)
        back = classifier.predict_proba(claims[::-1], texts[::-1])[::-1]
        assert np.allclose(together, back, atol=1e-6)

    def test_it_reads_texts_and_no_features(self, classifier):
        for use in (classifier.fit_features, classifier.predict_features):
            with pytest.raises(AttributeError, match="reads texts"):
                use(np.zeros((2, 3)))


class TestTheSet:
    def test_what_it_lacks_is_taken_from_the_fast_one(self):
        assert set(shipped_models("accurate")) < set(shipped_models("fast"))
        assert type(ss.load_model("resolver", models="accurate")) is ss.SourceResolver

    def test_the_line_uses_it(self):
        report = ss.score(TEXT, claims=["Soldiers crossed the border"], models="accurate")
        assert {"denied", "said"} <= set(report.attributions["cue"])
        corpus = pd.DataFrame({"doc_id": ["a", "b"], "text": [TEXT, TEXT]})
        assert len(ss.score_corpus(corpus, models="accurate").claims) > 0

    @pytest.mark.parametrize("name", ["extractor", "stance"])
    def test_saved_and_loaded_it_is_the_same(self, name, tmp_path):
        model = ss.load_model(name, models="accurate")
        again = ss.load_model(ss.save_model(model, tmp_path))
        assert again.to_parts() == model.to_parts()
        parts = {**model.to_parts(), "encoder.onnx": b"nonsense"}
        with pytest.raises(ValueError, match="no model that onnxruntime can run"):
            type(model).from_parts(parts)
        (tmp_path / "encoder.onnx").write_bytes(b"nonsense")
        with pytest.raises(ModelFileError, match="truncated"):
            ss.load_model(tmp_path)

    @pytest.mark.parametrize("kind", [TransformerExtractor, TransformerStanceClassifier])
    def test_a_clone_has_the_parameters(self, kind):
        model = kind(n_epochs=3, warm_start=True, checkpoint="x")
        assert clone(model).get_params() == model.get_params()


class TestWithoutTheExtra:
    def test_learning_says_what_to_install(self, monkeypatch):
        articles = ss.datasets.load_articles()
        corpus = articles.select(set(articles.texts.index[:2]))
        for module in list(sys.modules):
            if module.startswith(
                (
                    "sourcescore.encoder.",
                    "sourcescore.extract.transformer_",
                    "sourcescore.stance.transformer_",
                )
            ):
                monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, "torch", None)
        with pytest.raises(ImportError, match=r'pip install "sourcescore\[train-accurate\]"'):
            TransformerExtractor().fit(corpus.texts, corpus.attributions)
        pairs = claim_pairs(corpus)
        with pytest.raises(ImportError, match=r"train-accurate"):
            TransformerStanceClassifier().fit(pairs["claim"], pairs["text"], pairs["stance"])


@pytest.fixture(scope="module")
def corpus():
    pytest.importorskip("torch", reason="needs the extra train-accurate")
    pytest.importorskip("onnx", reason="needs the extra train-accurate")
    articles = ss.datasets.load_articles()
    return articles.select(set(articles.texts.index[:3]))


class TestLearning:
    """Needs torch, which is large: the last step of the checks installs it."""

    def test_the_stored_graph_computes_what_torch_does(self, corpus):
        import torch

        from sourcescore.encoder import learning
        from sourcescore.encoder.graph import to_weights

        encoder = learning.TorchEncoder.pretrained().eval()
        sequences = [(np.arange(500, 500 + n), (np.arange(n) > 4) * 1) for n in (10, 254)]
        with pytest.MonkeyPatch.context() as patch, torch.no_grad():
            patch.setattr(learning, "_half_is_fast", lambda: False)
            expected, _ = encoder.batch(sequences)
        exact, rounded = encoder.to_encoder(eight_bit=False), encoder.to_encoder()
        for k, (ids, _) in enumerate(sequences):
            wanted = expected[k, : len(ids)].numpy()
            assert np.allclose(exact.run(sequences)[k], wanted, atol=1e-4)
            off = rounded.run(sequences)[k] - wanted
            assert (off**2).sum() <= 0.02 * (wanted**2).sum()
        weights = encoder.weights()
        for name, value in to_weights(exact.graph).items():
            assert np.array_equal(value, weights[name])
        for name, value in to_weights(rounded.graph).items():
            assert np.abs(value - weights[name]).max() <= np.abs(weights[name]).max() / 200

    def test_an_interrupted_training_ends_as_one_that_was_not(self, corpus, tmp_path, monkeypatch):
        from sourcescore.encoder.checkpoint import Checkpoint

        corpus = corpus.select(set(corpus.texts.index[:1]))
        pairs = claim_pairs(corpus)
        path = tmp_path / "state"
        save = Checkpoint.save

        def interrupted(self, epochs):
            save(self, epochs)
            raise KeyboardInterrupt

        def extractor():
            model = TransformerExtractor(n_epochs=2, checkpoint=path)
            return model.fit(corpus.texts, corpus.attributions)

        def stance():
            model = TransformerStanceClassifier(n_epochs=2, checkpoint=path)
            return model.fit(pairs["claim"], pairs["text"], pairs["stance"].to_numpy(object))

        for fit in (extractor, stance):
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(Checkpoint, "save", interrupted)
                fit()
            assert path.is_file()
            after = fit().to_parts()
            assert not path.exists()
            assert fit().to_parts() == after
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Checkpoint, "save", interrupted)
            stance()
        with pytest.raises(ValueError, match="other parameters or data"):
            extractor()

    def test_it_goes_on_from_what_it_knows(self, corpus):
        model = ss.load_model("extractor", models="accurate")
        before = model.score(corpus.texts, corpus.attributions)
        model.set_params(warm_start=True, n_epochs=2, encoder_rate=1e-4, learning_rate=7e-4)
        model.fit(corpus.texts, corpus.attributions)
        assert model.score(corpus.texts, corpus.attributions) >= before - 0.02

    def test_train_and_evaluate(self, corpus, tmp_path):
        path = tmp_path / "model"
        model, figures = ss.train(
            "stance", corpus, path, models="accurate", n_folds=2, progress=False
        )
        assert isinstance(model, TransformerStanceClassifier)
        assert figures["start"] == "shipped"
        assert model.checkpoint is None
        assert ss.evaluate("stance", corpus, path, models="accurate")["n"] == len(
            claim_pairs(corpus)
        )
        with pytest.raises(ValueError, match="there is no accurate classifier"):
            ss.train("classifier", corpus, models="accurate")
        with pytest.raises(ValueError, match="models must be 'fast' or 'accurate'; got 'slow'"):
            ss.train("stance", corpus, models="slow")

    def test_labels_of_ones_own(self, corpus):
        pairs = claim_pairs(corpus)
        labels = pairs["stance"].map({"supports": "pro", "denies": "contra", "unrelated": "-"})
        model = TransformerStanceClassifier(n_epochs=1)
        model.fit(pairs["claim"], pairs["text"], labels.to_numpy(object))
        assert model.predict_proba(pairs["claim"][:2], pairs["text"][:2]).shape == (2, 3)
        with pytest.raises(ValueError, match="at least two labels"):
            model.fit(pairs["claim"], pairs["text"], np.full(len(pairs), "pro"))
