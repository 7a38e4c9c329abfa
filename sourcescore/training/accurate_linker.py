"""Train the linker that asks the accurate stance classifier, and measure it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sourcescore.link import ClaimLinker
from sourcescore.training import linker
from sourcescore.training.accurate_stance import held_out

__all__ = ["train"]


def train(
    data: Path, folder: Path | None = None, *, random_state: int = 0, progress: bool = True
) -> tuple[ClaimLinker, dict[str, Any]]:
    """Fit the linker as the fast one, with judgements of classifiers that know no claim's topic.

    Parameters
    ----------
    data : Path
        The folder of the corpora.
    folder : Path, optional
        Of the classifiers, see `accurate_stance.held_out`.
    random_state : int, default=0
    progress : bool, default=True

    Returns
    -------
    ClaimLinker
        It asks the shipped classifier.
    dict
        As `sourcescore.training.linker.train` gives them.
    """
    stance = held_out(data, folder, random_state=random_state, progress=progress)
    model, figures = linker.train(data, random_state=random_state, progress=progress, stance=stance)
    return model.set_params(stance="accurate"), figures
