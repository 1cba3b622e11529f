"""Evidence as the database keeps it: through row objects alone, or through the tables and what fills them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from bot.domain.outcome.decide import CallEvidence as Call
from bot.domain.outcome.decide import Evidence
from bot.execution.evidence import EvidenceBuilder, log_to_row
from storage import attempts, order_lines, requests
from storage.db.transactions import Database, Transaction
from storage.enums import AnswerKind, EventKind, Origin
from storage.id_source import IdSource
from storage.models import Attempt, Request
from storage.order_lines import OrderRow
from storage.outcomes import OutcomeUpdate, settle
from storage.requests import NewOrder, NewRequest

MATES = 3
"""So many orders beside it are in each call that it does not travel in alone."""

_NUMBERS = count(1)


def through_row_objects(evidence: Evidence, previewed: str | None) -> Evidence:
    """What comes back of it from rows that nobody has stored. `previewed`: the status that the preview read."""
    calls = [_row(number, each) for number, each in enumerate(evidence.attempts)]
    line = OrderRow(
        position=0,
        order_id="6864fecda075914a1b1e353c",
        unlike_fincart=False,
        seen_status=previewed,
        first_sent_at=evidence.first_sent_at,
        doubt=evidence.doubt,
        outcome=None,
        proof=None,
        words=None,
        settled_at=None,
        log=log_to_row(evidence),
        waits_since=evidence.waits_since,
    )
    return EvidenceBuilder(calls, sending_allowed=evidence.sending_allowed).of(line)


@cache
def _row(number: int, call: Call) -> Attempt:
    return Attempt(
        id=number,
        request_seq=1,
        positions="0" if call.alone else f"0-{MATES}",
        order_count=1 if call.alone else 1 + MATES,
        planned_at=call.ended_at,
        ended_at=call.ended_at,
        open_until=call.open_until,
        result=call.kind,
        was_lost=call.answered_late,
        words=call.words,
    )


class Tables:
    """A database whose clock shows what the evidence wants, and where it is written as the bot writes it."""

    def __init__(self, url: str) -> None:
        self._now = datetime(2026, 11, 24, tzinfo=UTC)
        self._database = Database(url, lambda: self._now)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def through(self, evidence: Evidence, previewed: str | None) -> Evidence:
        """What comes back of it from the tables."""
        with self._database.write() as transaction:
            request = self._request(transaction, previewed)
            public_id = request.public_id
            own = order_lines.at(transaction, request, "0")
            for each in evidence.attempts:
                self._attempt(transaction, request, each)
            order_lines.first_sent(transaction, request, "0", evidence.first_sent_at)
            found = OutcomeUpdate(own[0], None, None, evidence.doubt, log_to_row(evidence), evidence.waits_since)
            settle(transaction, request, [found], kind=EventKind.LOGS_READ)
        with self._database.write() as transaction:
            locked = requests.lock(transaction, public_id)
            assert locked is not None
            calls = attempts.ended(transaction, locked)
            evidences = EvidenceBuilder(calls, sending_allowed=evidence.sending_allowed)
            return evidences.of(order_lines.at(transaction, locked, "0")[0])

    def _request(self, transaction: Transaction, previewed: str | None) -> Request:
        number = next(_NUMBERS)
        orders = [NewOrder(f"{number:08x}{place:016x}") for place in range(1 + MATES)]
        new = NewRequest(
            f"R-{number:06d}",
            f"d{number}",
            "T1",
            "U1",
            "C1",
            Origin.COMMAND,
            None,
            orders,
            len(orders),
            source=IdSource(),
        )
        request = requests.make(transaction, new, self._now + timedelta(seconds=900))
        if previewed is not None:
            requests.store_statuses(transaction, request, {orders[0].order_id: (previewed, None, self._now)})
        return request

    def _attempt(self, transaction: Transaction, request: Request, each: Call) -> None:
        attempt = attempts.plan_first(transaction, request, [range(1 if each.alone else 1 + MATES)])[0]
        transaction.session.flush()
        self._now = each.ended_at
        if each.answered_late:
            attempts.end(transaction, attempt, AnswerKind.INDETERMINATE, None, "", each.open_until)
        attempts.end(transaction, attempt, each.kind, None, each.words, each.open_until)
