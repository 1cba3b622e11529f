"""PURE: when two spellings are one reason of the list."""

import unicodedata

ENDS = ".,;:!?…"
"""What ends a sentence and no reason: people type it after one."""


def folded(reason: str) -> str:
    """The reason by which spellings are told apart: in one case, with single spaces, without what is not to be seen."""
    alike = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", reason).casefold())
    seen = "".join(" " if each.isspace() else each for each in alike if unicodedata.category(each) != "Cf")
    return " ".join(seen.split())
