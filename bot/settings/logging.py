"""Logs one line an event to standard error, in text or JSON, with every secret redacted.

Secrets are redacted where lines are written, not where they are logged: a library may put a token into a message, an
argument or an exception. Uncaught exceptions and faulty log calls, which no handler sees, take the same path. Of an
exception's text nothing is written that may quote what a person typed.
"""

import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO
from urllib.parse import quote, unquote, unquote_plus

from bot.settings.fields import SECRET_NAMES, Settings
from bot.settings.log_throttle import LogThrottle
from bot.settings.secret_files import FileSecret
from storage.log_events import LogEvent, about, current_context
from storage.processes import installed_version

HIDDEN = "(hidden)"

SDK_LOGGER = "slack_sdk.web.quiet"
"""Given to slack_sdk's client. At ERROR it quotes bodies and exceptions; the answer carries the same facts."""

_LIBRARIES = {
    **dict.fromkeys(
        ("alembic", "asyncio", "httpcore", "httpx", "sqlalchemy", "uvicorn", "websockets"), logging.WARNING
    ),
    **dict.fromkeys(("slack_bolt", "slack_sdk"), logging.ERROR),
    SDK_LOGGER: logging.CRITICAL,
}
"""Libraries that log every step, with the lowest level that quotes no address, header or body."""

_SHAPES = (
    re.compile(r"x(?:ox[a-z]|app|oxe\.xox[a-z])-[\w%.-]+"),  # Slack's tokens
    re.compile(r"(?i)bearer\s+[^\s'\",;)]+"),
    # Response URLs and web hooks: whoever has the address may post. Matched by path, since the host may be a
    # stand-in's.
    re.compile(r"(?i)/(?:commands|actions|app|services|workflows|triggers)/[TE0-9][\w%.-]*/[\w%./-]+"),
    re.compile(r"(?i)ticket=[^\s&'\"]+"),  # of a Socket Mode address
)
_AFTER = re.compile(r"(?i)(://[^\s:@/?#]*:)[^\s@/?#]+(?=@)|(password=)[^\s&'\"]+")
"""A password in an address or a database's parameters, after the part that stays: redacted however short it is."""

_PASSWORDS = (
    re.compile(r"://[^:@/?#]*:([^@/?#]+)@"),
    re.compile(r"(?i)[?&](?:ssl)?password=([^&]+)"),  # as libpq's parameters
)
"""Where an address of a database holds one; one that these would read differently is refused as a setting."""

