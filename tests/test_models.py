"""Models on disk: what is saved comes back, what was tampered with does not."""

from __future__ import annotations

import json
import pickle
import shutil

import numpy as np
import pytest
from skops.io import dumps

from sourcescore import models
from sourcescore._resources import shipped
from sourcescore.models import (
    MODEL_CLASSES,
    ModelFileError,
    load_model,
    load_skops,
    load_words,
    read_manifest,
    save_model,
    shipped_models,
)
from sourcescore.words import WordVectors


@pytest.fixture
def words() -> WordVectors:
    codes = np.arange(-4, 4, dtype=np.int8).reshape(4, 2)
    clusters = np.arange(8).reshape(4, 2)
    weight = np.array([0.25, 0.5, 0.75, 1.0])
    return WordVectors(["a", "b", "c", "d\ud800"], codes, np.ones(2, np.float32), weight, clusters)


@pytest.fixture
def folder(words, tmp_path):
    words.vocabulary[-1] = "d"
    return save_model(words, tmp_path / "deep" / "model", figures={"accuracy": 0.5})


def change_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_saved_model_comes_back(words, folder):
    again = load_model(folder)
    assert type(again) is WordVectors
    assert again.vocabulary == ["a", "b", "c", "d"]
    assert (again.vectors == words.vectors).all()
    assert load_model(str(folder)).vocabulary == again.vocabulary


def test_the_manifest_says_what_the_model_is(folder):
    manifest = read_manifest(folder)
    assert manifest["class"] == "WordVectors"
    assert manifest["figures"] == {"accuracy": 0.5}
    assert {"numpy", "scikit-learn", "skops"} <= set(manifest["libraries"])
    for name, entry in manifest["files"].items():
        assert (folder / name).stat().st_size == entry["bytes"]


def test_saving_anew_replaces_the_model(words, folder):
    words.vocabulary[0] = "z"
    save_model(words, folder)
    assert load_model(folder).vocabulary[0] == "z"
    assert read_manifest(folder)["figures"] == {}


def test_a_model_that_cannot_be_written_leaves_the_old_one(words, folder):
    words.vocabulary[0] = "z"
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_model(words, folder, figures={"a": object()})
    assert load_model(folder).vocabulary[0] == "a"


def everything_in(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if not path.is_dir()
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocabulary.json", "mine"),
        ("notes.txt", ""),
        ("manifest.json", '{"name": "my web page"}'),
        ("manifest.json", "[]"),
        ("manifest.json", ""),
        ("deep/notes.txt", "mine"),
    ],
)
def test_a_folder_of_other_files_is_not_written_to(words, tmp_path, name, content):
    words.vocabulary[-1] = "d"
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    before = everything_in(tmp_path)
    with pytest.raises(FileExistsError, match="holds files that are no .* Give a new or empty"):
        save_model(words, tmp_path)
    assert everything_in(tmp_path) == before


def test_a_model_is_no_file(words, tmp_path):
    (tmp_path / "model").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file; a model is a folder"):
        save_model(words, tmp_path / "model")
    assert (tmp_path / "model").read_text() == "mine"


def test_a_folder_that_holds_a_model_may_hold_more(words, folder):
    (folder / "CARD.md").write_text("mine")
    change_manifest(folder, format_version=0)  # of an older version of the package
    (folder / "vectors.npz").unlink()
    save_model(words, folder)
    assert load_model(folder).vocabulary == words.vocabulary
    assert (folder / "CARD.md").read_text() == "mine"


@pytest.mark.parametrize("path", [None, 3, b"model", ["model"]])
def test_a_folder_is_a_path(words, path):
    for use in (lambda p: save_model(words, p), load_model, read_manifest):
        with pytest.raises(TypeError, match="a folder must be a str or Path; got"):
            use(path)


def test_names_with_a_nul_are_refused(words):
    for use in (lambda p: save_model(words, p), load_model, read_manifest):
        with pytest.raises(ValueError, match="cannot have a NUL"):
            use("a\0b")


@pytest.mark.parametrize("figures", [3, "good", [("a", 1)]])
def test_figures_are_a_mapping(words, tmp_path, figures):
    with pytest.raises(TypeError, match="figures must be a mapping"):
        save_model(words, tmp_path, figures=figures)


@pytest.mark.parametrize("thing", [object(), "words", {"a": 1}, WordVectors])
def test_only_our_own_estimators_are_saved(thing, tmp_path):
    with pytest.raises(TypeError, match=r"cannot save a \w+; estimators that can be saved: Attr"):
        save_model(thing, tmp_path / "model")
    assert not (tmp_path / "model").exists()


# ------------------------------------------------------------------------------------- tampering


@pytest.mark.parametrize("name", ["vectors.npz", "vocabulary.json"])
def test_a_truncated_file_is_refused(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelFileError, match=f"{name} was truncated: its sha256 is not"):
        load_model(folder)


@pytest.mark.parametrize("name", ["vectors.npz", "vocabulary.json"])
def test_a_changed_byte_is_refused(folder, name):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=f"{name} was changed"):
        load_model(folder)


