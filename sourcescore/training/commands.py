"""Train and measure models on data of the user's own, or rebuild the shipped ones.

`train` and `evaluate` are what the commands of these names call.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from sourcescore.checks import check_flag, check_number, check_whole
from sourcescore.messages import shown
from sourcescore.models import model_folder, save_model
from sourcescore.training.card import SCRATCH, model_card
from sourcescore.training.corpora import rounded
from sourcescore.training.tasks import SHIPPED, TASKS, Task, task_of

__all__ = ["EVALUATED", "TRAINED", "Trained", "evaluate", "train"]

TRAINED = (*TASKS, "words")
EVALUATED = tuple(name for name, task in TASKS.items() if task.measured)


#: Parameters that `train` sets for the time of training.
_OF_TRAINING = (
    "warm_start",
    "verbose",
    "n_epochs",
    "learning_rate",
    "encoder_rate",
    "head_rate",
    "checkpoint",
)


class Trained(NamedTuple):
    """What `train` returns.

    Attributes
    ----------
    model : estimator
        Fitted on all the data.
    figures : dict
        As they stand in the manifest of the saved model.
    """

    model: Any
    figures: dict[str, Any]


def train(
    name: str,
    data: Any,
    out: str | PathLike[str] | None = None,
    *,
    models: str = "fast",
    start: Any = None,
    weight: float = 1.0,
    n_folds: int = 5,
    random_state: int = 0,
    progress: bool = True,
) -> Trained:
    """Train a model on labelled data, and measure it by cross-validation.

    Parameters
    ----------
    name : {"extractor", "classifier", "stance", "scorer", "resolver", "linker", "words"}
        The kind of model. ``words`` is only built anew, from the folder of the corpora.
    data : path, Corpus or DataFrame
        - extractor, classifier, resolver, linker: a `Corpus`, or the path of an annotated file,
          see `sourcescore.datasets`;
        - stance: the same, or a table (CSV) with the columns ``claim, text, stance``;
        - scorer: a table (CSV) of evidence with the further column ``truth`` (true, false or
          empty) of the claim;
        - the folder of the corpora that the shipped models are made of: such a model is built
          anew.
    out : path, optional
        The folder to write the model to, as `save_model` does, with its manifest and, if there is
        none yet, a card of its figures (``CARD.md``) for people to go on with.
    models : {"fast", "accurate"}, default="fast"
        Which kind of an extractor or a stance model. An accurate one is trained with the extra
        ``train-accurate``; one that takes long keeps its state in ``OUT.checkpoint``, from which
        the same command goes on if it was interrupted.
    start : {"shipped", "scratch"}, path or fitted estimator, optional
        The model to go on from. A few documents are too few to learn from nothing, so an
        extractor, classifier or stance model goes on from the shipped one by default. Then old
        and new examples count together: the classifier holds the Fisher information of the old
        ones, the stance model and the extractor see a sample of old ones again.
    weight : float, default=1.0
        How much the new examples count beside the old ones.
    n_folds : int, default=5
        Of the cross-validation: documents that share passages, and statements on one claim, stay
        together. 0 or 1 for none.
    random_state : int, default=0
        Of the division into folds.
    progress : bool, default=True
        Show a progress bar.

    Returns
    -------
    Trained
        The model, and its figures: ``start``, what it goes on from, for a classifier by kind of
        label (``type`` and ``stance``), since labels that the old model does not know are learned
        anew; ``before``, the figures of the old model on what is not; ``cross_validated``, those of
        models that were fitted on the other folds. Both are measured on all of the data.

    Raises
    ------
    FileExistsError
        If `out` holds files and is no folder of a model.
    FileNotFoundError
        If there is nothing at `data`.
    TypeError, ValueError
        If the data cannot be used; the message says why.

    Examples
    --------
    >>> import sourcescore as ss
    >>> corpus = ss.datasets.load_articles()
    >>> model, figures = ss.train("classifier", corpus, n_folds=0, progress=False)
    >>> type(model).__name__, figures["start"]
    ('AttributionClassifier', {'type': 'shipped', 'stance': 'shipped'})
    """
    _check_name(name, TRAINED)
    check_number("weight", weight, "above 0", float(np.nextafter(0, 1)))
    check_whole("n_folds", n_folds, 0)
    check_whole("random_state", random_state, 0)
    check_flag("progress", progress)
    if out is not None:
        model_folder(out)  # training takes long: it is refused before
    if isinstance(data, str | PathLike):
        data = _existing(data)
    if name == "words" or (isinstance(data, Path) and is_corpora(data)):
        return _saved(_rebuild(name, data, models, start, progress), out, name, str(data))
    task = task_of(name, models)
    rows = task.read(data)
    if not task.measured and (weight != 1 or (start is not None and not _scratch(start))):
        raise ValueError(f"a {name} is learned from nothing: leave start (--from) and weight out.")
    start = task.starting_point(Path(start) if isinstance(start, PathLike) else start)
    figures: dict[str, Any] = {"start": task.origin(start, rows)}
    if task.measured:
        figures |= _cross_validate(task, rows, start, weight, n_folds, random_state, progress)
    model = _begun(task, start, rows, progress)
    if out is not None and "checkpoint" in model.get_params():
        model.set_params(checkpoint=_beside(Path(out)))
    model = task.fit(model, rows, weight)
    # how it was trained is no setting of the model that comes out
    usual = task.estimator().get_params()
    model.set_params(**{name: usual[name] for name in _OF_TRAINING if name in usual})
    where = f" ({data.name})" if isinstance(data, Path) else ""
    return _saved(Trained(model, figures), out, name, f"{task.size(rows)}{where}")


def evaluate(name: str, data: Any, model: Any = None, *, models: str = "fast") -> dict[str, Any]:
    """Measure a model on labelled data that it was not trained on.

    Parameters
    ----------
    name : {"extractor", "classifier", "stance", "scorer"}
    data : path, Corpus or DataFrame
        As for `train`.
    model : path or fitted estimator, optional
        The shipped one by default; for a scorer, the priors alone.
    models : {"fast", "accurate"}, default="fast"
        Which kind of an extractor or a stance model.

    Returns
    -------
    dict
        The figures.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `data` or `model`.
    TypeError, ValueError
        If the data cannot be used, or the model is one of another kind.

    Examples
    --------
    >>> import sourcescore as ss
    >>> figures = ss.evaluate("classifier", ss.datasets.load_articles())
    >>> sorted(figures["stance"])
    ['accuracy', 'ece', 'f1', 'macro_f1']
    """
    _check_name(name, EVALUATED)
    task = task_of(name, models)
    rows = task.read(_existing(data) if isinstance(data, str | PathLike) else data)
    model = Path(model) if isinstance(model, PathLike) else model
    fitted = task.load(SHIPPED if model is None else model)
    return rounded(task.measure(rows, task.predict(fitted, rows)))


def _rebuild(name: str, data: Any, models: str, start: Any, progress: bool) -> Trained:
    if not (isinstance(data, Path) and is_corpora(data)):
        raise ValueError("word vectors are distilled from the folder of the corpora only.")
    if name == "scorer" or start is not None:
        raise ValueError(
            "the folder of the corpora rebuilds a shipped model from nothing; a scorer, or a model "
            "that goes on from another (--from), needs labelled data of your own."
        )
    module = (
        name if models == "fast" or task_of(name, models).models == "fast" else f"{models}_{name}"
    )
    recipe = importlib.import_module(f"sourcescore.training.{module}")
    return Trained(*recipe.train(data, progress=progress))


def _beside(folder: Path) -> Path:
    """The file in which the state of a training is kept until the model is written."""
    return folder.with_name(folder.name + ".checkpoint")


def is_corpora(path: Path) -> bool:
    """Whether a folder holds the corpora that the shipped models are made of."""
    return (path / "polnear").is_dir() and (path / "news").is_dir()


def _cross_validate(
    task: Task,
    rows: Any,
    start: Any,
    weight: float,
    n_folds: int,
    random_state: int,
    progress: bool,
) -> dict[str, Any]:
    """Figures of the model before, and of models that are fitted on folds of the data."""
    figures: dict[str, Any] = {}
    before = {} if _scratch(start) else rounded(task.before(start, rows))
    if before:
        figures["before"] = before
    if n_folds < 2:
        return figures
    groups = task.groups(rows)
    n_folds = min(n_folds, groups.nunique())
    if n_folds < 2:
        return figures | {"cross_validated": {"n": 0}}
    folds = GroupKFold(n_folds, shuffle=True, random_state=random_state)
    divided = folds.split(groups, groups=pd.factorize(groups)[0])
    predicted = []
    for seen, held in tqdm(divided, total=n_folds, desc="folds", disable=not progress):
        model = _begun(task, start, rows, progress)
        model = task.fit(model, task.take(rows, _units(groups, seen)), weight)
        predicted.append(task.predict(model, task.take(rows, _units(groups, held))))
    measured = task.measure(rows, pd.concat(predicted))
    return figures | {"cross_validated": {"n_folds": n_folds, **rounded(measured)}}


def _begun(task: Task, start: Any, rows: Any, progress: bool) -> Any:
    """The model to fit; one that takes long shows its own progress."""
    model = task.begin(start, rows)
    return model.set_params(verbose=progress) if "verbose" in model.get_params() else model


def _scratch(start: Any) -> bool:
    return isinstance(start, str) and start == SCRATCH


def _check_name(name: Any, names: Sequence[str]) -> None:
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"name must be one of {', '.join(names)}; got {shown(name)}.")


def _units(groups: pd.Series, positions: np.ndarray) -> set[Any]:
    return set(groups.index[positions])


def _existing(path: str | PathLike[str]) -> Path:
    found = Path(path)
    if not found.exists():
        raise FileNotFoundError(2, "no such file or folder", str(path))
    return found


def _saved(trained: Trained, out: str | PathLike[str] | None, name: str, data: str) -> Trained:
    if out is not None:
        folder = save_model(trained.model, Path(out), figures=trained.figures)
        card = folder / "CARD.md"
        if not card.exists():  # one that somebody has written stays
            card.write_text(
                model_card(name, trained.model, data, trained.figures), encoding="utf-8"
            )
    return trained
