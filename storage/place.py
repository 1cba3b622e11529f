"""Where the database is, and whether it is a restored copy.

A copy lacks what happened after it was made: orders that were cancelled since, approvals that people took back. So a
restored copy does nothing by itself until a person resumes: nothing of it is due, and only private answers go to Slack.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, delete, exists, or_, select, text, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.audit.log import last_head
from storage.db.insert_ignore import insert_into
from storage.db.transactions import Transaction
from storage.enums import HELD_BACK, RUNNING, EventKind
from storage.models import AuditEvent, Request
from storage.operation_models import DatabasePlace, OpsNotice, ServingProcess
from storage.slack_models import Delivery, SlackMessage

UNSERVED_FOR = timedelta(minutes=10)
"""A database with an approval in force that nobody has served for so long may be a copy: a deploy or a reboot is
shorter.
"""

_RESTORED = "restored copy: "
_MOVED = "moved here by copy"

IS_RESTORED = exists().where(col(DatabasePlace.restored_at).is_not(None))
"""The condition that this is a restored copy that nobody has resumed. Nothing that is due is taken under it."""

_SERVER = text("SELECT system_identifier FROM pg_control_system()")
_MAY_ASK = text("SELECT has_function_privilege(to_regprocedure('pg_control_system()'), 'execute')")
_TABLE = text(
    "SELECT concat((SELECT oid FROM pg_database WHERE datname = current_database()), ':',"
    " CAST('audit_event' AS regclass)::oid)"
)
"""pg_dump keeps no oid, so that a restored database, or one restored in place, has others."""


@dataclass(frozen=True, slots=True)
class RestoredCopy:
    """A restored copy: since when it is served as one, when it was made, and how it was noticed, in words."""

    restored_at: datetime
    made_at: datetime
    how: str

    def __str__(self) -> str:
        restored, made = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (self.restored_at, self.made_at))
        return f"{_RESTORED}restored at {restored}, made at {made} ({self.how})"


def is_restored(session: Session) -> bool:
    """Whether this is a restored copy that nobody has resumed."""
    return bool(session.scalar(select(IS_RESTORED)))


def restored_by(session: Session, seq: int) -> int | None:
    """The number of the last event up to this one that began a restored copy; None if there is none."""
    query = (
        select(col(AuditEvent.seq), col(AuditEvent.payload))
        .where(col(AuditEvent.kind) == EventKind.HELD.value, col(AuditEvent.seq) <= seq)
        .order_by(col(AuditEvent.seq).desc())
    )
    whys = ((row.seq, json.loads(row.payload)["details"].get("why")) for row in session.execute(query))
    return next((number for number, why in whys if str(why).startswith(_RESTORED)), None)


def find(session: Session) -> DatabasePlace | None:
    """What is stored of the place; None before the first start of `serve`."""
    return session.get(DatabasePlace, 1)


def is_known(session: Session, now: datetime) -> bool:
    """Whether the database is where it was last served, and was served lately enough."""
    row = find(session)
    return row is not None and _how_copied(session, row, here(session.connection()), now) is None


def is_moved(session: Session) -> bool:
    """Whether the record goes on in another database, to which `copy` has moved it."""
    return moved_to(session) is not None and moved_to(session) != here(session.connection())


def moved_to(session: Session) -> str | None:
    """The place of the database to which `copy` has moved, or moves, the record; None: to none."""
    row = find(session)
    return row.moved_to if row is not None else None


def served(transaction: Transaction) -> None:
    """Record that the database is being served, and where if that is not known yet."""
    now = transaction.now()
    new = insert_into(transaction.connection, DatabasePlace).values(
        id=1, place=here(transaction.connection), served_at=now
    )
    transaction.session.execute(new.on_conflict_do_update(index_elements=["id"], set_={"served_at": now}))


def copied(transaction: Transaction) -> None:
    """Mark the database of this transaction as a copy made by `backup`."""
    now = transaction.now()
    new = insert_into(transaction.connection, DatabasePlace).values(id=1, place="", served_at=now, copied_at=now)
    mark = new.on_conflict_do_update(index_elements=["id"], set_={"copied_at": now})
    transaction.session.execute(mark)


def move_to(transaction: Transaction, there: str) -> bool:
    """Record that the record goes on at that place: here nothing is done any more. Returns False if that is recorded.

    Both this database and its copy are served as restored copies until somebody resumes one of them.
    """
    now, its_place = transaction.now(), here(transaction.connection)
    fresh = insert_into(transaction.connection, DatabasePlace).values(id=1, place=its_place, served_at=now)
    transaction.session.execute(fresh.on_conflict_do_nothing())
    row = transaction.session.scalars(select(DatabasePlace)).one()
    if row.moved_to == there:
        return False
    if row.place != its_place:
        row.copied_at = row.copied_at or row.served_at
    row.restored_at, row.moved_to = row.restored_at or now, there
    return True


def arrive(transaction: Transaction, stale: str | None) -> RestoredCopy | None:
    """Record that the database is served here. Returns what it is if it was copied, or left alone for too long.

    `stale` says in words why the database is older than something outside of it says. A copy is marked as restored;
    `resumed` ends that.
    """
    now, its_place = transaction.now(), here(transaction.connection)
    fresh = insert_into(transaction.connection, DatabasePlace).values(id=1, place=its_place, served_at=now)
    transaction.session.execute(fresh.on_conflict_do_nothing())
    row = transaction.session.scalars(select(DatabasePlace).with_for_update()).one()
    copy = None
    if how := _how_copied(transaction.session, row, its_place, now) or stale:
        copy = RestoredCopy(now, row.copied_at or row.served_at, how)
        row.restored_at = row.restored_at or now
        if how != _MOVED:
            _let_go_of_the_past(transaction)
        transaction.session.execute(delete(ServingProcess))
    if row.moved_to == its_place:
        row.moved_to = None
    row.place, row.served_at, row.copied_at = its_place, now, None
    return copy


def resumed(transaction: Transaction) -> bool:
    """End the restored state. Returns False if there was none."""
    query = update(DatabasePlace).where(col(DatabasePlace.restored_at).is_not(None))
    ended = query.values(restored_at=None, moved_to=None).returning(col(DatabasePlace.id))
    return transaction.session.execute(ended).first() is not None


def here(connection: Connection) -> str:
    """What no copy shares. Host names are left out: a container has a new one with each deploy."""
    if connection.dialect.name == "postgresql":
        may_ask = connection.execute(_MAY_ASK).scalar()
        server = connection.execute(_SERVER).scalar_one() if may_ask else "a server that does not say which"
        return f"{server}:{connection.execute(_TABLE).scalar_one()}"
    return str(sqlite_path(connection).stat().st_ino)


def sqlite_path(connection: Connection) -> Path:
    """The file of a SQLite database."""
    return Path(connection.execute(text("SELECT file FROM pragma_database_list WHERE name = 'main'")).scalar_one())


def _how_copied(session: Session, row: DatabasePlace, its_place: str, now: datetime) -> str | None:
    if row.copied_at is not None:
        return "made by backup"
    if row.moved_to == its_place:
        return _MOVED
    if row.place != its_place and last_head(session.connection()) is not None:
        return "it was last served elsewhere"
    if row.served_at < now - UNSERVED_FOR and _may_send(session, now):
        return "nobody has served it since, and an approval is still in force"
    return None


def _may_send(session: Session, now: datetime) -> bool:
    """Whether an approval that is in force would send something."""
    still = or_(col(Request.valid_until).is_(None), col(Request.valid_until) > now)
    query = select(col(Request.seq)).where(col(Request.state).in_(RUNNING), col(Request.stopped_at).is_(None), still)
    return session.scalars(query.limit(1)).first() is not None


def _let_go_of_the_past(transaction: Transaction) -> None:
    """Drop what the original has handled, answered or told since: deliveries, private answers, lines for operators."""
    unhandled = update(Delivery).where(col(Delivery.due_at).is_not(None))
    transaction.session.execute(unhandled.values(due_at=None, response_url=None, erase_at=None, answer="restored"))
    unanswered = update(SlackMessage).where(
        col(SlackMessage.kind).not_in(HELD_BACK), col(SlackMessage.due_at).is_not(None)
    )
    dropped = {"due_at": None, "response_url": None, "erase_at": None, "shown": SlackMessage.wanted}
    transaction.session.execute(unanswered.values(dropped).execution_options(synchronize_session=False))
    transaction.session.execute(delete(OpsNotice).where(col(OpsNotice.posted_at).is_(None)))
