"""The command line: what it prints, what it writes, and what it says when something is wrong."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

import sourcescore as ss
from sourcescore.__main__ import main
from sourcescore._resources import shipped

STORY = (
    "The army has denied that its drones hit the mill. Two residents of Nîmes said they saw a "
    "drone strike the mill.\n"
)


@pytest.fixture
def story(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text(STORY, encoding="utf-8")
    return str(path)


@pytest.fixture
def run(capsys):
    """Run the command line in this process; return exit status, output and error output."""

    def run(*arguments):
        try:
            status = main([*map(str, arguments)])
        except SystemExit as stop:  # argparse
            status = stop.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def refused(run):
    """Run what must fail; return the one line that it says."""

    def refused(*arguments):
        status, output, errors = run(*arguments)
        assert status == 2
        assert output == ""
        assert "Traceback" not in errors
        return errors

    return refused


@pytest.fixture(scope="module")
def two_articles(tmp_path_factory):
    """A file with the first two of the shipped articles."""
    path = tmp_path_factory.mktemp("data") / "two.jsonl"
    with (shipped("datasets") / "articles.jsonl").open(encoding="utf-8") as lines:
        path.write_text("".join(line for line, _ in zip(lines, range(2), strict=False)))
    return path


# -------------------------------------------------------------------------------------------- score


def test_a_table_by_default(run, story):
    status, output, errors = run("score", story)
    assert (status, errors) == (0, "")
    assert output == f"{ss.score(STORY)}\n"


def test_json_is_what_the_library_says(run, story):
    status, output, _ = run("score", story, "--format", "json", "--claim", "Drones hit the mill")
    assert status == 0
    assert json.loads(output) == json.loads(ss.score(STORY, ["Drones hit the mill"]).to_json())


def test_html_to_a_file(run, story, tmp_path):
    page = tmp_path / "page.html"
    assert run("score", story, "--format", "html", "-o", page) == (0, "", "")
    assert page.read_text(encoding="utf-8") == ss.score(STORY).to_html()


def test_several_claims_an_outlet_and_priors(run, story, tmp_path):
    priors = tmp_path / "my.toml"
    priors.write_text("claim_prior = 0.2")
    claims = ["Drones hit the mill", "The moon is made of cheese"]
    status, output, _ = run(
        "score", story, "--claim", claims[0], "--claim", claims[1], "--outlet", "dw.com",
        "--priors", priors, "--format", "json",
    )  # fmt: skip
    assert status == 0
    expected = ss.score(STORY, claims, outlet="dw.com", priors=priors)
    assert json.loads(output) == json.loads(expected.to_json())
    assert json.loads(output)["claims"][1]["confidence"] == pytest.approx(0.2)


def test_standard_input(run, monkeypatch, story):
    stdin = io.TextIOWrapper(io.BytesIO(STORY.encode("utf-8")), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run("score", "-") == run("score", story)


def test_a_shipped_article(run, refused):
    name, text = next(iter(ss.datasets.load_articles().texts.items()))
    assert run("score", f"demo:{name}") == (0, f"{ss.score(text)}\n", "")
    assert f"there are {name}, " in refused("score", "demo:nothing")


def test_an_empty_text_is_an_empty_report(run, tmp_path):
    path = tmp_path / "empty.txt"
    path.write_bytes(b"")
    assert run("score", path) == (0, "0 claims from 0 attributions in 1 document\n", "")
    status, output, _ = run("score", path, "--format", "json")
    assert status == 0
    assert json.loads(output)["claims"] == []


def test_a_byte_order_mark_is_no_text(run, tmp_path):
    path = tmp_path / "marked.txt"
    path.write_bytes(b"\xef\xbb\xbf" + STORY.encode())
    _, output, _ = run("score", path, "--format", "json")
    assert json.loads(output)["documents"][0]["text"] == STORY


def test_no_such_file(refused, tmp_path):
    missing = tmp_path / "missing.txt"
    assert refused("score", missing) == f"sourcescore: {missing}: No such file or directory\n"
    assert str(tmp_path) in refused("score", tmp_path)  # a folder


def test_not_utf8(run, refused, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(STORY.encode("cp1252"))
    message = refused("score", path)
    at = STORY.index("î")
    assert f"{path} is not utf-8: byte 0xee at offset {at} " in message
    assert "--encoding" in message
    status, output, _ = run("score", path, "--encoding", "cp1252", "--format", "json")
    assert status == 0
    assert json.loads(output)["documents"][0]["text"] == STORY


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "undefined", "utf-16", "ascii"])
def test_wrong_encodings_are_refused(refused, story, encoding):
    assert encoding in refused("score", story, "--encoding", encoding)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("claim_priar = 0.2", ["claim_priar", "claim_prior"]),
        ("claim_prior = 1.5", ["claim_prior", "between 0 and 1", "1.5"]),
        ("[types.witness]\nrho = nan", ["types.witness.rho", "nan"]),
        ("claim_prior = ", ["not valid TOML"]),
    ],
)
def test_wrong_priors_are_refused(refused, story, tmp_path, content, words):
    path = tmp_path / "my.toml"
    path.write_text(content)
    message = refused("score", story, "--priors", path)
    assert all(word in message for word in words)


def test_missing_priors_are_refused(refused, story, tmp_path):
    assert "none.toml" in refused("score", story, "--priors", tmp_path / "none.toml")


def test_nowhere_to_write(refused, story, tmp_path):
    assert "No such file" in refused("score", story, "-o", tmp_path / "no" / "where.txt")


def test_no_such_models(refused, story):
    assert "models must be one of 'accurate', 'fast'" in refused("score", story, "--models", "slow")


@pytest.mark.parametrize(
    "arguments", [[], ["scare"], ["score"], ["score", "x", "--format", "pdf"], ["train", "poet"]]
)
def test_usage(refused, arguments):
    assert refused(*arguments).startswith("usage: sourcescore")


def test_version(run):
    assert run("--version") == (0, f"sourcescore {ss.__version__}\n", "")


# ------------------------------------------------------------------------------------------- priors


def test_the_printed_priors_are_the_default_ones(run, story, tmp_path):
    status, output, _ = run("priors")
    assert status == 0
    assert ss.Priors.from_toml(output) == ss.Priors()
    path = tmp_path / "mine.toml"
    assert run("priors", "-o", path) == (0, "", "")
    assert run("score", story, "--priors", path) == run("score", story)


def test_priors_of_ones_own_are_not_written_over(run, refused, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("claim_prior = 0.2\n")
    message = refused("priors", "-o", path)
    assert f"{path} is there already; give another name, or --force to replace it." in message
    assert path.read_text() == "claim_prior = 0.2\n"
    assert run("priors", "-o", path, "--force") == (0, "", "")
    assert ss.Priors.from_toml(path.read_text()) == ss.Priors()
    assert run("priors", "-o", "/dev/null")[0] == 0  # no file that anybody has written


# ---------------------------------------------------------------------------------- train, evaluate


@pytest.mark.parametrize("name", ["extractor", "classifier", "resolver", "linker"])
def test_train_on_annotated_articles(run, two_articles, tmp_path, name):
    folder = tmp_path / name
    status, output, _ = run("train", name, "--data", two_articles, "--out", folder, "--quiet")
    assert status == 0
    assert json.loads(output)["model"] == str(folder)
    assert type(ss.load_model(folder)) is type(ss.load_model(name))
    if name in ("extractor", "classifier"):
        figures = json.loads(output)
        kinds = {"type": "shipped", "stance": "shipped"}
        assert figures["start"] == (kinds if name == "classifier" else "shipped")
        assert figures["cross_validated"]["n_folds"] == 2
        assert figures["cross_validated"]["n"] == figures["before"]["n"]
        command = ("evaluate", name, "--data", two_articles, "--model", folder)
        status, output, _ = run(*command)
        assert status == 0
        figures = json.loads(output)
        known = figures["relation"]["f1"] if name == "extractor" else figures["type"]["accuracy"]
        assert known > 0.5  # of what it was trained on


def test_an_extractor_goes_on_from_another(run, refused, two_articles, tmp_path):
    command = ("train", "extractor", "--data", two_articles, "--folds", "0", "--quiet")
    status, _, _ = run(*command, "--out", tmp_path / "first")
    assert status == 0
    assert run(*command, "--out", tmp_path / "next", "--from", tmp_path / "first")[0] == 0
    assert run(*command, "--out", tmp_path / "new", "--from", "scratch")[0] == 0
    first, following, new = (ss.load_model(tmp_path / name) for name in ("first", "next", "new"))
    assert first.vocabulary_.features == following.vocabulary_.features
    assert len(new.vocabulary_) < len(first.vocabulary_)
    ss.save_model(ss.load_model("resolver"), tmp_path / "other")
    message = refused(*command, "--out", tmp_path / "x", "--from", tmp_path / "other")
    assert "takes the class AttributionExtractor" in message


def test_evaluate_the_shipped_extractor(run, two_articles):
    status, output, _ = run("evaluate", "extractor", "--data", two_articles)
    assert status == 0
    assert 0.3 < json.loads(output)["relation"]["f1"] <= 1


def test_train_and_evaluate_stance(run, tmp_path):
    path, folder = tmp_path / "stance.csv", tmp_path / "stance"
    rows = [
        (f"The {thing} burned", text.format(thing), stance)
        for thing in ("mill", "bridge", "school", "port", "tower", "depot")
        for text, stance in [
            ("Witnesses said the {} burned down.", "supports"),
            ("It is false that the {} burned.", "denies"),
            ("Did the {} burn?", "discusses"),
            ("The weather was fine.", "unrelated"),
        ]
    ]
    pd.DataFrame(rows, columns=["claim", "text", "stance"]).to_csv(path, index=False)
    status, output, _ = run("train", "stance", "--data", path, "--out", folder, "--quiet")
    assert status == 0
    assert json.loads(output)["cross_validated"]["n"] == len(rows)
    status, output, _ = run("evaluate", "stance", "--data", path, "--model", folder)
    assert status == 0
    assert json.loads(output)["n"] == len(rows)


def test_train_and_evaluate_the_scorer(run, refused, tmp_path):
    path, folder = tmp_path / "evidence.csv", tmp_path / "scorer"
    rows = [
        (f"c{k}", f"s{k % 3}", "witness", "denies" if (k + j) % 4 else "supports", k % 2 == 0)
        for k in range(12)
        for j in range(2)
    ]
    columns = ["claim_id", "source_id", "type", "stance", "truth"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    status, _, _ = run("train", "scorer", "--data", path, "--out", folder, "--quiet")
    assert status == 0
    assert isinstance(ss.load_model(folder), ss.ClaimScorer)
    status, output, _ = run("evaluate", "scorer", "--data", path, "--model", folder)
    assert status == 0
    assert json.loads(output)["n"] == 12
    # the prior alone, without a model
    assert run("evaluate", "scorer", "--data", path)[0] == 0
    message = refused("evaluate", "classifier", "--data", path, "--model", folder)
    assert "the header must name the columns source, cue, content" in message


def test_a_truncated_or_changed_model_is_refused(refused, two_articles, tmp_path):
    for name, change, word in [
        ("short", lambda content: content[: len(content) // 2], "truncated"),
        ("other", lambda content: content[::-1], "changed"),
    ]:
        folder = tmp_path / name
        shutil.copytree(shipped("models") / "fast" / "resolver", folder)
        part = folder / "weights.json"
        part.write_bytes(change(part.read_bytes()))
        message = refused("evaluate", "extractor", "--data", two_articles, "--model", folder)
        assert f"{part} was {word}" in message


def test_a_model_of_another_kind_is_refused(refused, two_articles):
    model = shipped("models") / "fast" / "resolver"
    message = refused("evaluate", "extractor", "--data", two_articles, "--model", model)
    assert "holds a SourceResolver; to train or evaluate 'extractor'" in message


def test_wrong_data_is_refused(refused, tmp_path):
    out = ("--out", tmp_path / "model", "--quiet")
    missing = tmp_path / "missing.jsonl"
    assert str(missing) in refused("train", "extractor", "--data", missing, *out)
    assert str(missing) in refused("evaluate", "extractor", "--data", missing)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"doc": "a", "text": "x"}\n{"doc": \n')
    assert f"{broken}, line 2" in refused("train", "extractor", "--data", broken, *out)
    table = tmp_path / "table.csv"
    table.write_text("claim,text\na,b\n")
    assert "lacks the column stance" in refused("train", "stance", "--data", table, *out)
    assert "CSV" in refused("train", "scorer", "--data", tmp_path, *out)
    assert "weight" in refused("train", "stance", "--data", table, "--weight", "0", *out)
    assert "folder" in refused("train", "words", "--data", broken, *out)
    assert not (tmp_path / "model").exists()


def test_files_of_ones_own_are_not_written_over(refused, two_articles, tmp_path):
    (tmp_path / "classifier.json").write_text("mine")
    message = refused("train", "classifier", "--data", two_articles, "--out", tmp_path, "--quiet")
    assert f"{tmp_path} holds files that are no sourcescore model (classifier.json" in message
    assert [path.name for path in tmp_path.iterdir()] == ["classifier.json"]
    assert (tmp_path / "classifier.json").read_text() == "mine"


# ----------------------------------------------------------------------------- a process of its own


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "sourcescore", *arguments], capture_output=True, **options
    )


def test_as_a_module(story, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")  # the table is as wide as the terminal
    done = command("score", "-", input=STORY.encode(), check=True)
    assert done.stdout.decode() == f"{ss.score(STORY)}\n"
    failed = command("score", f"{story}.no")
    assert failed.returncode == 2
    assert failed.stderr.startswith(b"sourcescore: ")


def test_a_reader_that_has_seen_enough():
    with subprocess.Popen(
        [sys.executable, "-m", "sourcescore", "priors"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""
