"""Statements to claims: the linker and its parts.

The data goes `features` (pairs of statements) or `given` (statements and given claims), `learning`
(regressions and cuts), `grouping`, then `sides` and `wording`; `linker` is the estimator.
"""

from .linker import ClaimLinker

__all__ = ["ClaimLinker"]
