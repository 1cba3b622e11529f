"""The log: one line an event, with its fields, and no secret."""

import io
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from logging_restored import logging_restored
from world import FINCART_TOKEN

from bot.settings import values
from bot.settings.log_throttle import LogThrottle
from bot.settings.logging import HIDDEN, Redactor, set_up_logging
from bot.settings.model import Need, load_settings
from bot.settings.secret_files import FileSecret
from storage.log_events import LogEvent, about, log_context


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Sets logging up as `serve` does, logs what it is given, and returns what was written."""
    path = tmp_path / "log"

    def log(act: Callable[[], object], **settings: str) -> str:
        given = {"SLACK_SIGNING_SECRET": "5ecret-of-signing", "FINCART_TOKEN": FINCART_TOKEN} | settings
        given |= {"SLACK_BOT_TOKEN": "xoxb-1-2-three", "ALLOW_EVERYONE": "true"}
        with path.open("w", encoding="utf-8") as stream:
            set_up_logging(load_settings(given, None), stream)
            act()
        return path.read_text(encoding="utf-8")

    with logging_restored():
        yield log


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-1-2-three",
        "xapp-1-A0-99-abcdef",
        "xoxe.xoxp-1-Mi0yLTEt",
        "5ecret-of-signing",
        FINCART_TOKEN,
        "/commands/T0000001/123456/AbCdEfGh",
        "/actions/T0000001/123456/AbCdEfGh",
        "ticket=0f9e8d7c",
    ],
)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_reaches_the_log_by_whatever_way(logged: Callable[..., str], log_format: str, secret: str) -> None:
    library = logging.getLogger("some.library")

    def act() -> None:
        library.error("plain https://hooks.slack.com%s", secret)
        library.error("in an argument: %r", {"header": f"Bearer {secret}"})
        try:
            raise RuntimeError(f"no such address: https://hooks.slack.com{secret}")
        except RuntimeError:
            library.exception("in an exception")
        library.error("wrong: %d", secret)

    written = logged(act, LOG_FORMAT=log_format)

    assert secret not in written
    assert 3 <= written.count(HIDDEN)


def test_the_password_of_the_database_is_struck_out_however_it_is_spelt(logged: Callable[..., str]) -> None:
    url = "postgresql+psycopg://bot:p%40ss-word@db.example.com/bot"

    written = logged(lambda: logging.error("%s or p@ss-word", url), DATABASE_URL=url)

    assert f"bot:{HIDDEN}@db.example.com/bot or {HIDDEN}" in written


def test_what_nobody_catches_in_a_thread_is_logged_without_its_secret(logged: Callable[..., str]) -> None:
    def die() -> None:
        raise RuntimeError(f"token {FINCART_TOKEN}")

    def act() -> None:
        thread = threading.Thread(target=die, name="lane")
        thread.start()
        thread.join()

    written = logged(act)

    assert "lane died" in written
    assert FINCART_TOKEN not in written


def test_nobody_can_write_a_line_of_the_log_by_typing_one(logged: Callable[..., str]) -> None:
    written = logged(lambda: logging.getLogger("bot").info("typed: %s", "x\n2026-11-24 ERROR bot: all is lost"))

    assert 1 == len(written.splitlines())


def test_a_json_log_is_one_object_a_line(logged: Callable[..., str]) -> None:
    written = logged(lambda: logging.getLogger("bot").info("line\nbreak"), LOG_FORMAT="json")

    assert [("INFO", "bot", "line\nbreak")] == [
        (line["level"], line["logger"], line["message"]) for line in map(json.loads, written.splitlines())
    ]


def test_libraries_do_not_tell_what_they_do_all_day(logged: Callable[..., str]) -> None:
    def act() -> None:
        for name in ("alembic.runtime.migration", "uvicorn.error", "httpx", "slack_sdk.web.base_client"):
            logging.getLogger(name).info("chatter")

    assert "" == logged(act, LOG_LEVEL="DEBUG")


def test_ordinary_words_are_left_as_they_are() -> None:
    words = "run python -m bot audit list in /actions or /commands; request R-7K3F9Q holds"

    assert words == Redactor(["short"]).strike(words)


def test_a_secret_that_begins_like_a_shorter_one_is_struck_out_to_its_end() -> None:
    assert f"given: {HIDDEN}" == Redactor(["fincart", "fincart-token"]).strike("given: fincart-token")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://bot:pw123@db/orders",
        "postgresql+psycopg://db/orders?user=bot&password=p@pw123",
        "postgresql+psycopg://db/orders?user=bot&Password=pw123&sslmode=require",
    ],
)
def test_a_short_password_is_struck_out_of_an_address(url: str) -> None:
    struck = Redactor().strike(f"cannot connect to {url}: refused")

    assert "pw123" not in struck
    assert struck.startswith("cannot connect to postgresql+psycopg://")
    assert struck.endswith("refused")


def test_a_password_among_parameters_is_struck_out_as_it_is_sent_too(logged: Callable[..., str]) -> None:
    url = "postgresql+psycopg://db/orders?user=bot&password=a+secret+b"

    written = logged(lambda: logging.error("no such user: a secret b"), DATABASE_URL=url)

    assert f"no such user: {HIDDEN}" in written


# --- fields


def test_every_line_names_its_process_and_its_version(logged: Callable[..., str]) -> None:
    (line,) = map(json.loads, logged(lambda: logging.error("of a library"), LOG_FORMAT="json").splitlines())

    assert str(os.getpid()) == line["process"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", line["version"])


def test_a_line_of_text_ends_with_the_fields_that_a_line_of_json_has(logged: Callable[..., str]) -> None:
    def act() -> None:
        with log_context(delivery="d1"):
            extra = about(LogEvent.CALL_INDETERMINATE, request="R-7K3F9Q", attempt=3, why="no answer", http_status=None)
            logging.getLogger("bot").warning("nobody knows", extra=extra)

    pairs = 'event=call_indeterminate request=R-7K3F9Q delivery=d1 attempt=3 why="no answer" process='

    assert f"WARNING bot: nobody knows {pairs}" in logged(act)


def test_a_secret_in_a_field_is_struck_out(logged: Callable[..., str]) -> None:
    extra = about(LogEvent.HELD, why=f"token {FINCART_TOKEN}")

    assert FINCART_TOKEN not in logged(lambda: logging.getLogger("bot").error("held", extra=extra), LOG_FORMAT="json")


def test_a_secret_that_its_file_got_while_the_bot_serves_is_struck_out_as_well(tmp_path: Path) -> None:
    path, seconds, stream = tmp_path / "token", [0.0], io.StringIO()
    path.write_text("the-token-before", encoding="utf-8")
    token = FileSecret("FINCART_TOKEN", path, values.fincart_token, lambda: seconds[0])
    with logging_restored():
        set_up_logging(load_settings({}, None, need=Need.AUDIT).model_copy(update={"fincart_token": token}), stream)
        path.write_text("the-token-after", encoding="utf-8")
        seconds[0] = 5.0
        token.get_secret_value()
        logging.getLogger("bot").error("the-token-before, the-token-after")

    assert f"{HIDDEN}, {HIDDEN}" in stream.getvalue()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("failed\nDETAIL: Failing row contains (typed by ann)"),
        KeyError("typed by ann"),
        ValueError("typed by ann"),
    ],
)
def test_of_an_exception_nothing_is_written_that_may_quote_what_was_typed(
    logged: Callable[..., str], error: Exception
) -> None:
    def act() -> None:
        try:
            raise OSError("disk is full") from error
        except OSError:
            logging.getLogger("bot").exception("a step failed", extra=about(LogEvent.FAULT))

    written = logged(act)

    assert "OSError: disk is full\n" in written
    assert type(error).__name__ in written
    assert "typed by ann" not in written


# --- repeated lines


class Written:
    """What a throttle lets through of lines logged at moments of its own clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[tuple[float, int]] = []
        self._throttle = LogThrottle(lambda: self.now)

    def log(self, event: LogEvent | None, line: int = 1, **fields: object) -> None:
        record = logging.LogRecord("bot", logging.ERROR, "module.py", line, "words", (), None)
        record.__dict__.update(about(event, **fields) if event else {})
        if self._throttle.filter(record):
            self.lines.append((self.now, getattr(record, "left_out", 0)))


