"""Score how confident a reader can be in each claim of a news text, from who is said to say it."""

__version__ = "0.1.0"
