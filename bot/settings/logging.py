"""Logging: one line an event on standard error, in text or JSON, out of which every secret is struck.

Secrets are struck where lines are written, not where they are logged: a library may put a token into a message, an
argument or an exception, and none of them asks us. What no handler sees (an exception that nobody caught, a log call
that is itself wrong) is led through the same place.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, unquote, unquote_plus

from bot.settings.fields import SECRET_NAMES, Settings

HIDDEN = "(hidden)"

_NOISY = ("alembic", "asyncio", "httpcore", "httpx", "slack_bolt", "slack_sdk", "sqlalchemy", "uvicorn", "websockets")
"""Libraries that at INFO and below log what they do all day, and some of them bodies and headers."""

_SHAPES = (
    re.compile(r"x(?:ox[a-z]|app|oxe\.xox[a-z])-[\w%.-]+"),  # Slack's tokens
    re.compile(r"(?i)bearer\s+[^\s'\",;)]+"),
    # Response URLs and web hooks: whoever has the address may write. By path, since the host may be a stand-in's.
    re.compile(r"(?i)/(?:commands|actions|app|services|workflows|triggers)/[TE0-9][\w%.-]*/[\w%./-]+"),
    re.compile(r"(?i)ticket=[^\s&'\"]+"),  # of a Socket Mode address
)
_AFTER = re.compile(r"(?i)(://[^\s:@/?#]*:)[^\s@/?#]+(?=@)|(password=)[^\s&'\"]+")
"""A password in an address or among a database's parameters, after what is kept: struck out however short it is."""

_PASSWORDS = (
    re.compile(r"://[^:@/?#]*:([^@/?#]+)@"),
    re.compile(r"(?i)[?&](?:ssl)?password=([^&]+)"),  # as libpq's parameters
)
"""Where an address of a database holds one; one that these would read differently is refused as a setting."""

_SHORTEST_SECRET = 6  # striking out anything shorter would eat ordinary words
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Redactor:
    """Strikes secrets out of text: those it was given, and whatever has the shape of one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelled for secret in secrets for spelled in (secret, quote(secret, safe=""), repr(secret)[1:-1])}
        known = sorted((each for each in spellings if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def strike(self, text: str) -> str:
        """The text with every secret replaced by `(hidden)`."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for shape in _SHAPES:
            text = shape.sub(HIDDEN, text)
        return _AFTER.sub(rf"\1\2{HIDDEN}", text)


class _Lines(logging.Formatter):
    """Writes an event as one line; a traceback follows it, indented, in text, and is a field of it in JSON."""

    def __init__(self, redactor: Redactor, *, as_json: bool) -> None:
        super().__init__()
        self._redactor = redactor
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = self._redactor.strike(record.getMessage())
        trace = self._redactor.strike(self.formatException(record.exc_info)) if record.exc_info else ""
        if self._as_json:
            fields = {"at": at, "level": record.levelname, "logger": record.name, "message": message}
            return json.dumps(fields | ({"exception": trace} if trace else {}), ensure_ascii=True)
        line = f"{at} {record.levelname:<7} {record.name}: {_CONTROL.sub(' ', message)}"
        return "\n    ".join([line, *map(_printable, trace.splitlines())])


class _RedactedStream(logging.StreamHandler[TextIO]):
    """Standard error. A log call that is itself wrong is told by its place alone, never with its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # nobody reads standard error any more: work goes on
            self.stream.write(f"a log line could not be written: {record.pathname}:{record.lineno}\n")


def set_up_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Log to `stream`, by default standard error, as `LOG_LEVEL` and `LOG_FORMAT` say."""
    handler = _RedactedStream(stream or sys.stderr)
    handler.setFormatter(_Lines(Redactor(secrets_of(settings)), as_json=settings.log_format == "json"))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def secrets_of(settings: Settings) -> list[str]:
    """Every value that no line may hold; of the database's address only its password."""
    given = [getattr(settings, name.lower()) for name in SECRET_NAMES - {"DATABASE_URL"}]
    secrets = [secret.get_secret_value() for secret in given if secret is not None]
    found = [password for each in _PASSWORDS for password in each.findall(settings.database_url)]
    return secrets + [spelled for each in found for spelled in (each, unquote(each), unquote_plus(each))]


def _printable(line: str) -> str:
    return _CONTROL.sub(" ", line)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("bot").critical("an error that nobody caught", exc_info=(kind, error, trace))


def _uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    error = what.exc_value
    if error is not None and not isinstance(error, SystemExit):
        name = what.thread.name if what.thread else "a thread"
        logging.getLogger("bot").critical("%s died", name, exc_info=(type(error), error, what.exc_traceback))
