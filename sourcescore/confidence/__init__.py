"""Evidence to confidence: see `scorer`.

The way of the data: `rows` (the evidence table as arrays), `voices` (one per origin), `weighed`
(what they make of each claim; `questions`: of claims that exclude one another), `intervals` and
`draws` (how unsure that is), `sensitivity` and `explanation` (what it hangs on). Learning:
`trials` (who was asked what), `truth_discovery` (who is right), `learned` (what came out),
`copying`, `calibration`.
"""

from sourcescore.confidence.scorer import VERDICTS, ClaimScorer, verdict

__all__ = ["VERDICTS", "ClaimScorer", "verdict"]
