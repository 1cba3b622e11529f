"""What people look at, over a very long past, on SQLite and on PostgreSQL; and what each order adds to the database."""

import logging
import statistics
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.figures import Samples, expect, ms, table, title
from bench.finished_requests import past
from bench.servers import DATABASES
from bench.standins import CHANNEL, PERSON, order_id
from bot.domain.commands.filters import History
from bot.domain.commands.order_ids import OrderId
from bot.domain.commands.report import Grouping
from bot.messages.home import home_view
from bot.outbox.contents import Content, HistoryPage, ReportContent, RequestPage
from bot.outbox.read_model import rules_facts
from bot.outbox.renderer import render
from bot.outbox.report_figures import last_days
from bot.reports.home_tab import home_facts
from bot.settings.fields import Settings
from storage.db.transactions import Database
from storage.enums import Outcome, RequestState
from storage.slack_models import SlackMessage

EACH = 50
"""Orders in a request."""
TIMES = 40
WEEK = timedelta(days=7)

Look = Callable[[Session, Database], object]


def looks(few: int = 10_000, many: int = 10_000_000) -> bool:
    """Print what each look takes at few and at many audited orders, in turns, and whether the many cost 1.5 times."""
    logging.disable(logging.CRITICAL)
    title(f"What people look at, at {many:,} audited orders, {EACH} a request, beside {few:,}")
    # Of either past the last week is the same.
    apart = WEEK / (few // EACH)
    holds = True
    for name, on in DATABASES.items():
        with on("few") as url_few, on("many") as url_many:
            at_few, at_many = past(url_few, few, EACH, apart), past(url_many, many, EACH, apart)
            for each in (at_few, at_many):
                _settle(each)
            holds &= _compare(name, at_few, at_many)
            at_few.close()
            at_many.close()
    return holds


def growth() -> bool:
    """Print how many bytes each order and each request of a past adds, with its indexes and events."""
    logging.disable(logging.CRITICAL)
    title("What finished requests add to the database, their events included")
    rows = []
    for name, on in DATABASES.items():
        for each, requests in {1: 20_000, 1_000: 100}.items():
            with on("growth") as url:
                sizes = [_size(past(url, 0, each))]
                database = past(url, each * requests, each)
                sizes.append(_size(database))
                database.close()
            grown = sizes[1] - sizes[0]
            rows.append((name, f"{each:,}", f"{grown / requests:,.0f}", f"{grown / requests / each:,.0f}"))
    table(("", "orders a request", "bytes a request", "bytes an order"), rows)
    return True


def _compare(name: str, few: Database, many: Database) -> bool:
    rows, holds = [], True
    for what, look in _LOOKS.items():
        at_few, at_many = Samples(what), Samples(what)
        for _ in range(TIMES):
            at_few.time(partial(_look, look, few))
            at_many.time(partial(_look, look, many))
        ratio = statistics.median(m / f for f, m in zip(at_few.seconds, at_many.seconds, strict=True))
        rows.append((what, ms(at_few.p50), ms(at_many.p50), ms(at_many.p99), f"{ratio:.2f}"))
        holds &= expect(f"{what} on {name}, many / few, median of pairs", ratio, 1.5, at_least=False)
    table((name, "p50 few ms", "p50 many ms", "p99 many ms", "ratio"), rows)
    return holds


def _look(look: Look, database: Database) -> None:
    with database.read() as session:
        look(session, database)


def _shown(content: Content) -> Look:
    row = SlackMessage(id=1, kind=content.kind, facts=content.to_json(), person=PERSON, channel=CHANNEL)
    settings = Settings(allowed_users=(PERSON,))
    return lambda session, database: render(session, row, settings, database.now(session), None)


def _listed(filters: History) -> Look:
    return _shown(HistoryPage(filters=filters, zone=ZONE))


def _home(session: Session, database: Database) -> object:
    facts = home_facts(session, {PERSON}, last_days(ZONE), database.now(session))
    return home_view(facts, rules_facts(Settings()), PERSON, approves=False)


ZONE = "Etc/UTC"
_WEEK = last_days(ZONE).filters
_LOOKS: Mapping[str, Look] = {
    "history": _listed(History()),
    "history of a person": _listed(History(person=PERSON)),
    "history of an order": _listed(History(order_id=OrderId(order_id(5_000)))),
    "history by outcome": _listed(History(outcome=Outcome.CANCELLED)),
    "history by outcome, none found": _listed(History(outcome=Outcome.UNKNOWN)),
    "history by status": _listed(History(status=RequestState.FINISHED)),
    "history by reason": _listed(History(reason="duplicate")),
    "show of the first request": _shown(RequestPage(public_id="R-000000")),
    "report of a week": _shown(ReportContent(filters=_WEEK, zone=ZONE)),
    "report of a week by person": _shown(ReportContent(filters=_WEEK, zone=ZONE, by=Grouping.PERSON)),
    "report of a week by day": _shown(ReportContent(filters=_WEEK, zone=ZONE, by=Grouping.DAY)),
    "Home": _home,
}


def _settle(database: Database) -> None:
    """What PostgreSQL does by itself after a while. SQLite does nothing, and the bot has it do nothing."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _size(database: Database) -> int:
    asked = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    if not database.is_sqlite:
        asked = "SELECT pg_database_size(current_database())"
    with database.read() as session:
        return int(session.connection().execute(text(asked)).scalar_one())
