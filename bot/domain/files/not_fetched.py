"""PURE: why a shared file could not be fetched."""

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """Why a file could not be fetched. The values are stored with the answer to the person."""

    EXTERNAL = "elsewhere"
    """Another service keeps it; the detail is that service's name, if Slack told it."""
    GONE = "gone"
    NOT_VISIBLE = "not_seen"
    SCOPE = "scope"
    """The token lacks a scope (the detail), or Slack showed its sign-in page."""
    TOKEN = "token"
    LIMITED = "limited"
    """Slack wants to be left alone for so many seconds (the detail)."""
    REFUSED = "refused"
    """Anything else that Slack says no with; the detail is its code."""
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class NotFetched:
    """Why the file could not be fetched."""

    trouble: Trouble
    detail: str = ""
