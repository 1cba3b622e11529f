"""Checks an archive's file alone, and reads one like a database.

The file's rows and events are put into a SQLite database in a temporary folder, where every query of history works.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel

from storage.archive_models import ArchivedRequest
from storage.audit.archive_file import Archive, BadArchive, check_events
from storage.audit.texts import EventText
from storage.audit.verify import request_disagreements
from storage.db.columns import UtcDateTime
from storage.db.transactions import Database
from storage.models import Attempt, AuditEvent, Decision, OrderLine, Request
from storage.slack_models import SlackMessage

ROWS_OF: tuple[tuple[type[SQLModel], Any], ...] = (
    (Request, Request.seq),
    (OrderLine, OrderLine.request_seq),
    (Decision, Decision.request_seq),
    (Attempt, Attempt.request_seq),
    (SlackMessage, SlackMessage.request_seq),
)
"""Tables whose rows go into an archive, and their column with the request's number."""

_MODELS: tuple[type[SQLModel], ...] = (*(model for model, _ in ROWS_OF), AuditEvent, ArchivedRequest, EventText)
_LINES_AT_A_TIME = 5000


def check_archive(archive: Archive) -> None:
    """Check the file's chain, and its rows against its events. Raises `BadArchive` and says what does not hold."""
    check_events(archive)
    with as_database([archive]) as database:
        found = min(request_disagreements(database.read), default=None)
    if found is not None:
        raise BadArchive(f"{archive.path}: {found.row} disagrees with the history at {found.seq}: {found.why}")


@contextmanager
def as_database(archives: Sequence[Archive]) -> Iterator[Database]:
    """A database of what these files hold, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="archive-") as folder:
        database = Database(f"sqlite:///{Path(folder)}/archive.db")
        try:
            with database.write() as transaction:
                tables = [SQLModel.metadata.tables[str(model.__tablename__)] for model in _MODELS]
                SQLModel.metadata.create_all(transaction.connection, tables)
            for archive in archives:
                _fill(database, archive)
            yield database
        finally:
            database.close()


def _fill(database: Database, archive: Archive) -> None:
    lines = archive.lines()
    while batch := list(islice(lines, _LINES_AT_A_TIME)):
        rows: dict[str, list[dict[str, Any]]] = {}
        for line in batch:
            event = line.get("event") or line.get("earlier")
            name = AuditEvent.__tablename__ if event else line["table"]
            rows.setdefault(str(name), []).append(event or line["row"])
        with database.write() as transaction:
            for name, values in sorted(rows.items(), key=lambda each: each[0] != Request.__tablename__):
                table = SQLModel.metadata.tables[name]
                insert = table.insert().prefix_with("OR IGNORE")
                transaction.connection.execute(insert, [_row(table, each) for each in values])


def _row(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the table's columns take them."""
    times = {each.name for each in table.columns if isinstance(each.type, UtcDateTime)}
    return {
        name: datetime.fromisoformat(value) if name in times and value is not None else value
        for name, value in values.items()
    }
