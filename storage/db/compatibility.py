"""Whether this version can work with the tables of the database.

Migrations are additive: what changes its meaning gets a new table or column (CONTRIBUTING.md). So a database in which
all is there that this version reads, and nothing that it would have to fill in, can be used.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, inspect
from sqlmodel import SQLModel

from storage import archive_models, models, operation_models, slack_models
from storage.audit import texts
from storage.db.migrate import UNFINISHED, UNFINISHED_COPY, is_behind, is_current, revision_of

TABLES = (archive_models, models, operation_models, slack_models, texts)
"""The modules that fill the metadata."""

_EARLIER = "run migrate, or serve without --no-migrate, which does the same"


def all_tables() -> Sequence[Table]:
    """Every table, each after those that it refers to."""
    return SQLModel.metadata.sorted_tables


def incompatible(connection: Connection) -> str:
    """Why this version cannot work with the database's tables, and what to do; empty if it can."""
    if is_current(connection):
        return ""
    if revision_of(connection) is None:
        return f"the database has no tables of the bot yet: {_EARLIER}"
    if revision_of(connection) == UNFINISHED:
        return UNFINISHED_COPY
    if is_behind(connection):
        return f"the database is of an earlier version: {_EARLIER}"
    if changed := _changed_table(connection):
        return (
            f"the database is of a newer version, which has changed the table {changed}: start that version, or this "
            "one on a copy made before the upgrade"
        )
    return ""


def _changed_table(connection: Connection) -> str:
    """The first table that lacks a column of this version, or has another that needs a value."""
    found = inspect(connection).get_multi_columns()
    for table in all_tables():
        columns = {column["name"]: column for column in found.get((None, table.name), [])}
        ours = {column.name for column in table.columns}
        needed = {name for name, column in columns.items() if not column["nullable"] and column["default"] is None}
        if not ours <= columns.keys() or needed - ours:
            return table.name
    return ""
