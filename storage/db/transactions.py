"""Transactions: one writer at a time on SQLite, row locks on PostgreSQL, and events chained before the commit."""

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, DateTime, bindparam, func, text
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError
from sqlalchemy.orm import Session

from storage import ops_notices
from storage.audit.checkpoint import has_head
from storage.audit.log import Event, Head, append
from storage.db import commit_outcome, sqlite_lock
from storage.db.columns import UtcDateTime
from storage.db.engine import POOL_SIZE, engine_of
from storage.db.foreground import Foreground
from storage.db.servers import in_words
from storage.enums import EventKind
from storage.live_messages import refresh
from storage.log_events import LogEvent, about

log = logging.getLogger(__name__)

_COMPARED = "compared"
"""What a connection is marked with that leads to a database with all that this process has recorded."""

_TURN_WITHIN_SECONDS = 2.0
"""How long a writer waits for the other writers of its process; Slack gives a click three seconds."""


Ago = Callable[[float], ColumnElement[datetime]]
"""`Database.ago`."""


class StorageUnavailable(Exception):
    """The database cannot be read or written just now: locked, full, gone. The transaction is rolled back."""

    @property
    def sqlstate(self) -> str | None:
        """PostgreSQL's code of the failure (its manual, appendix A); None if it has none."""
        return getattr(getattr(self.__cause__, "orig", None), "sqlstate", None)


class CommitUnanswered(StorageUnavailable):
    """The connection broke during the commit: nobody knows whether the transaction is stored."""


class HistoryLost(StorageUnavailable):
    """The database lacks an event that this process has recorded: a standby that lagged was promoted."""


