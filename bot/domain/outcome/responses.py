"""PURE: classifies Fincart's answers and order logs into closed sets of values.

The classes are those of the truth table: an HTTP exchange becomes an `Answer` of one of five kinds, a log a
`LogReading` of one of four. Anything Fincart does not document is read the safe way: an answer is indeterminate (it may
have been applied), a log is unreadable.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from storage.enums import AnswerKind

WORDS_LIMIT = 300
RETRY_AFTER_LIMIT = 3600.0
DATE_WITHIN = 1.5
"""Seconds that an answer may take for its `Date` to be believed; the clocks are allowed 5 seconds (docs/truth.md)."""
TOKEN_MESSAGE = "User is not authorized"  # as Fincart documents it


@dataclass(frozen=True, slots=True)
class Answer:
    """One cancel call's result. `words` are Fincart's own, or say what failed: at most 300 characters, without control
    characters and the token. `retry_after` is in seconds, at most an hour."""

    kind: AnswerKind
    http_status: int | None
    words: str
    retry_after: float | None = None


class LogKind(StrEnum):
    """Whether an order's log could be read."""

    READ = "read"
    ABSENT = "absent"  # 404 with Fincart's error body
    UNREADABLE = "unreadable"
    UNAVAILABLE = "unavailable"  # 429, 5xx or no answer: says nothing about the order


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of an order's log, in Fincart's words and Fincart's time."""

    title: str
    description: str
    created_at: datetime
    by: str

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the entry says that the order was cancelled."""
        return is_cancelled(self.title)


def is_cancelled(status: str) -> bool:
    """Tell whether a status is cancelled. Fincart does not document the spelling: both English ones count, in any
    case."""
    return status.strip().casefold() in {"cancelled", "canceled"}


def is_pending(status: str) -> bool:
    """Tell whether Fincart would still cancel an order of this main status."""
    return status.strip().casefold() == "pending"


def is_past_pending(status: str) -> bool:
    """Whether Fincart documents this main status as one that comes after pending; of another word nothing is known."""
    return is_cancelled(status) or status.strip().casefold() in {"processing", "successful", "unsuccessful"}


@dataclass(frozen=True, slots=True)
class LogReading:
    """One reading of an order's log. `entries` are oldest first, and non-empty exactly if the kind is READ; otherwise
    `why` says what failed."""

    kind: LogKind
    entries: tuple[LogEntry, ...] = ()
    why: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    is_empty: bool = False
    """It is a log as documented, with no entry."""

    def __post_init__(self) -> None:
        if bool(self.entries) != (self.kind is LogKind.READ):
            raise ValueError("a log that was read has entries, and only such a log has")

    @property
    def status(self) -> str | None:
        """Return the order's main status: the newest entry's title, in Fincart's spelling."""
        return self.entries[-1].title if self.entries else None

    @property
    def cancelled(self) -> LogEntry | None:
        """Return the newest cancelled entry, even if other entries follow it."""
        return next((entry for entry in reversed(self.entries) if entry.is_cancelled), None)

    @property
    def is_pending(self) -> bool:
        """Tell whether the order can still be cancelled, by this log."""
        return self.cancelled is None and is_pending(self.status or "")


