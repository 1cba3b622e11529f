"""`status` and a scrape read no table from one end to the other."""

from typing import Any

from sqlalchemy import event

from storage.db.transactions import Database
from storage.status import status

LONG = ("request", "order_line", "slack_message", "delivery")
"""Tables that only grow. (Of `audit_event` the last row alone is read, which SQLite calls a scan, too.)"""


def test_a_status_reads_an_index_where_a_table_only_grows(sqlite_url: str) -> None:
    database, asked = Database(sqlite_url), list[tuple[str, Any]]()

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        asked.append((statement, parameters))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        status(session, database.now(session))
        event.remove(database.engine, "before_cursor_execute", note)
        connection = session.connection()
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}", given).all() for each, given in asked]
    steps = [step.detail for plan in plans for step in plan]
    database.close()

    assert any(step.startswith("SCAN request USING COVERING INDEX") for step in steps)
    assert [] == [step for step in steps if step in [f"SCAN {table}" for table in LONG]]
