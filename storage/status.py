"""The bot's status for the person on call, read from the database alone in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from storage import place, processes, send_gate
from storage.audit.checkpoint import Checkpoint, checkpoints
from storage.audit.log import last_head
from storage.enums import OPEN_STATES, RUNNING, UNDECIDED, Outcome, RequestState
from storage.models import Hold, OrderLine, Request
from storage.operation_models import DatabasePlace, LastVerification, ServingProcess
from storage.slack_messages import was_given_up
from storage.slack_models import Delivery, SlackMessage


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that Slack refused and the bot no longer sends."""

    kind: str
    public_id: str | None
    channel: str | None
    trouble: str


@dataclass(frozen=True, slots=True)
class BotStatus:
    """The bot's status at one moment."""

    at: datetime
    holds: Sequence[Hold]
    requests: Mapping[RequestState, int]
    held_requests: Sequence[str]
    """Requests on hold until a person presses Go on."""
    due: Mapping[str, datetime | None]
    """When the oldest due work of each lane became due; None: nothing is due."""
    undelivered: Sequence[Undelivered]
    tried_again: Mapping[str, int]
    """How many messages Slack has not taken yet, by the reason."""
    outcomes: Mapping[Outcome, int]
    events: int
    archives: Sequence[Checkpoint]
    """What holds the requests that are counted here no more."""
    verification: LastVerification | None
    processes: Sequence[ServingProcess]
    place: DatabasePlace | None
    is_moved: bool
    """The record goes on in another database."""
    database_bytes: int

    @property
    def serving(self) -> Sequence[ServingProcess]:
        """Those processes that are alive now."""
        return [each for each in self.processes if self.at - each.seen_at <= processes.PRESENT]

    @property
    def unknown_orders(self) -> int:
        """Orders that may or may not be cancelled."""
        return self.outcomes[Outcome.UNKNOWN]


def status(session: Session, now: datetime) -> BotStatus:
    """Reads the bot's status."""
    counts = [func.sum(getattr(Request, outcome.value)).label(outcome.value) for outcome in Outcome]
    by_state = session.execute(
        select(col(Request.state), func.count().label("how_many"), *counts).group_by(col(Request.state))
    ).all()
    held = select(col(Request.public_id)).where(
        col(Request.state).in_(OPEN_STATES), col(Request.held_at).is_not(None), col(Request.stopped_at).is_(None)
    )
    head = last_head(session.connection())
    return BotStatus(
        at=now,
        holds=send_gate.in_force(session),
        requests={row.state: row.how_many for row in by_state},
        outcomes={outcome: int(sum(getattr(row, outcome.value) for row in by_state)) for outcome in Outcome},
        held_requests=session.scalars(held.order_by(col(Request.seq))).all(),
        due=_due(session, now),
        undelivered=_undelivered(session),
        tried_again=_tried_again(session),
        events=head.seq if head else 0,
        archives=checkpoints(session.connection()),
        verification=processes.last_verification(session),
        processes=processes.all_alive(session),
        place=place.find(session),
        is_moved=place.is_moved(session),
        database_bytes=_size(session),
    )


def _due(session: Session, now: datetime) -> dict[str, datetime | None]:
    overdue = col(Request.due_at) <= now
    lanes: dict[str, tuple[Any, ColumnElement[bool]]] = {
        "deliveries": (col(Delivery.due_at), col(Delivery.due_at) <= now),
        "orders": (col(Request.due_at), col(Request.state).in_(RUNNING) & overdue),
        "deadlines": (col(Request.due_at), col(Request.state).in_(UNDECIDED) & overdue),
        "logs": (col(OrderLine.due_at), col(OrderLine.due_at) <= now),
        "messages": (col(SlackMessage.due_at), col(SlackMessage.due_at) <= now),
    }
    return {lane: session.scalar(select(func.min(column)).where(is_due)) for lane, (column, is_due) in lanes.items()}


def _undelivered(session: Session) -> list[Undelivered]:
    # Not joined: PostgreSQL expects many such messages, and would read every request.
    its_request = select(col(Request.public_id)).where(col(Request.seq) == col(SlackMessage.request_seq))
    query = select(SlackMessage, its_request.scalar_subquery()).where(was_given_up()).order_by(col(SlackMessage.id))
    return [
        Undelivered(row.kind, public_id, row.channel or row.person, row.trouble or "")
        for row, public_id in session.execute(query)
    ]


def _tried_again(session: Session) -> dict[str, int]:
    waits = col(SlackMessage.due_at).is_not(None) & (col(SlackMessage.shown) < col(SlackMessage.wanted))
    query = select(col(SlackMessage.trouble), func.count().label("how_many")).where(
        waits, col(SlackMessage.trouble) != ""
    )
    return {row.trouble: row.how_many for row in session.execute(query.group_by(col(SlackMessage.trouble)))}


def _size(session: Session) -> int:
    on_sqlite = session.connection().dialect.name == "sqlite"
    sqlite = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return session.scalar(text(sqlite if on_sqlite else "SELECT pg_database_size(current_database())")) or 0
