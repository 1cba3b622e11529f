"""Waits at the start for a PostgreSQL server that is not there yet: both are often started together."""

import logging
import time

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from storage.db.engine import engine_of
from storage.db.servers import NO_TLS, in_words
from storage.db.transactions import StorageUnavailable
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

WITHIN_SECONDS = 60.0
_PAUSE = 0.5
_TELL_EVERY = 15.0

_REFUSED = ("FATAL:", NO_TLS, "certificate")
"""What is in the refusal of a server that is there: a wrong password, an unknown database. Waiting would not help."""
_NOT_YET = ("starting up", "shutting down", "not yet accepting", "recovery", "too many clients", "connection slots")
"""Refusals that pass by themselves."""


def wait_for_server(url: str, within_seconds: float = WITHIN_SECONDS) -> None:
    """Return once the server takes connections; at once for SQLite.

    Raises `StorageUnavailable` when the time is up, or at once if the server refuses for good.
    """
    if not url.startswith("postgresql"):
        return
    engine = engine_of(url)
    began, tell_at = time.monotonic(), 0.0
    try:
        while why := _trouble(engine):
            waited = time.monotonic() - began
            if _is_final(why):
                raise StorageUnavailable(why)
            if waited >= within_seconds:
                raise StorageUnavailable(f"{why} (waited {waited:.0f} seconds for it)")
            if waited >= tell_at:
                tell_at = waited + _TELL_EVERY
                words = "waiting for PostgreSQL, %.0f seconds at most: %s"
                log.warning(words, within_seconds - waited, why, extra=about(LogEvent.DATABASE_AWAY))
            time.sleep(min(_PAUSE, within_seconds - waited))
    finally:
        engine.dispose()


def _trouble(engine: Engine) -> str:
    """Connect once; return the driver's words for why that failed, or an empty text."""
    try:
        engine.connect().close()
    except DBAPIError as error:
        return " ".join(in_words(error.orig or error).split())
    return ""


def _is_final(why: str) -> bool:
    """Whether every server that the address names is there and refuses for good."""
    first, *each_host = why.split("- host:")
    return all(
        any(words in part for words in _REFUSED) and not any(words in part for words in _NOT_YET)
        for part in each_host or [first]
    )
