"""The tables of the database: what the migrations make, what they leave alone, and which database they refuse."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from world import of_owner

from storage.db.compatibility import all_tables
from storage.db.migrate import is_current, migrate, upgrade
from storage.db.transactions import Database, StorageUnavailable, Transaction


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_the_very_tables_that_the_models_describe(database_url: str) -> None:
    database = Database(database_url)

    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        differences = compare_metadata(context, all_tables()[0].metadata)
    database.close()

    assert [] == differences


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)

    migrate(database)

    with database.read() as session:
        assert is_current(session.connection())
    database.close()


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")

    with database.read() as session:
        assert not is_current(session.connection())
    database.close()


def test_processes_that_start_at_once_on_a_new_database_all_come_up(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path}/new.db") for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))

    for database in databases:
        with database.read() as session:
            assert is_current(session.connection())
        database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str) -> None:
    database = Database(of_owner(database_url))
    with database.write() as transaction:
        transaction.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StorageUnavailable, match="newer version"):
        migrate(database)

    with database.read() as session:
        assert "9999" == session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    database.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with database.write() as transaction:
        transaction.session.execute(text("CREATE TABLE slack_message (x INTEGER)"))  # in the migration's way

    with pytest.raises(StorageUnavailable):
        migrate(database)

    with database.read() as session:
        names = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    database.close()

    assert ["slack_message"] == names


_INSERT = text(
    "INSERT INTO request (public_id, delivery_id, team_id, requester, channel_id, origin, order_count, state,"
    " revision, approvals_needed, emergency, created_at, failed_since_go_on, next_position, batch_size, lease_token,"
    " cancelled, rejected, not_sent, unknown, confirmed, stopped_at, stop_why, held_at, held_why)"
    " VALUES (:public_id, :delivery_id, 'T1', 'U1', 'C1', 'command', 1, 'executing',"
    " 1, 0, FALSE, :at, 0, 0, 1, 0, 0, 0, 0, 0, 0, :since, :why, :since, :held)"
)
"""A request as the tables of migration 0010 have it."""

_ROW = {"at": "2026-11-01 10:00:00", "since": None, "why": None, "held": None}


def as_made_by(transaction: Transaction, revision: str) -> None:
    """Make the tables anew, as the version of the bot with this newest migration made them."""
    connection = transaction.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    else:
        all_tables()[0].metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    upgrade(connection, revision)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Fincart rejected the bot's token (User is not authorized)", "token_rejected"),
        ("the approval ran out", "approval_expired"),
        ("stopped", "stopped"),
    ],
)
def test_why_a_run_of_the_version_before_ended_is_known_by_a_closed_word(
    database_url: str, words: str, reason: str
) -> None:
    database = Database(of_owner(database_url))
    with database.write() as transaction:
        as_made_by(transaction, "0010")
        for number, why, held in ((1, words, "3 orders were refused or are unknown"), (2, None, None)):
            row = {"public_id": f"R-00000{number}", "delivery_id": str(number), "why": why, "held": held}
            transaction.session.execute(_INSERT, _ROW | row | {"since": why and _ROW["at"]})

    migrate(database)

    with database.read() as session:
        rows = session.execute(text("SELECT stop_reason, hold_reason FROM request ORDER BY seq")).all()
    database.close()

    assert [(reason, "failures"), (None, None)] == [tuple(row) for row in rows]


def test_a_long_reader_keeps_the_migration_waiting_and_nobody_else(database_url: str) -> None:
    database = Database(of_owner(database_url))
    with database.write() as transaction:
        as_made_by(transaction, "0010")
    count = text("SELECT count(*) FROM request")
    with ThreadPoolExecutor(1) as pool:
        with database.read() as long_reader:
            long_reader.execute(count)
            migrated = pool.submit(migrate, database)
            slowest = 0.0
            for _ in range(8):
                began = time.monotonic()
                with database.read() as session:
                    session.execute(count)
                slowest = max(slowest, time.monotonic() - began)
                wait([migrated], 0.3)
        before, _ = migrated.result(20)
    database.close()

    assert "0010" == before
    assert slowest < 2


def test_what_a_preview_of_the_version_before_saw_has_no_sub_status(database_url: str) -> None:
    database = Database(of_owner(database_url))
    with database.write() as transaction:
        as_made_by(transaction, "0012")
        transaction.session.execute(_INSERT, _ROW | {"public_id": "R-000001", "delivery_id": "1"})
        transaction.session.execute(
            text(
                "INSERT INTO order_line (request_seq, position, order_id, unlike_fincart, seen_status, doubt)"
                " SELECT seq, 0, '6864fecda075914a1b1e353c', FALSE, 'Pending', 'none' FROM request"
            )
        )

    migrate(database)

    with database.read() as session:
        rows = session.execute(text("SELECT DISTINCT seen_status, seen_sub_status FROM order_line")).all()
    database.close()

    assert [("Pending", None)] == [tuple(row) for row in rows]
