"""What the database lets in, how SQLite is opened, and along which moves a request goes."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError
from sqlmodel import col

from storage.audit.log import last_head
from storage.db.columns import EnumText, UtcDateTime
from storage.db.migrate import migrate
from storage.db.transactions import Database, StorageUnavailable
from storage.enums import MOVES, OPEN_STATES, EventKind, HoldKind, RequestState
from storage.models import Hold, OrderLine
from storage.ranges import as_ranges, within

STATES_PAGE = Path(__file__).parents[2] / "docs" / "states.md"
SQLITE = sqlite.dialect()
NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def drawn_moves(drawing: str) -> set[tuple[str, str]]:
    """The moves of a drawing: what hangs from a state's branches is what may follow it."""
    moves: set[tuple[str, str]] = set()
    parents: dict[int, str] = {}
    for line in drawing.splitlines():
        if not re.search(r"[├└┬]", line):
            continue
        line = re.split(r"(?<=\S) {3,}(?=[A-Za-z\"])", line, maxsplit=1)[0]  # what follows is a remark
        parent = None
        for part in re.finditer(r"[a-z]+(?: \| [a-z]+)*|[├└┬]", line):
            if part[0] in "├└":
                parent = parents[part.start()]
            elif part[0] == "┬":
                assert parent is not None
                parents[part.start()] = parent
            else:
                words = part[0].split(" | ")
                if parent is not None:
                    moves |= {(parent, word) for word in words}
                parent = words[0] if len(words) == 1 else None
    return moves


def code_moves() -> set[tuple[str, str]]:
    return {(state.value, following.value) for state, all_following in MOVES.items() for following in all_following}


def test_the_moves_are_those_of_the_drawing_beside_the_states() -> None:
    assert code_moves() == drawn_moves(RequestState.__doc__ or "")


def test_the_moves_are_those_of_the_documentation() -> None:
    assert code_moves() == drawn_moves(STATES_PAGE.read_text(encoding="utf-8").split("```")[1])


def test_the_drawing_is_read_branch_by_branch() -> None:
    drawing = """
    a ──┬─ b | c      words about it
        └─ d ──┬─ e
               └─ f ── g
    """

    assert {("a", "b"), ("a", "c"), ("a", "d"), ("d", "e"), ("d", "f"), ("f", "g")} == drawn_moves(drawing)


def test_no_request_ever_comes_back_to_a_state_it_left() -> None:
    def reachable(state: RequestState) -> set[RequestState]:
        return {each for following in MOVES[state] for each in {following, *reachable(following)}}

    assert [] == [state for state in RequestState if state in reachable(state)]


def test_a_request_is_open_as_long_as_it_can_move() -> None:
    ended = {"finished", "refused", "withdrawn", "declined", "expired"}

    assert ended == {state.value for state in RequestState} - {state.value for state in OPEN_STATES}


def test_a_word_outside_its_list_is_refused_before_a_row_is_built(database_url: str) -> None:
    database = Database(database_url)

    with pytest.raises((StatementError, StorageUnavailable)) as refused, database.write() as transaction:
        transaction.session.execute(insert(Hold).values(kind="whim", since=NOW, failures=0))
    database.close()

    assert "'whim' is not a valid HoldKind" in str(refused.value)


def test_a_word_outside_its_list_is_refused_by_the_database_itself(database_url: str) -> None:
    database = Database(database_url)
    row = text("INSERT INTO hold (kind, since, failures) VALUES ('whim', '2026-11-24 18:00:00', 0)")

    with pytest.raises(Exception, match="kind_is_a_known_word"), database.write() as transaction:
        transaction.session.execute(row)
    database.close()


def test_an_instant_without_a_time_zone_is_refused_before_a_row_is_built(database_url: str) -> None:
    database = Database(database_url)
    row = insert(Hold).values(kind=HoldKind.PAUSE, since=NOW.replace(tzinfo=None), failures=0)

    with pytest.raises((StatementError, StorageUnavailable)) as refused, database.write() as transaction:
        transaction.session.execute(row)
    database.close()

    assert "an instant needs a time zone" in str(refused.value)


def test_an_instant_comes_back_as_the_same_instant_in_utc(database_url: str) -> None:
    database = Database(database_url)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with database.write() as transaction:
        transaction.session.add(Hold(kind=HoldKind.PAUSE, since=elsewhere))

    with database.read() as session:
        kept = session.get(Hold, HoldKind.PAUSE)
    database.close()

    assert kept is not None
    assert (NOW, UTC) == (kept.since, kept.since.tzinfo)


@given(some.text(max_size=20).filter(lambda word: word not in set(HoldKind)))
def test_no_other_text_passes_for_a_word(word: str) -> None:
    with pytest.raises(ValueError, match="HoldKind"):
        EnumText(HoldKind).process_bind_param(word, SQLITE)


@given(some.datetimes(timezones=some.timezones(), min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_every_instant_survives_the_way_into_sqlite_and_back(at: datetime) -> None:
    kind = UtcDateTime()
    stored = kind.process_bind_param(at, SQLITE)

    assert at.astimezone(UTC) == kind.process_result_value(stored, SQLITE)


@pytest.mark.parametrize(
    ("pragma", "wanted"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1)]
)
def test_every_connection_to_sqlite_is_opened_for_keeps(sqlite_url: str, pragma: str, wanted: object) -> None:
    database = Database(sqlite_url)
    connections = [database.engine.connect() for _ in range(3)]

    found = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for connection in connections]
    for connection in connections:
        connection.close()
    database.close()

    assert [wanted] * 3 == found


def test_orders_that_lie_apart_can_be_named_however_many_they_are(database_url: str) -> None:
    migrate(database := Database(database_url))
    apart = as_ranges(range(0, 6000, 2))
    with database.read() as session:
        found = session.scalars(select(col(OrderLine.position)).where(within(apart))).all()
    database.close()

    assert [] == found


def test_a_writer_takes_its_turn_at_once_so_that_reading_first_cannot_fail_it(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)

    with database.write() as transaction:
        transaction.session.execute(text("SELECT count(*) FROM hold"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()
    database.close()


def test_a_database_that_another_program_keeps_locked_is_unavailable_and_nothing_is_kept(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageUnavailable, match="locked"), database.write(within_seconds=0.1) as transaction:
        transaction.session.add(Hold(kind=HoldKind.PAUSE, since=NOW))
    other.execute("ROLLBACK")
    other.close()
    with database.read() as session:
        assert session.get(Hold, HoldKind.PAUSE) is None
    database.close()


def test_a_block_that_raises_keeps_neither_its_rows_nor_its_events(database_url: str) -> None:
    database = Database(database_url)

    def half_done() -> None:
        with database.write() as transaction:
            transaction.session.add(Hold(kind=HoldKind.PAUSE, since=NOW))
            transaction.record(EventKind.HELD, who=None, request=None)
            raise KeyError

    with pytest.raises(KeyError):
        half_done()
    with database.read() as session:
        kept = (session.get(Hold, HoldKind.PAUSE), last_head(session.connection()))
    database.close()

    assert (None, None) == kept
