"""A past of finished requests, with all their events, so that it verifies."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from bench.standins import CHANNEL, PERSON, order_id
from bot.domain.policy.decide import decide, record
from bot.domain.policy.inputs import Facts
from bot.domain.policy.verdict import Act, Question, Rules
from storage.audit.log import Event, append, digest
from storage.db.migrate import migrate
from storage.db.transactions import Database
from storage.enums import AnswerKind, Doubt, EventKind, MessageKind, Origin, Outcome, Proof, RequestState
from storage.models import Attempt, OrderLine, Quota, Request
from storage.quotas import day_of
from storage.ranges import as_ranges
from storage.slack_models import SlackMessage

LINES_AT_A_TIME = 50_000
BATCH = 100
"""Orders that a call carries."""

_OTHER = "U0000002"
_OK = {"kind": "ok", "http_status": 200, "words": ""}


def _judged() -> str:
    rules, question = Rules(allowed_users=(PERSON, _OTHER)), Question(Act.GO_AHEAD, PERSON, PERSON, CHANNEL)
    return json.dumps(record(rules, question, Facts(), decide(rules, question, Facts())))


_VERDICT = _judged()


def past(url: str, orders: int, each: int, apart: timedelta = timedelta()) -> Database:
    """Fill a new database with requests of so many orders each, made so long after one another, the last one now."""
    database = Database(url)
    migrate(database)
    now, count = datetime.now(UTC), orders // each
    used: Counter[tuple[str, str]] = Counter()
    for numbers in _some_at_a_time(count, each):
        made = [_Made(number, each, now - (count - 1 - number) * apart) for number in numbers]
        with database.write(within_seconds=60) as transaction:
            transaction.session.execute(insert(Request), [one.row() for one in made])
            transaction.session.execute(insert(OrderLine), [line for one in made for line in one.lines()])
            transaction.session.execute(insert(Attempt), [call for one in made for call in one.calls()])
            transaction.session.execute(insert(SlackMessage), [one.message() for one in made])
            append(transaction.connection, now, [event for one in made for event in one.events()])
        for one in made:
            used[one.person, day_of(one.at)] += each
    with database.write(within_seconds=60) as transaction:
        transaction.session.add_all(Quota(person=person, day=day, orders=n) for (person, day), n in used.items())
    return database


def _some_at_a_time(count: int, each: int) -> Iterator[range]:
    some = max(1, min(1000, LINES_AT_A_TIME // each))
    return (range(first, min(first + some, count)) for first in range(0, count, some))


@dataclass(frozen=True, slots=True)
class _Made:
    """A request of so many orders, made, confirmed and finished at one moment."""

    number: int
    count: int
    at: datetime

    @property
    def person(self) -> str:
        return PERSON if self.number % 3 else _OTHER

    @property
    def public_id(self) -> str:
        return f"R-{self.number:06d}"

    def ids(self) -> list[str]:
        return [order_id(self.number * self.count + position) for position in range(self.count)]

    def row(self) -> dict[str, object]:
        return {
            "seq": self.number + 1,
            "public_id": self.public_id,
            "delivery_id": f"bench {self.number}",
            "team_id": "T0000001",
            "requester": self.person,
            "channel_id": CHANNEL,
            "origin": Origin.COMMAND,
            "reason": "duplicate",
            "order_count": self.count,
            "source": "{}",
            "state": RequestState.FINISHED,
            "verdict": _VERDICT,
            "created_at": self.at,
            "expires_at": self.at,
            "decided_at": self.at,
            "decided_by": self.person,
            "finished_at": self.at,
            "cancelled": self.count,
            "next_position": self.count,
        }

    def lines(self) -> Iterator[dict[str, object]]:
        for position, its_id in enumerate(self.ids()):
            yield {
                "request_seq": self.number + 1,
                "position": position,
                "order_id": its_id,
                "unlike_fincart": False,
                "doubt": Doubt.NONE,
                "outcome": Outcome.CANCELLED,
                "proof": Proof.ANSWER,
                "words": "",
                "settled_at": self.at,
            }

    def batches(self) -> Iterator[range]:
        return (range(first, min(first + BATCH, self.count)) for first in range(0, self.count, BATCH))

    def calls(self) -> Iterator[dict[str, object]]:
        for positions in self.batches():
            yield {
                "request_seq": self.number + 1,
                "positions": as_ranges(positions),
                "order_count": len(positions),
                "lease_token": 1,
                "planned_at": self.at,
                "ended_at": self.at,
                "result": AnswerKind.OK,
                "http_status": 200,
                "words": "",
            }

    def message(self) -> dict[str, object]:
        return {
            "request_seq": self.number + 1,
            "kind": MessageKind.LIVE,
            "key": "",
            "facts": "{}",
            "channel": CHANNEL,
            "ts": "1.1",
            "wanted": 4,
            "shown": 4,
            "shown_at": self.at,
        }

    def events(self) -> Iterator[Event]:
        ids, judged = self.ids(), digest(_VERDICT)
        made = {"team": "T0000001", "channel": CHANNEL, "origin": "command", "retry_of": None, "reason": "duplicate"}
        made |= {"order_count": self.count, "expires_at": self.at.isoformat(), "orders": ids}
        shown = {"rule": "ALLOWED_USERS", "judged": judged, "revision": 1, "approvals_needed": 0}
        counted = {"order_count": self.count, "counted_to": self.person, "day": day_of(self.at)}
        yield self._event(EventKind.REQUEST_MADE, made, self.person)
        yield self._event(EventKind.PREVIEW_SHOWN, shown)
        yield self._event(EventKind.WENT_AHEAD, shown | counted, self.person)
        yield self._event(EventKind.RUN_STARTED, {})
        for positions in self.batches():
            orders = [[ids[position], "cancelled", "answer", ""] for position in positions]
            yield self._event(EventKind.BATCH_SETTLED, {"attempt": self.number, "answer": _OK, "orders": orders})
        yield self._event(EventKind.FINISHED, {Outcome.CANCELLED.value: self.count})

    def _event(self, kind: EventKind, details: Mapping[str, object], who: str | None = None) -> Event:
        return Event(kind, who, self.public_id, details, at=self.at)
