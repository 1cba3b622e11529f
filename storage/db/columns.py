"""Columns: types that let nothing into the database that the code could not read back, and indexes of what is set."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Dialect, Index, Integer, String, TextClause, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

BigInt = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit number; on SQLite the spelling that makes a primary key the row's own number."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses a naive datetime; stores UTC; gives back an aware datetime in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into what the database keeps; ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        in_utc = value.astimezone(UTC)
        return in_utc if dialect.name == "postgresql" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the stored instant back as an aware UTC datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[StrEnum]):
    """A closed word, stored by its value; ValueError, before any row is built, for a value outside it."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        """Keep the enum whose values the column may hold."""
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Store the word's value."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Read the word back as a member of its enum."""
        return None if value is None else self.words(value)

    def check(self, column: str) -> CheckConstraint:
        """The same rule as a constraint of the table, for writers that are not this program."""
        allowed = ", ".join(f"'{word.value}'" for word in self.words)
        return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_is_a_known_word")


class PayloadField(ColumnElement[str]):
    """One field of an audit event's stored payload, or one within its details, as an expression."""

    inherit_cache = True

    def __init__(self, field: str) -> None:
        """Name the field of the payload: `who`, or `details.day`."""
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
    """An index, by the column or by this expression of it, of the rows in which it is set: in most it is not."""
    is_set = text(f"{column} IS NOT NULL")
    return Index(name, column if by is None else by, sqlite_where=is_set, postgresql_where=is_set)