def test_a_missing_file_is_named(folder):
    (folder / "vectors.npz").unlink()
    with pytest.raises(ModelFileError, match="vectors.npz is missing; the manifest lists it"):
        load_model(folder)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"3", b"null", b"\xff\xfe\x00", b'{"format": "other"}'),
        b"[" * 200_000,
        b'{"format": "sourcescore-model"}',
        pickle.dumps({"format": "sourcescore-model"}),
    ],
)
def test_a_foreign_manifest_is_refused(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelFileError, match="is not the manifest of a sourcescore model"):
        load_model(folder)


def test_a_folder_without_a_manifest_is_no_model(tmp_path):
    with pytest.raises(ModelFileError, match="is not a model folder"):
        load_model(tmp_path)
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(ModelFileError, match="is not a model folder"):
        load_model(tmp_path)


def test_another_format_version_is_refused(folder):
    change_manifest(folder, format_version=99)
    with pytest.raises(ModelFileError, match="format version 99; .* reads 1. Retrain"):
        load_model(folder)


@pytest.mark.parametrize("kind", ["Popen", "os.system", None, 3, ["WordVectors"], "load_model"])
def test_a_class_that_is_not_ours_is_refused(folder, kind):
    change_manifest(folder, **{"class": kind})
    with pytest.raises(ModelFileError, match="names the class .*; allowed are AttributionExtr"):
        load_model(folder)


@pytest.mark.parametrize("kind", sorted(MODEL_CLASSES.keys() - {"WordVectors"}))
def test_the_files_of_another_class_are_refused(folder, kind):
    change_manifest(folder, **{"class": kind})
    with pytest.raises(ModelFileError, match=f"does not hold a {kind} of this version"):
        load_model(folder)


@pytest.mark.parametrize(
    "name",
    ["../outside.npz", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "C:x", "nul\0", ".hidden", "é"],
)
def test_a_file_outside_the_folder_is_refused(folder, name):
    (folder.parent / "outside.npz").write_bytes(b"x")
    entry = {"sha256": "0" * 64, "bytes": 1}
    change_manifest(folder, files={name: entry})
    with pytest.raises(ModelFileError, match="only files of the folder itself are allowed"):
        load_model(folder)


@pytest.mark.parametrize(
    "files", [None, [], {"a": None}, {"a": {}}, {"a": {"sha256": 3, "bytes": 1}}]
)
def test_a_manifest_without_checksums_is_refused(folder, files):
    change_manifest(folder, files=files)
    with pytest.raises(ModelFileError, match="lists no files|lacks the sha256"):
        load_model(folder)


def test_arrays_are_never_unpickled(words, folder):
    parts = words.to_parts()
    np.savez(folder / "vectors.npz", codes=np.array([object()]))
    parts["vectors.npz"] = (folder / "vectors.npz").read_bytes()
    words.to_parts = lambda: parts  # type: ignore[method-assign]
    save_model(words, folder)
    with pytest.raises(ModelFileError, match="does not hold a WordVectors"):
        load_model(folder)


class Stranger:
    """A type that is on nobody's list."""


def test_an_untrusted_type_is_refused():
    with pytest.raises(ModelFileError, match=r"types that are not trusted: .*Stranger"):
        load_skops(dumps(Stranger()))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps(3)])
def test_what_skops_did_not_write_is_refused(content):
    with pytest.raises(ModelFileError, match="not an object that skops stored"):
        load_skops(content)


def test_a_trusted_object_comes_back():
    assert load_skops(dumps({"a": [1, 2.5, "x"]})) == {"a": [1, 2.5, "x"]}


# --------------------------------------------------------------------------------- shipped models


def test_an_unknown_name_says_what_there_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model 'extract0r': .*shipped models.*words"):
        load_model("extract0r")
    with pytest.raises(FileNotFoundError, match="neither a folder"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("which", ["slow", "", ".", "../models/fast", "/", None, 3, ["fast"]])
def test_an_unknown_set_of_models_says_what_there_is(which):
    with pytest.raises(ValueError, match="models must be one of .*'fast'"):
        load_model("words", models=which)


@pytest.mark.parametrize("models", ["fast", "accurate"])
def test_shipped_models_load_and_are_of_our_own(models):
    for name in shipped_models(models):
        assert type(load_model(name, models=models)).__name__ in MODEL_CLASSES


def test_each_call_returns_a_model_of_its_own():
    one, two = load_model("words"), load_model("words")
    assert one is not two
    assert one.vectors is not two.vectors
    assert load_words() is load_words()


def test_a_shipped_folder_is_a_model_folder_like_any_other(tmp_path):
    copy = shutil.copytree(shipped("models") / "fast" / "words", tmp_path / "words")
    assert load_model(copy).vocabulary == load_words().vocabulary


def test_trusted_types_are_scikit_learns_or_ours():
    assert all(name.split(".")[0] in ("sklearn", "numpy", "scipy") for name in models.TRUSTED_TYPES)
