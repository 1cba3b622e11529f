"""The tables of the database: what the migrations make, what they leave alone, and which database they refuse."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel
from stored import approved

from storage import (
    models,  # noqa: F401  fill the metadata
    slack_models,  # noqa: F401  fill the metadata
)
from storage.db.migrate import is_current, migrate
from storage.db.transactions import Database, StorageUnavailable


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_the_very_tables_that_the_models_describe(database_url: str) -> None:
    database = Database(database_url)

    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)
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
    database = Database(database_url)
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
    database = Database(database_url)
    with database.write() as transaction:
        request = approved(transaction)
        request.stopped_at, request.stop_why = transaction.now(), words
        request.held_at, request.held_why = transaction.now(), "3 orders were refused or are unknown"
        approved(transaction, "R-000002")
    with database.write() as transaction:
        transaction.session.execute(text("DROP INDEX ix_request_reason_listed"))
        for column in ("stop_reason", "hold_reason", "reason_listed"):
            transaction.session.execute(text(f"ALTER TABLE request DROP COLUMN {column}"))
        transaction.session.execute(text("UPDATE alembic_version SET version_num = '0010'"))

    migrate(database)

    with database.read() as session:
        rows = session.execute(text("SELECT stop_reason, hold_reason FROM request ORDER BY seq")).all()
    database.close()

    assert [(reason, "failures"), (None, None)] == [tuple(row) for row in rows]
