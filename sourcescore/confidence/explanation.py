"""What an explanation is about, and its steps in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

__all__ = ["reason", "same_question"]

_SAID = {"supports": "supported", "denies": "denied"}


def same_question(evidence: pd.DataFrame, claim_id: str) -> pd.Series:
    """Return which rows are about the claim, or about another answer to its question."""
    of_claim = evidence["claim_id"] == claim_id
    if "question_id" not in evidence.columns:
        return of_claim
    asked = evidence["question_id"].isin(evidence["question_id"][of_claim].dropna())
    return of_claim | evidence["claim_id"].isin(evidence["claim_id"][asked])


def reason(step: Any) -> str:
    """Say in words what a step of an explanation does."""
    if step.Index == "claim prior" and not step.stance:
        return f"before anybody is heard: {expit(step.log_odds):.0%}"
    times = f"odds x {np.exp(min(step.log_odds, 700.0)):.2f}"
    if not step.stance:
        return f"the other answers to the question: {times}"
    # a verb that is the same for one and for many: nobody knows whether a name stands for several
    said = f"{_SAID[step.stance]} it, as {step.type.replace('_', ' ')}: {times}"
    if step.phi < 0.995:
        said += f"; {step.phi:.0%} of it counts, for hedges and relays"
    if step.weight < 0.995:
        said += f"; weighs {step.weight:.0%}, as one of several alike"
    return said
