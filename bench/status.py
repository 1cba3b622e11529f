"""`status` and a scrape's queries over a long past, on SQLite and on PostgreSQL."""

import logging
import os
import subprocess
import sys

from sqlalchemy import text

from bench.figures import SAMPLE_HEADS, Samples, expect, table, title
from bench.servers import DATABASES
from storage.db.migrate import migrate
from storage.db.transactions import Database
from storage.status import status

TIMES = 5

_REQUESTS = """
INSERT INTO request (seq, public_id, delivery_id, team_id, requester, channel_id, origin, reason, order_count, state,
    revision, verdict, approvals_needed, emergency, created_at, finished_at, failed_since_go_on, next_position,
    cancelled, rejected, not_sent, unknown, confirmed, lease_token)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT n, 'R-' || substr(CAST(1000000 + n AS TEXT), 2), 'bench ' || n, 'T0000001', 'U0000001', 'C0000001',
    'command', 'duplicate', :each, 'finished', 1, :verdict, 0, false,
    CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 0, :each, :each, 0, 0, 0, :each, 1
FROM numbers"""
_LINES = """
INSERT INTO order_line (request_seq, position, order_id, unlike_fincart, doubt, outcome, proof, words, settled_at)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT (n - 1) / :each + 1, (n - 1) % :each, '6864fecda075914a' || CAST(10000000 + n AS TEXT), false, 'none',
    'cancelled', 'answer', '', CURRENT_TIMESTAMP
FROM numbers"""
_MESSAGES = """
INSERT INTO slack_message (request_seq, kind, key, facts, channel, ts, replace_original, wanted, shown, urgent,
    shown_at, tries)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT n, 'live', '', '{}', 'C0000001', '1.1', false, 4, 4, false, CURRENT_TIMESTAMP, 0
FROM numbers"""
_DELIVERIES = """
INSERT INTO delivery (id, kind, payload, received_at, tries, answer)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
SELECT 'bench ' || n, 'command', :verdict, CURRENT_TIMESTAMP, 1, 'preview'
FROM numbers"""


def run(requests: int = 200_000, each: int = 5) -> bool:
    """The queries alone and the whole command, at so many finished requests of so many orders."""
    logging.disable(logging.CRITICAL)
    title(f"Status at {requests:,} finished requests of {each:,} orders")
    rows, holds = [], True
    for name, on in DATABASES.items():
        with on("status") as url:
            _fill(url, requests, each)
            queries, command = Samples(f"queries on {name}"), Samples(f"python -m bot status on {name}")
            database = Database(url)
            for _ in range(TIMES):
                queries.time(lambda at=database: _ask(at))
                command.time(lambda at=url: _command(at))
            database.close()
        rows += [queries.row(), command.row()]
        holds &= expect(f"{queries.name}, seconds", queries.p50, 0.3, at_least=False)
        holds &= expect(f"{command.name}, seconds", command.p50, 1, at_least=False)
    table(SAMPLE_HEADS, rows)
    return holds


def _ask(database: Database) -> None:
    with database.read() as session:
        status(session, database.now(session))


def _command(url: str) -> None:
    command = [sys.executable, "-m", "bot", "status"]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, check=True, stdout=subprocess.DEVNULL)


def _fill(url: str, requests: int, each: int) -> None:
    database = Database(url)
    migrate(database)
    given = {"count": requests, "each": each, "verdict": f'{{"verdict": "{"x" * 600}"}}'}
    with database.write(within_seconds=60) as transaction:
        for statement in (_DELIVERIES, _REQUESTS, _LINES, _MESSAGES):
            count = requests * (each if statement is _LINES else 1)
            transaction.connection.execute(text(statement), given | {"count": count})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))
    database.close()
