"""Transactions: one writer at a time on SQLite, row locks on PostgreSQL, and events chained before the commit."""

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError
from sqlalchemy.orm import Session

from storage.audit.log import Event, EventKind, append
from storage.db import commit_outcome, sqlite_lock
from storage.db.engine import engine_of
from storage.db.foreground import Foreground
from storage.live_messages import show_anew

log = logging.getLogger(__name__)

_TURN_WITHIN_SECONDS = 2.0
"""How long a writer waits for the others of its process, each of which is soon done; Slack gives a click three seconds.
"""


class StorageUnavailable(Exception):
    """The database cannot be read or written just now: locked, full, gone. Nothing of the transaction is kept."""


class CommitUnanswered(StorageUnavailable):
    """The database went away in the commit: nobody knows whether the transaction is kept."""


class Transaction:
    """A unit of work: rows changed through `session`, events told through `record`, all kept or nothing."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime] | None) -> None:
        """Belongs to `Database.write`."""
        self.connection = connection
        """For the few statements that a person's acknowledgement waits for: a session costs more than they do."""
        self._session: Session | None = None
        self._clock = clock
        self.events: list[Event] = []
        self.lanes: Counter[str] = Counter()

    @property
    def session(self) -> Session:
        """The session of this transaction."""
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False)
        return self._session

    def flush(self) -> None:
        """Belongs to `Database.write`: send what has changed, have it shown, and chain the events."""
        if self._session is not None:
            self._session.flush()
        if self.events:
            show_anew(self)
            self.session.flush()
            append(self.connection, self.now(), self.events)

    def commit(self) -> None:
        """Belongs to `Database.write`: commit what has been sent."""
        if self._session is not None:
            # Whatever comes of the commit, its objects keep what they hold.
            self._session.expunge_all()
            self._session.commit()
        self.connection.commit()

    def close(self) -> None:
        """Belongs to `Database.write`: take back what is not committed."""
        if self._session is not None:
            self._session.close()
        self.connection.rollback()

    def wake(self, lane: str) -> None:
        """Say that this transaction leaves one thing due there, so that somebody of this process looks at once."""
        self.lanes[lane] += 1

    def now(self) -> datetime:
        """The time on the clock by which deadlines are judged: PostgreSQL's own there, the host's on SQLite.

        Read it after the row's lock is held: a click that waited for a lock must not beat the deadline.
        """
        return _now(self.connection, self._clock)

    def record(
        self,
        kind: EventKind,
        *,
        who: str | None,
        request: str | None,
        details: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        person: str | None = None,
    ) -> None:
        """Add a line to history; it is chained, under the chain's lock, as the last thing before the commit.

        `at` is the time that a row was given with it, which verification holds to the event's. `person` is whom `who`
        stands for.
        """
        self.events.append(Event(kind, who, request, details or {}, person, at))


class Database:
    """Opens transactions on one database. Thread-safe; every failure of the database is `StorageUnavailable`."""

    def __init__(self, url: str, clock: Callable[[], datetime] | None = None) -> None:
        """Connect lazily. A clock replaces the database's own, for tests and simulation."""
        self.on_wake: Callable[[str, int], None] = lambda lane, things: None
        self.wait: Callable[[float], bool] = _sleep
        """Waits so many seconds, or less where the process is told to stop; True once it is."""
        self._clock = clock
        self.acknowledgements = Foreground()
        """Those go first: every other transaction gives way before it begins."""
        self._writer = threading.Lock()
        self._line = threading.Lock()
        self.engine = engine_of(url)
        self._immediate = self.engine.execution_options(writes=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(
        self, within_seconds: float = sqlite_lock.WITHIN_SECONDS, *, confirm_commit: bool = False
    ) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends, with its events, and rolled back if it raises.

        One that an acknowledgement waits for goes before the others of this process. With `confirm_commit`, one
        whose commit PostgreSQL does not answer is asked after for as long as it takes, or until `wait` says that it
        is time to stop: it is committed, or `StorageUnavailable` says rightly that it is not.
        """
        self.acknowledgements.give_way()
        with _translated(), self._turn(within_seconds) as connection:
            transaction = Transaction(connection, self._clock)
            try:
                yield transaction
                transaction.flush()
                self._commit(transaction, confirm_commit=confirm_commit and not self.is_sqlite)
            finally:
                transaction.close()
        for lane, things in transaction.lanes.items():
            self.on_wake(lane, things)

    def _commit(self, transaction: Transaction, *, confirm_commit: bool) -> None:
        mark = commit_outcome.leave(transaction.connection) if confirm_commit else None
        try:
            transaction.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            found = None
            if mark is not None:
                log.warning("the database went away in a commit; it is asked what became of it once it is back")
                found = commit_outcome.was_committed(self.engine, mark, self.wait)
            if found is None:
                raise CommitUnanswered(str(error.__cause__ or error)) from error
            if not found:
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        self.acknowledgements.give_way()
        with _translated(), self.engine.connect() as connection, Session(connection) as session:
            session.expire_on_commit = False
            yield session

    def now(self, session: Session) -> datetime:
        """The time on the clock by which deadlines are judged, where nothing is decided by it."""
        return _now(session.connection(), self._clock)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def _turn(self, within_seconds: float) -> Iterator[Connection]:
        if not self.is_sqlite:
            with self.engine.connect() as connection:
                yield connection
            return
        deadline = time.monotonic() + within_seconds
        turn_by = max(deadline, time.monotonic() + _TURN_WITHIN_SECONDS)
        # All others wait in line for one place at the door, so that an acknowledgement waits for one of them.
        with ExitStack() as held:
            for lock in (self._writer,) if self.acknowledgements.is_mine else (self._line, self._writer):
                if not lock.acquire(timeout=max(0.0, turn_by - time.monotonic())):
                    raise StorageUnavailable("another writer of this process kept the database")
                held.callback(lock.release)
            with self._immediate.connect() as connection:
                sqlite_lock.wait_until(connection, max(deadline, time.monotonic() + 0.05))
                yield connection


def _now(connection: Connection, clock: Callable[[], datetime] | None) -> datetime:
    if clock is not None:
        return clock()
    if connection.dialect.name == "postgresql":
        at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at.astimezone(UTC)
    return datetime.now(UTC)


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, TimeoutError, sqlite3.DatabaseError) as error:
        raise StorageUnavailable(str(error.__cause__ or error)) from error