_SHORTEST_SECRET = 6  # redacting anything shorter would remove ordinary words
_FIRST_FIELDS = ("event", "request", "delivery", "attempt")
_MOST_CALLS = 12
"""Innermost calls of a traceback that are written."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Redactor:
    """Redacts the given secrets, and anything shaped like one, from text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Redact these too: a secret's file may change while the bot serves."""
        self._secrets |= {*secrets}
        spellings = {each for secret in self._secrets for each in (secret, quote(secret, safe=""), repr(secret)[1:-1])}
        known = sorted((each for each in spellings if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def strike(self, text: str) -> str:
        """Return the text with every secret replaced by `(hidden)`."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for shape in _SHAPES:
            text = shape.sub(HIDDEN, text)
        return _AFTER.sub(rf"\1\2{HIDDEN}", text)


class _Lines(logging.Formatter):
    """Formats a record as one line with its fields; a traceback follows indented in text, and is a field in JSON."""

    def __init__(self, redactor: Redactor, process: str, *, as_json: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._process: dict[str, Any] = {"process": process, "version": installed_version()}
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        left_out = getattr(record, "left_out", 0)
        more = f" (and {left_out} such lines since the last)" if left_out else ""
        message = self._redactor.strike(record.getMessage() + more)
        fields = {name: self._struck(value) for name, value in self._fields(record).items()}
        trace = self._redactor.strike(_trace(record.exc_info[1])) if record.exc_info and record.exc_info[1] else ""
        if self._as_json:
            line = {"at": at, "level": record.levelname, "logger": record.name, "message": message, **fields}
            return json.dumps(line | ({"exception": trace} if trace else {}), ensure_ascii=True)
        pairs = " ".join(f"{name}={_one_word(value)}" for name, value in fields.items())
        text = f"{at} {record.levelname:<7} {record.name}: {_printable(message)} {pairs}"
        return "\n    ".join([text, *map(_printable, trace.splitlines())])

    def _fields(self, record: logging.LogRecord) -> Mapping[str, object]:
        given = {"event": record.__dict__.get("event"), **current_context(), **record.__dict__.get("fields", {})}
        in_order = {name: given.get(name) for name in _FIRST_FIELDS} | given | self._process
        return {name: value for name, value in in_order.items() if value is not None}

    def _struck(self, value: object) -> object:
        return self._redactor.strike(value) if isinstance(value, str) else value


class _RedactedStream(logging.StreamHandler[TextIO]):
    """Standard error, redacted. A faulty log call is reported by its place, never with its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # standard error is closed; work goes on
            self.stream.write(f"a log line could not be written: {record.pathname}:{record.lineno}\n")


def set_up_logging(settings: Settings, stream: TextIO | None = None, process: str = "") -> None:
    """Log to `stream`, by default standard error, according to `LOG_LEVEL` and `LOG_FORMAT`; `process` names this
    process in each line, by default by its number."""
    handler = _RedactedStream(stream or sys.stderr)
    redactor, name = Redactor(secrets_of(settings)), process or str(os.getpid())
    for secret in (getattr(settings, each.lower()) for each in SECRET_NAMES):
        if isinstance(secret, FileSecret):
            secret.when_changed = redactor.add
    handler.setFormatter(_Lines(redactor, name, as_json=settings.log_format == "json"))
    handler.addFilter(LogThrottle())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    quiet_libraries()
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def quiet_libraries() -> None:
    """Keep libraries from logging addresses, headers and bodies, whatever `LOG_LEVEL` says: a `response_url` is a
    secret."""
    for name, level in _LIBRARIES.items():
        logging.getLogger(name).setLevel(max(level, logging.getLogger().level))


def secrets_of(settings: Settings) -> list[str]:
    """Return every value that no line may hold; of the database's address only the password."""
    given = [getattr(settings, name.lower()) for name in SECRET_NAMES - {"DATABASE_URL"}]
    secrets = [secret.get_secret_value() for secret in given if secret is not None]
    found = [password for each in _PASSWORDS for password in each.findall(settings.database_url)]
    return secrets + [spelled for each in found for spelled in (each, unquote(each), unquote_plus(each))]


def _trace(error: BaseException) -> str:
    """The innermost calls of an error and of those it came from, oldest first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.insert(0, cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    parts = []
    for each in chain:
        parts += traceback.format_tb(each.__traceback__, -_MOST_CALLS)
        parts.append(f"{type(each).__qualname__}{_text_of(each)}\n")
    return "".join(parts)


def _text_of(error: BaseException) -> str:
    """The first line of an error's text: in the others a database quotes rows. Nothing of errors that quote values."""
    first = "" if isinstance(error, LookupError | ValueError) else "".join(str(error).splitlines()[:1])
    return f": {first}" if first else ""


def _printable(line: str) -> str:
    return _CONTROL.sub(" ", line)


def _one_word(value: object) -> str:
    """A field's value, in quotation marks where it would read as several."""
    text = _printable(str(value))
    return text if text and not set(' "=') & set(text) else json.dumps(text, ensure_ascii=False)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    extra = about(LogEvent.FAULT)
    logging.getLogger("bot").critical("an error that nobody caught", exc_info=(kind, error, trace), extra=extra)


def _uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    error = what.exc_value
    if error is not None and not isinstance(error, SystemExit):
        name = what.thread.name if what.thread else "a thread"
        exc_info = (type(error), error, what.exc_traceback)
        logging.getLogger("bot").critical("%s died", name, exc_info=exc_info, extra=about(LogEvent.FAULT))
