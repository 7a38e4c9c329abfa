"""Evidence to confidence: see `scorer`.

`voices` turns rows into one voice per origin, `intervals` gives the spread of the log-odds,
`truth_discovery` learns from outcomes.
"""

from sourcescore.confidence.scorer import VERDICTS, ClaimScorer, verdict

__all__ = ["VERDICTS", "ClaimScorer", "verdict"]