@dataclass(frozen=True, slots=True)
class Exchange:
    """An HTTP answer. `body` is None if it was cut off, too long or too slow. `seconds` passed from the first byte sent
    to the last header, which came at `received_at` on our clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    received_at: datetime
    seconds: float


def clean(text: str, secret: str) -> str:
    """Return `text` as one bounded line fit to store and show: no control or format characters, no lone surrogates, no
    `secret`."""

    def masked(words: str) -> str:
        return words.replace(secret, "[token]") if secret else words

    spaced = " ".join(masked(text).split())
    plain = "".join(char for char in spaced if not unicodedata.category(char).startswith("C"))
    plain = masked(plain)
    return plain if len(plain) <= WORDS_LIMIT else plain[: WORDS_LIMIT - 1] + "…"


def classify_cancel(exchange: Exchange, secret: str) -> Answer:
    """Classify an HTTP exchange of the cancel call."""
    kind, words = _kind_and_words(exchange)
    return Answer(
        kind,
        exchange.status,
        clean(words, secret),
        retry_after(exchange),
    )


def _kind_and_words(exchange: Exchange) -> tuple[AnswerKind, str]:
    status = exchange.status
    message = error_message(exchange)
    fallback = message or f"Fincart answered HTTP {status}"
    if status == 200:
        return _kind_of_200(exchange)
    if status == 429:
        return AnswerKind.NOT_APPLIED, fallback
    if status == 401 or (status == 403 and message is not None and message.strip() == TOKEN_MESSAGE):
        return AnswerKind.TOKEN, fallback
    if status in {413, 414}:
        return AnswerKind.REFUSED, fallback
    if 400 <= status < 500 and status != 408 and message is not None:
        return AnswerKind.REFUSED, message
    if message is not None:
        return AnswerKind.INDETERMINATE, message
    return AnswerKind.INDETERMINATE, _not_fincarts(exchange)


def _not_fincarts(exchange: Exchange) -> str:
    if exchange.body is None:
        return f"HTTP {exchange.status}, and the rest of the answer never came"
    return f"HTTP {exchange.status} with a body that is not Fincart's"


def _kind_of_200(exchange: Exchange) -> tuple[AnswerKind, str]:
    body = _json_object(exchange.body)
    data = body.get("data") if body else None
    status = data.get("status") if isinstance(data, dict) else None
    if body is None or not isinstance(data, dict) or not isinstance(status, str):
        return AnswerKind.INDETERMINATE, _not_fincarts(exchange)
    message = next((text for text in (data.get("msg"), body.get("message")) if isinstance(text, str) and text), "")
    if status == "success":
        if _is_number(body.get("statusCode"), 200):
            return AnswerKind.OK, message or "success"
        return AnswerKind.INDETERMINATE, "HTTP 200 whose body contradicts itself"
    # A body with another status than HTTP's may report a partial failure: it is no plain refusal.
    if "statusCode" in body and not _is_number(body["statusCode"], 200):
        return AnswerKind.INDETERMINATE, "HTTP 200 whose body contradicts itself"
    return AnswerKind.REFUSED, message or f"status {status}"


def classify_log_answer(exchange: Exchange, secret: str) -> LogReading:
    """Classify an HTTP exchange of the log call."""
    status = exchange.status
    message = error_message(exchange)
    pause = retry_after(exchange)
    if status == 404 and message is not None:
        return LogReading(LogKind.ABSENT, (), clean(message, secret), status, pause)
    entries = _log_entries(exchange.body, secret) if status == 200 else None
    if entries:
        return LogReading(LogKind.READ, entries, "", status, pause)
    if entries is not None:
        return LogReading(LogKind.UNREADABLE, (), "the log has no entries", status, pause, is_empty=True)
    why = "the log is not as Fincart documents it" if status == 200 else message or f"Fincart answered HTTP {status}"
    kind = LogKind.UNAVAILABLE if status == 429 or status >= 500 else LogKind.UNREADABLE
    return LogReading(kind, (), clean(why, secret), status, pause)


def _log_entries(raw: bytes | None, secret: str) -> tuple[LogEntry, ...] | None:
    body = _json_object(raw)
    data = body.get("data") if body and _is_number(body.get("statusCode"), 200) else None
    logs = data.get("logs") if isinstance(data, dict) else None
    if not isinstance(logs, list):
        return None
    entries = [_log_entry(line, secret) for line in logs]
    known = [entry for entry in entries if entry is not None]
    if len(known) != len(entries):
        return None
    # Fincart lists newest first; that order decides between equal times.
    if known and known[0].created_at >= known[-1].created_at:
        known.reverse()
    return tuple(sorted(known, key=lambda entry: entry.created_at))


def _log_entry(line: object, secret: str) -> LogEntry | None:
    if not isinstance(line, dict):
        return None
    title, written = line.get("title"), line.get("createdAt")
    if not isinstance(title, str) or not title.strip() or not isinstance(written, str):
        return None
    try:
        created_at = datetime.fromisoformat(written)
        if created_at.tzinfo is None:
            return None
        created_at = created_at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    description, by = line.get("description"), line.get("by")
    return LogEntry(
        clean(title, secret),
        clean(description, secret) if isinstance(description, str) else "",
        created_at,
        clean(by, secret) if isinstance(by, str) else "",
    )


def error_message(exchange: Exchange) -> str | None:
    """Return the message of Fincart's error body: a JSON object whose `statusCode` equals the HTTP status, with a text
    `message`. None for any other body."""
    body = _json_object(exchange.body)
    if body is None or not _is_number(body.get("statusCode"), exchange.status):
        return None
    message = body.get("message")
    return message if isinstance(message, str) and message.strip() else None


def retry_after(exchange: Exchange) -> float | None:
    """Return the seconds of a `Retry-After` header in either form, between 0 and an hour."""
    written = exchange.headers.get("retry-after", "").strip()
    if not written:
        return None
    if written.isascii() and written.isdigit():
        return min(float(written[:9]), RETRY_AFTER_LIMIT)
    until = _http_date(written)
    if until is None:
        return None
    start = _http_date(exchange.headers.get("date", "")) or exchange.received_at
    return min(max((until - start).total_seconds(), 0.0), RETRY_AFTER_LIMIT)


def date_of(exchange: Exchange) -> datetime | None:
    """Return Fincart's time at `received_at` from the `Date` header, at most `DATE_WITHIN` and a second late.

    None if it is less certain: a suspended process reads an answer late, and a cache or gateway sends another clock's
    or an old time.
    """
    date = _http_date(exchange.headers.get("date", ""))
    by_fincart = "age" not in exchange.headers and "statusCode" in (_json_object(exchange.body) or {})
    return date if by_fincart and exchange.seconds <= DATE_WITHIN else None


def _http_date(written: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(written)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _json_object(raw: bytes | None) -> dict[str, object] | None:
    if raw is None:
        return None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_number(value: object, number: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == number
