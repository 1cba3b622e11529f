"""Column types that refuse values the code could not read back, and partial indexes."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Dialect, Index, Integer, String, TextClause, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

BigInt = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit number, spelled so that on SQLite a primary key is the rowid."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses a naive datetime, stores UTC and returns an aware datetime in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert an aware datetime for the database. Raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        in_utc = value.astimezone(UTC)
        return in_utc if dialect.name == "postgresql" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored instant as an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[StrEnum]):
    """An enum stored by its value. Raises ValueError, before a row is built, for any other value."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        """Set the enum whose values the column may hold."""
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Return the enum member's value."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Return the stored value as a member of the enum."""
        return None if value is None else self.words(value)

    def check(self, column: str) -> CheckConstraint:
        """The same rule as a table constraint, for other programs that write."""
        allowed = ", ".join(f"'{word.value}'" for word in self.words)
        return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_is_a_known_word")


class PayloadField(ColumnElement[str]):
    """SQL expression for one field of an audit event's payload, or of its details."""

    inherit_cache = True

    def __init__(self, field: str) -> None:
        """Take the field's path: `who`, or `details.day`."""
        self.field = field


@compiles(PayloadField)
def _sqlite_field(element: PayloadField, compiler: Any, **_: Any) -> str:
    return f"json_extract(payload, '$.{element.field}')"


@compiles(PayloadField, "postgresql")
def _postgresql_field(element: PayloadField, compiler: Any, **_: Any) -> str:
    *path, field = element.field.split(".")
    within = "".join(f" -> '{each}'" for each in path)
    return f"(payload::jsonb{within} ->> '{field}')"


def index_of_set(name: str, column: str, by: TextClause | None = None) -> Index:
    """Index a column, or an expression of it, in the few rows where it is set."""
    return index_where(name, column if by is None else by, f"{column} IS NOT NULL")


def index_where(name: str, by: str | TextClause, condition: str) -> Index:
    """Index the rows that meet the condition."""
    return Index(name, by, sqlite_where=text(condition), postgresql_where=text(condition))