class Transaction:
    """A unit of work: rows changed through `session` and events added through `record`, all stored or none."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime] | None) -> None:
        """Called by `Database.write` only."""
        self.connection = connection
        """For the few statements that an acknowledgement waits for: a session costs more than they do."""
        self._session: Session | None = None
        self._clock = clock
        self.events: list[Event] = []
        self.head: Head | None = None
        """The chain's head with these events."""
        self.lanes: Counter[str] = Counter()
        self.lines: list[Callable[[], object]] = []

    @property
    def session(self) -> Session:
        """The session of this transaction."""
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False)
        return self._session

    def flush(self) -> None:
        """Called by `Database.write` only: flush changes, update live messages, note holds and chain the events."""
        if self._session is not None:
            self._session.flush()
        if self.events:
            refresh(self)
            ops_notices.add_holds(self)
            self.session.flush()
            self.head = append(self.connection, self.now(), self.events)

    def commit(self) -> None:
        """Called by `Database.write` only: commit what is flushed."""
        if self._session is not None:
            # Objects must stay readable whatever comes of the commit.
            self._session.expunge_all()
            self._session.commit()
        self.connection.commit()

    def close(self) -> None:
        """Called by `Database.write` only: roll back what is not committed."""
        if self._session is not None:
            self._session.close()
        self.connection.rollback()

    def wake(self, lane: str) -> None:
        """Note one more due item in this lane: after the commit a thread of this process polls it at once."""
        self.lanes[lane] += 1

    def after_commit(self, line: Callable[[], object]) -> None:
        """Write this line of the log after the commit: what is rolled back has not happened."""
        self.lines.append(line)

    def now(self) -> datetime:
        """The current time by the clock of deadlines: PostgreSQL's own there, the host's on SQLite.

        Read it after taking the row lock: a click that waited for a lock must not beat the deadline.
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
        """Add an audit event. It is chained, under the chain's lock, just before the commit.

        `at` is the time also stored in a row; verification compares the two. `person` is whom `who` stands for.
        """
        self.events.append(Event(kind, who, request, details or {}, person, at))


class Database:
    """Opens transactions on one database. Thread-safe. Every database failure is `StorageUnavailable`."""

    def __init__(self, url: str, clock: Callable[[], datetime] | None = None, *, pool_size: int = POOL_SIZE) -> None:
        """Connect lazily, to PostgreSQL at most `pool_size` times.

        A given clock replaces the database's own, for tests and simulation.
        """
        self.on_wake: Callable[[str, int], None] = lambda lane, things: None
        self.on_committed: Callable[[Sequence[Event]], None] = lambda events: None
        """Called with the events of each transaction, after its commit."""
        self.wait: Callable[[float], bool] = _sleep
        """Waits for so many seconds, or less if the process is stopping; returns True then."""
        self.last_head: Head | None = None
        """The chain's head after the last events that this process has recorded; PostgreSQL alone is held to it."""
        self._clock = clock
        self.acknowledgements = Foreground()
        """Gives acknowledgements priority: every other transaction gives way before it begins."""
        self._writer = threading.Lock()
        self._line = threading.Lock()
        self.engine = engine_of(url, pool_size)
        self._immediate = self.engine.execution_options(writes=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(
        self, within_seconds: float = sqlite_lock.WITHIN_SECONDS, *, confirm_commit: bool = False
    ) -> Iterator[Transaction]:
        """A transaction, committed with its events when the block ends, rolled back when it raises.

        Acknowledgements go before the other transactions of this process. With `confirm_commit`, a commit that
        PostgreSQL does not answer is checked until its outcome is known, or until `wait` says that the process is
        stopping: `StorageUnavailable` then means a rollback, unless it is `CommitUnanswered`. Raises `HistoryLost` if
        the database lacks what this process has recorded.
        """
        self.acknowledgements.give_way()
        with _translated(), self._turn(within_seconds) as connection:
            transaction = Transaction(connection, self._clock)
            try:
                if not connection.info.get(_COMPARED):
                    self.compare(connection)
                yield transaction
                transaction.flush()
                self._commit(transaction, confirm_commit=confirm_commit and not self.is_sqlite)
                self.last_head = transaction.head or self.last_head
            finally:
                transaction.close()
        for lane, things in transaction.lanes.items():
            self.on_wake(lane, things)
        self.on_committed(transaction.events)
        for line in transaction.lines:
            line()

    def compare(self, connection: Connection) -> None:
        """Raise `HistoryLost` if the database lacks what this process has recorded. Another server comes with another
        connection, so that a write compares once for each."""
        if self.last_head is not None and not self.is_sqlite and not has_head(connection, self.last_head):
            raise HistoryLost(f"the database lacks event {self.last_head.short()}, which had been recorded")
        connection.info[_COMPARED] = True

    def _commit(self, transaction: Transaction, *, confirm_commit: bool) -> None:
        mark = commit_outcome.leave(transaction.connection) if confirm_commit else None
        try:
            transaction.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            committed = None
            if mark is not None:
                words = "the connection broke during a commit; its outcome is checked once the database is back"
                log.warning(words, extra=about(LogEvent.DATABASE_AWAY))
                committed = commit_outcome.was_committed(self.engine, mark, self.wait)
            if committed is None:
                raise CommitUnanswered(str(error.__cause__ or error)) from error
            if not committed:
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A read-only session on one snapshot."""
        self.acknowledgements.give_way()
        with _translated(), self.engine.connect() as connection, Session(connection) as session:
            session.expire_on_commit = False
            yield session

    def now(self, session: Session) -> datetime:
        """The current time by the clock of deadlines, for reads that decide nothing."""
        return _now(session.connection(), self._clock)

    def ago(self, seconds: float) -> ColumnElement[datetime]:
        """The time so many seconds ago by the clock of deadlines, as a part of a statement that decides nothing."""
        span = timedelta(seconds=seconds)
        if self._clock is None and not self.is_sqlite:
            now = func.now(type_=DateTime(timezone=True))  # stable, as an index wants it
            return now - span if seconds else now
        return bindparam(None, callable_=lambda: (self._clock or _host_clock)() - span, type_=UtcDateTime())

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _turn(self, within_seconds: float) -> Iterator[Connection]:
        if not self.is_sqlite:
            with self.engine.connect() as connection:
                yield connection
            return
        deadline = time.monotonic() + within_seconds
        turn_by = max(deadline, time.monotonic() + _TURN_WITHIN_SECONDS)
        # All other work queues for one turn at the door, so that an acknowledgement waits for one of it at most.
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
    return _host_clock()


def _host_clock() -> datetime:
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
        raise StorageUnavailable(in_words(error.__cause__ or error)) from error
