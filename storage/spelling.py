"""PURE: decides when two spellings are the same reason."""

import unicodedata
from functools import lru_cache

ENDS = ".,;:!?…"
"""Punctuation that ends a sentence: people type it after a reason."""


@lru_cache(1024)  # one word is often that of each of a thousand orders
def folded(reason: str) -> str:
    """The reason normalized for comparison: one case, single spaces, no invisible characters."""
    alike = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", reason).casefold())
    visible = "".join(" " if each.isspace() else each for each in alike if unicodedata.category(each) != "Cf")
    return " ".join(visible.split())


def without_end(reason: str) -> str:
    """The reason without the punctuation that ends it, unless it has nothing else."""
    return reason.rstrip(f"{ENDS} ") or reason


def reason_key(reason: str) -> str:
    """What all spellings of one reason have in common: searches, reports and lists compare reasons by it."""
    return without_end(folded(reason))