def test_a_database_that_is_away_for_an_hour_is_a_dozen_lines_that_count_the_others() -> None:
    written = Written()
    for moment in range(7200):
        written.now = moment / 2
        for _ in range(10):
            written.log(LogEvent.DATABASE_AWAY)

    assert [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030] == [round(at) for at, _ in written.lines]
    assert [0, 199, 399] == [left_out for _, left_out in written.lines[:3]]


def test_what_has_stayed_away_is_said_at_once_when_it_comes_again() -> None:
    written = Written()
    for moment in (0, 5, 11, 12, 100, 101, 111):
        written.now = moment
        written.log(LogEvent.DATABASE_AWAY)

    assert [(0, 0), (11, 1), (100, 1), (111, 1)] == written.lines


@pytest.mark.parametrize("event", [LogEvent.MESSAGE_GIVEN_UP, LogEvent.FINISHED, LogEvent.HELD])
def test_each_happening_is_written(event: LogEvent) -> None:
    written = Written()
    for _ in range(3):
        written.log(event, hold="token")

    assert 3 == len(written.lines)


def test_a_rate_limit_every_second_is_a_few_lines() -> None:
    written = Written()
    for moment in range(60):
        written.now = moment
        written.log(LogEvent.HELD, hold="rate_limit")
        written.log(LogEvent.HOLD_ENDED, hold="rate_limit")

    assert 6 == len(written.lines)


def test_a_librarys_line_is_throttled_by_its_place() -> None:
    written = Written()
    for line in (1, 1, 2, 1):
        written.log(None, line)

    assert 2 == len(written.lines)
