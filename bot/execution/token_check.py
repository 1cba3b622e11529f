"""Finds out whether a 403 is about the token, or about one order of the call (docs/truth.md)."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from bot.context import Context
from bot.domain.outcome.responses import TOKEN_MESSAGE
from bot.execution.log_batch import NOT_ASKED, record_readings, rest_of_reads
from bot.execution.send_queue import Planned
from bot.fincart.client import Answer, LogKind, LogReading
from storage import attempts, log_reads
from storage.db.transactions import StorageUnavailable, Transaction
from storage.enums import AnswerKind
from storage.log_events import LogEvent, about
from storage.models import Attempt

log = logging.getLogger(__name__)

IN_A_ROW = 3
"""Single orders in a row answered 403 although logs can be read: the token may read but not cancel."""

PAUSE = 0.5
"""Seconds between tries when Fincart's log or the database cannot be read."""

T = TypeVar("T")


class _Stopping(Exception):
    """The process is stopping before the question is settled."""


def classify_403(context: Context, planned: Planned, answer: Answer) -> Answer:
    """Decide what a 403 means: REFUSED if the token can still read a log that it has read before, else TOKEN.

    Call it with no transaction open. If the process stops first, the answer is INDETERMINATE. If Fincart answers no log
    for as long as settlement waits for one, it is TOKEN: that holds all sending, and nothing was cancelled.
    """
    if answer.kind is not AnswerKind.TOKEN or answer.http_status != 403:
        return answer
    until = context.uptime() + context.timings.truth.reads_within
    try:
        for order_id in _read_before(context, planned):
            reading = _read(context, order_id, until)
            if reading.kind is LogKind.READ:
                extra = about(LogEvent.FORBIDDEN_ONCE, request=planned.public_id, attempt=planned.attempt.id)
                words = "Fincart answered a call of %s with 403 but still returns logs"
                log.warning(words, planned.public_id, extra=extra)
                return replace(answer, kind=AnswerKind.REFUSED)
            if reading.http_status in (401, 403):
                break
    except _Stopping:
        return replace(answer, kind=AnswerKind.INDETERMINATE)
    return answer


def third_403_in_a_row(transaction: Transaction, attempt: Attempt, answer: Answer) -> Answer:
    """Treat the third 403 in a row for a single order as a rejected token.

    It counts stored attempts, so the count survives restarts and spans processes.
    """
    says_so = answer.kind is AnswerKind.REFUSED and answer.http_status == 403 and answer.words == TOKEN_MESSAGE
    if attempt.order_count > 1 or not says_so:
        return answer
    if attempts.refused_alone(transaction, 403, TOKEN_MESSAGE) < IN_A_ROW - 1:
        return answer
    words = f"{answer.words}: {IN_A_ROW} single orders in a row, though logs can be read"
    return replace(answer, kind=AnswerKind.TOKEN, words=words)


def _read_before(context: Context, planned: Planned) -> list[str]:
    """Orders whose logs have been read, one of this call first."""

    def ask() -> list[str]:
        with context.database.read() as session:
            return log_reads.read_before(session, planned.seq, planned.attempt.positions)

    return _retry_until_available(context, ask)


def _read(context: Context, order_id: str, until: float) -> LogReading:
    """Read this log, retrying after each pause of log reads until it is answered or the time is up."""
    while True:
        reading, rest = NOT_ASKED, _retry_until_available(context, lambda: rest_of_reads(context))
        if not rest.rests:
            reading = context.fincart.read_log(order_id)
            _record(context, reading, rest.probed_until)
        if reading.kind is not LogKind.UNAVAILABLE or context.uptime() >= until:
            return reading
        if context.wait(PAUSE):
            raise _Stopping


def _record(context: Context, reading: LogReading, probed_until: datetime | None) -> None:
    def keep() -> None:
        with context.database.write() as transaction:
            record_readings(context, transaction, [reading], probed_until)

    _retry_until_available(context, keep)


def _retry_until_available(context: Context, do: Callable[[], T]) -> T:
    """Run this, retrying while the database is unavailable. Raises `_Stopping`."""
    while True:
        try:
            return do()
        except StorageUnavailable:
            if context.wait(PAUSE):
                raise _Stopping from None
