"""Who is meant: mentions of sources to one identity within a document, see `resolver`.

`names` finds names in a text, `source_names` cuts a source's words to its name, `mentions` tells
what sort of mention it is, `antecedents` describes what it may refer to.
"""

from sourcescore.sources.resolver import SourceResolver

__all__ = ["SourceResolver"]
