"""How a database that was copied, or left alone for too long, is noticed when it is served."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from stored import approved, made
from world import Clock

from bot.requests.global_pause import pause_a_restored_copy, resume_all
from storage import deliveries, leases, place, slack_messages
from storage.audit.log import Head
from storage.audit.witness import HeadFile, HeadWitness
from storage.backup import back_up
from storage.db.transactions import Database
from storage.deliveries import Incoming, keep
from storage.enums import MessageKind
from storage.operation_models import DatabasePlace
from storage.slack_messages import MessageId, Place
from storage.status import status

ELEVEN_MINUTES = 660.0


class Served:
    """A database that `serve` starts on, again and again."""

    def __init__(self, url: str, heads: Path) -> None:
        self.clock = Clock()
        self.database = Database(url, self.clock)
        self.heads = heads

    def start(self) -> bool:
        """Whether it starts as a restored copy."""
        witness = HeadWitness(self.database, self.heads)
        return pause_a_restored_copy(self.database, "operator:op", witness) is not None

    def why(self) -> str:
        """Why everything is on hold."""
        with self.database.read() as session:
            return str(session.execute(text("SELECT why FROM hold")).scalar())

    def ask(self, make: Callable[..., object], public_id: str = "R-000001") -> None:
        with self.database.write() as transaction:
            make(transaction, public_id)


Serve = Callable[[str, Path], Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves databases, and closes them at the end."""
    all_served: list[Served] = []

    def start(url: str, heads: Path) -> Served:
        all_served.append(Served(url, heads))
        return all_served[-1]

    yield start
    for each in all_served:
        each.database.close()


@pytest.fixture
def served(serve: Serve, database_url: str, tmp_path: Path) -> Served:
    """One that has been served here before, and has an approval in force."""
    served = serve(database_url, tmp_path / "heads")
    assert not served.start()
    served.ask(approved)
    return served


def test_a_start_after_a_crash_is_no_restore(served: Served) -> None:
    served.clock.advance(300)

    assert not served.start()


def test_an_approval_that_nobody_has_served_for_long_starts_paused(served: Served) -> None:
    served.clock.advance(ELEVEN_MINUTES)

    assert served.start()
    assert "restored copy: restored at " in served.why()
    assert "nobody has served it since, and an approval is still in force" in served.why()


def test_a_weekend_without_an_approval_is_no_restore(serve: Serve, database_url: str, tmp_path: Path) -> None:
    served = serve(database_url, tmp_path / "heads")
    served.start()
    served.ask(made)
    served.clock.advance(2 * 86_400)

    assert not served.start()


def test_a_database_that_was_served_elsewhere_starts_paused(served: Served) -> None:
    with served.database.write() as transaction:
        transaction.session.execute(text("UPDATE database_place SET place = 'elsewhere'"))

    assert served.start()
    assert "it was last served elsewhere" in served.why()


def test_a_copy_of_a_database_that_nobody_has_used_is_no_restore(
    serve: Serve, database_url: str, tmp_path: Path
) -> None:
    served = serve(database_url, tmp_path / "heads")
    served.start()
    with served.database.write() as transaction:
        transaction.session.execute(text("UPDATE database_place SET place = 'elsewhere'"))

    assert not served.start()


def test_a_database_that_lacks_what_its_witness_knows_starts_paused_once(served: Served) -> None:
    HeadFile(served.heads, keeps_all=True).write(served.clock(), Head(999, "f" * 64))
    found = served.start()
    why = served.why()
    with served.database.write() as transaction:
        resume_all(transaction, "operator:op")

    assert found
    assert "it lacks event 999 · ffffffffffffffff, which heads knows since " in why
    assert not served.start()


def test_a_file_without_the_one_beside_it_starts_paused(serve: Serve, sqlite_url: str, tmp_path: Path) -> None:
    served = serve(sqlite_url, tmp_path / "heads")
    served.start()
    served.ask(made)
    (tmp_path / "bot.db-head").unlink()

    assert served.start()
    assert "bot.db-head" in served.why()


def test_nothing_of_a_restored_copy_is_due_until_somebody_resumes(served: Served) -> None:
    served.clock.advance(ELEVEN_MINUTES)
    served.start()

    def is_due() -> bool:
        with served.database.read() as session:
            return leases.are_due(session, served.clock(), "somebody")

    before = is_due()
    with served.database.write() as transaction:
        resume_all(transaction, "operator:op")

    assert (False, True) == (before, is_due())


def test_a_restored_copy_answers_people_and_shows_the_channel_nothing(served: Served) -> None:
    served.clock.advance(ELEVEN_MINUTES)
    served.start()
    with served.database.write() as transaction:
        for kind in (MessageKind.LIVE, MessageKind.END_NOTICE, MessageKind.ANSWER):
            slack_messages.enqueue(transaction, MessageId(kind, 1), Place("C1", "U1"))
    served.clock.advance(1)
    taken = []
    with served.database.write() as transaction:
        while (row := slack_messages.take(transaction, "somebody")) is not None:
            taken.append(row.kind)

    assert [MessageKind.ANSWER] == taken


def test_what_the_original_had_not_yet_answered_is_dropped(served: Served) -> None:
    keep(served.database, Incoming("command", ("trigger",), "{}", "https://hooks.slack.test/1"))
    with served.database.write() as transaction:
        slack_messages.enqueue(transaction, MessageId(MessageKind.ANSWER, 1), Place("C1", "U1"))
    served.clock.advance(ELEVEN_MINUTES)
    served.start()
    ago = served.database.ago
    with served.database.read() as session:
        due = session.execute(select(deliveries.any_due(ago, ["command"]), slack_messages.any_due(ago))).one()

        assert (False, False) == tuple(due)
        assert [] == status(session, served.clock()).undelivered


def test_a_restored_copy_stays_one_through_restarts(served: Served) -> None:
    served.clock.advance(ELEVEN_MINUTES)
    served.start()

    assert served.start()
    with served.database.read() as session:
        assert place.is_restored(session)


def test_a_copy_beside_the_original_says_when_it_was_last_served(serve: Serve, sqlite_url: str, tmp_path: Path) -> None:
    original = serve(sqlite_url, tmp_path / "heads")
    original.start()
    original.ask(made)
    original.database.close()
    shutil.copy(tmp_path / "bot.db", tmp_path / "copy.db")
    shutil.copy(tmp_path / "bot.db-head", tmp_path / "copy.db-head")
    copy = serve(f"sqlite:///{tmp_path}/copy.db", tmp_path / "other")

    assert copy.start()
    with copy.database.read() as session:
        row = session.get(DatabasePlace, 1)
        assert row is not None
        assert f"made at {row.served_at:%Y-%m-%d %H:%M} UTC" in copy.why()


def test_a_copy_that_backup_made_says_so(serve: Serve, sqlite_url: str, tmp_path: Path) -> None:
    serve(sqlite_url, tmp_path / "heads").start()
    back_up(tmp_path / "bot.db", tmp_path / "copy.db")
    copy = serve(f"sqlite:///{tmp_path}/copy.db", tmp_path / "other")

    assert copy.start()
    assert "made by backup" in copy.why()


def test_the_last_whole_line_of_a_head_file_counts(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "heads", keeps_all=True)
    lines = "".join(f"2026-11-28T15:00:00Z {seq} {seq:064x}\n" for seq in range(1, 40))
    (tmp_path / "heads").write_text(f"{lines}2026-11-28T15:00:01Z 40 00")
    last = file.last()

    assert last is not None
    assert 39 == last[1].seq
