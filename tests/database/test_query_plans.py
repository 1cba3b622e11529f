"""What people look at reads no table that only grows from one end to the other."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from stored import made

from storage import history
from storage.db.transactions import Database
from storage.enums import DecisionVerdict, Outcome, RequestState
from storage.models import Decision
from storage.status import status

LONG = ("request", "order_line", "slack_message", "delivery")
"""Tables that only grow. (Of `audit_event` the last row alone is read, which SQLite calls a scan, too.)"""


def steps(url: str, look: Callable[[Session], object]) -> list[str]:
    """What SQLite does for each statement of this look."""
    database, asked = Database(url), list[tuple[str, Any]]()

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        asked.append((statement, parameters))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        look(session)
        event.remove(database.engine, "before_cursor_execute", note)
        connection = session.connection()
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}", given).all() for each, given in asked]
    database.close()
    return [step.detail for plan in plans for step in plan]


def test_a_status_reads_an_index_where_a_table_only_grows(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    found = steps(sqlite_url, lambda session: status(session, database.now(session)))
    database.close()

    assert any(step.startswith("SCAN request USING COVERING INDEX") for step in found)
    assert [] == [step for step in found if step in [f"SCAN {table}" for table in LONG]]


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.NOT_SENT, Outcome.UNKNOWN])
def test_a_history_by_an_outcome_that_few_have_reads_those_few_newest_first(sqlite_url: str, outcome: Outcome) -> None:
    search = history.Search(outcome=outcome)
    found = steps(sqlite_url, lambda session: history.page(session, search, 9, before=1_000))

    assert [f"SEARCH request USING INDEX ix_request_has_{outcome} (seq<?)"] == found


def test_a_history_by_status_reads_an_index_newest_first(sqlite_url: str) -> None:
    search = history.Search(status=RequestState.FINISHED)

    assert ["SEARCH request USING INDEX ix_request_state (state=?)"] == steps(
        sqlite_url, lambda session: history.page(session, search, 9)
    )


def test_whose_ids_are_whose_and_what_they_asked_for_last_is_found_without_sorting(sqlite_url: str) -> None:
    people(sqlite_url)

    def look(session: Session) -> None:
        history.same_person(session, {"U0000001"})
        history.asked_by(session, {"U0000001"}, 5)

    found = steps(sqlite_url, look)

    assert found
    assert [] == [step for step in found if not step.startswith("SEARCH")]


def people(url: str) -> None:
    """Ann asked under two ids and decided under a third; Bo has one id, and Cy stands for nobody whom Slack named."""
    asked = (("U0000001", "W0000001"), ("U0000002", "W0000001"), ("U0000003", "W0000003"), ("U0000004", None))
    database = Database(url)
    with database.write() as transaction:
        for number, (acted, person) in enumerate(asked, 1):
            request = made(transaction, f"R-00000{number}")
            request.requester, request.requester_person = acted, person
            transaction.session.flush()
        transaction.session.add(
            Decision(
                request_seq=4,
                person="U0000009",
                stands_for="U0000002",
                verdict=DecisionVerdict.APPROVED,
                rule="",
                at=transaction.now(),
            )
        )
    database.close()


@pytest.mark.parametrize(
    ("ids", "all_of_them"),
    [
        ({"U0000001"}, {"U0000001", "U0000002", "W0000001", "U0000009"}),
        ({"W0000001"}, {"U0000001", "U0000002", "W0000001", "U0000009"}),
        ({"U0000003"}, {"U0000003", "W0000003"}),
        ({"U0000004"}, {"U0000004"}),
        ({"U0000003", "U0000004"}, {"U0000003", "W0000003", "U0000004"}),
        (set(), set()),
    ],
)
def test_all_ids_of_a_person_are_found(database_url: str, ids: set[str], all_of_them: set[str]) -> None:
    people(database_url)
    database = Database(database_url)
    with database.read() as session:
        found = history.same_person(session, ids)
    database.close()

    assert all_of_them == found


def test_what_a_person_asked_for_last_is_found_under_each_id_once(database_url: str) -> None:
    people(database_url)
    database = Database(database_url)
    with database.read() as session:
        found = [
            [request.public_id for request in history.asked_by(session, ids, 2)]
            for ids in ({"U0000001", "W0000001"}, {"U0000001"}, {"U0000001", "U0000003", "U0000004"}, set[str]())
        ]
    database.close()

    assert [["R-000002", "R-000001"], ["R-000001"], ["R-000004", "R-000003"], []] == found
