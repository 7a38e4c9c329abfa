"""The command line: ``sourcescore`` or ``python -m sourcescore``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]

#: Exit status for input that cannot be used, as argparse has it.
_USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        output = options.run(options)
    except (ValueError, TypeError, ImportError, OSError) as error:
        print(f"sourcescore: {_message(error)}", file=sys.stderr)
        return _USAGE_ERROR
    if output is not None:
        try:
            _write(output, getattr(options, "output", None))
        except BrokenPipeError:  # the reader, say `head`, has seen enough; nor flush at the exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            print(f"sourcescore: {_message(error)}", file=sys.stderr)
            return _USAGE_ERROR
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sourcescore",
        description="How confident can a reader be in each claim of a news text, given who is "
        "said to say it?",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    score = commands.add_parser("score", help="score the claims of a text")
    score.add_argument(
        "text", help="a text file; - for standard input; demo:NAME for a shipped article"
    )
    score.add_argument(
        "--claim",
        action="append",
        metavar="TEXT",
        help="a claim to score (may be repeated); by default those that the text contains",
    )
    score.add_argument("--outlet", metavar="DOMAIN", help="where the text was published")
    score.add_argument("--priors", metavar="FILE", help="a TOML file with your priors")
    score.add_argument(
        "--models", default="fast", help="the shipped models to use: fast (default) or accurate"
    )
    score.add_argument("--format", choices=("table", "json", "html"), default="table")
    score.add_argument("--encoding", default="utf-8", help="of the text file (utf-8)")
    score.add_argument("-o", "--output", metavar="FILE", help="where to write; else the screen")
    score.set_defaults(run=_score)

    from sourcescore.training.commands import EVALUATED, TRAINED

    train = commands.add_parser("train", help="train a model on labelled data")
    train.add_argument("model", choices=TRAINED)
    train.add_argument(
        "--data",
        required=True,
        metavar="PATH",
        help="annotated documents in any of the formats of sourcescore.datasets; CSV for a scorer; "
        "or the folder of the corpora that the shipped models are made of",
    )
    train.add_argument(
        "--out",
        required=True,
        metavar="FOLDER",
        help="where to write the model: a new or empty folder, or one of a model to replace",
    )
    train.add_argument(
        "--from",
        dest="start",
        metavar="MODEL",
        help="the folder of the model to go on from; 'shipped' (extractor, classifier and stance "
        "by default), or 'scratch' for none",
    )
    train.add_argument(
        "--weight",
        type=float,
        default=1.0,
        metavar="W",
        help="how much the new examples count beside the old ones (1)",
    )
    train.add_argument(
        "--folds", type=int, default=5, metavar="N", help="of the cross-validation (5; 0 for none)"
    )
    train.add_argument(
        "--models",
        default="fast",
        help="the kind of an extractor or a stance model: fast (default) or accurate",
    )
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="measure a model on labelled data")
    evaluate.add_argument("model", choices=EVALUATED)
    evaluate.add_argument("--data", required=True, metavar="PATH", help="as for train")
    evaluate.add_argument(
        "--model", dest="path", metavar="PATH", help="the folder of the model; else the shipped one"
    )
    evaluate.add_argument(
        "--models", default="fast", help="the kind of the shipped model: fast (default) or accurate"
    )
    evaluate.set_defaults(run=_evaluate)

    priors = commands.add_parser("priors", help="print the default priors as TOML to start from")
    priors.add_argument(
        "-o", "--output", metavar="FILE", help="a new file to write to; else the screen"
    )
    priors.add_argument(
        "--force", action="store_true", help="replace the file if there is one already"
    )
    priors.set_defaults(run=_priors)
    return parser


def _score(options: argparse.Namespace) -> str:
    text = _read(options.text, options.encoding)
    from sourcescore.pipeline import score

    report = score(
        text,
        options.claim,
        outlet=options.outlet,
        priors=None if options.priors is None else Path(options.priors),
        models=options.models,
    )
    if options.format == "json":
        return report.to_json()
    if options.format == "html":
        return report.to_html()
    return str(report)


def _train(options: argparse.Namespace) -> str:
    from sourcescore.training import train

    _, figures = train(
        options.model,
        options.data,
        options.out,
        models=options.models,
        start=options.start,
        weight=options.weight,
        n_folds=options.folds,
        progress=not options.quiet,
    )
    return json.dumps({"model": options.out, **figures}, indent=1)


def _evaluate(options: argparse.Namespace) -> str:
    from sourcescore.training import evaluate

    return json.dumps(
        evaluate(options.model, options.data, options.path, models=options.models), indent=1
    )


def _priors(options: argparse.Namespace) -> str:
    from sourcescore.priors import default_toml

    if options.output is not None and Path(options.output).is_file() and not options.force:
        # people write their own numbers into it
        raise FileExistsError(
            f"{options.output} is there already; give another name, or --force to replace it."
        )
    return default_toml()


def _read(name: str, encoding: str) -> str:
    """The text of a file, of standard input (``-``) or of a shipped article (``demo:NAME``)."""
    if name.startswith("demo:"):
        from sourcescore.datasets import load_articles

        texts = load_articles().texts
        key = name.removeprefix("demo:")
        if key not in texts.index:
            raise ValueError(f"no shipped article {key!r}; there are {', '.join(texts.index)}.")
        return str(texts[key])
    content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} is not {encoding}: byte {content[error.start]:#04x} at offset {error.start} "
            "cannot be decoded. Name the encoding of the file, for example --encoding cp1252."
        ) from None
    except LookupError:
        raise ValueError(
            f"there is no encoding {encoding!r}; examples are utf-8, cp1252, latin-1, utf-16."
        ) from None


def _write(output: str, path: str | None) -> None:
    content = output.encode("utf-8", "replace")
    if path is not None:
        Path(path).write_bytes(content)
        return
    sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
    sys.stdout.buffer.flush()


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _version() -> str:
    from sourcescore import __version__

    return f"sourcescore {__version__}"


if __name__ == "__main__":
    sys.exit(main())
