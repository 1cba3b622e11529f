"""PostgreSQL goes away in a commit: what was written ahead is neither done twice nor left lying."""

from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from cut_wire import Cut, CutWire
from sqlalchemy import text
from stored import approved, bot_on
from world import ANN, FIRST, World, go_ahead, of_owner, order_ids, request_id

from bot.execution.dispatcher import Dispatcher
from bot.sandbox.fincart.faults import Applied, Fault, FaultKind
from storage.db import commit_outcome
from storage.db.transactions import Database, StorageUnavailable

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

IDS = order_ids(60)


@pytest.fixture
def wire(database_url: str) -> Iterator[CutWire]:
    wire = CutWire(of_owner(database_url))
    yield wire
    wire.close()


def test_what_was_committed_and_not_heard_counts_as_committed(wire: CutWire) -> None:
    database = Database(wire.url)
    with (
        wire.cutting(lambda number: Cut.AFTER if number == 0 else None),
        database.write(confirm_commit=True) as transaction,
    ):
        transaction.session.execute(text("UPDATE hold SET why = 'heard' WHERE false"))
        transaction.session.execute(text("CREATE TABLE heard (it int)"))
    with database.read() as session:
        session.execute(text("SELECT * FROM heard"))
    database.close()

    assert 1 == wire.cuts


def test_what_was_not_committed_is_told(wire: CutWire) -> None:
    database = Database(wire.url)
    with (
        wire.cutting(lambda number: Cut.BEFORE if number == 0 else None),
        pytest.raises(StorageUnavailable),
        database.write(confirm_commit=True) as transaction,
    ):
        transaction.session.execute(text("CREATE TABLE heard (it int)"))
    with database.read() as session:
        found = session.execute(text("SELECT to_regclass('heard')")).scalar_one()
    database.close()

    assert (1, None) == (wire.cuts, found)


def test_an_earlier_commit_of_the_same_thread_does_not_count_for_one_that_was_not_carried_out(wire: CutWire) -> None:
    database = Database(wire.url)
    with database.write(confirm_commit=True) as transaction:
        transaction.session.execute(text("CREATE TABLE before (it int)"))
    with (
        wire.cutting(lambda number: Cut.BEFORE if number == 0 else None),
        pytest.raises(StorageUnavailable),
        database.write(confirm_commit=True) as transaction,
    ):
        transaction.session.execute(text("CREATE TABLE heard (it int)"))
    database.close()

    assert 1 == wire.cuts


def test_the_mark_of_a_commit_just_made_is_kept(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as transaction:
        mark = commit_outcome.leave(transaction.connection)
    with database.write() as transaction:
        commit_outcome.forget(transaction.connection, transaction.now())
    found = commit_outcome.was_committed(database.engine, mark, lambda _: True)
    database.close()

    assert found


def test_what_was_written_ahead_and_not_heard_is_sent(wire: CutWire) -> None:
    calls: list[httpx.Request] = []

    def fincart(call: httpx.Request) -> httpx.Response:
        calls.append(call)
        return httpx.Response(500)

    bot = bot_on(wire.url, fincart)
    with bot.context.database.write() as transaction:
        approved(transaction)
    with wire.cutting(lambda number: Cut.AFTER if number == 0 else None):
        with suppress(StorageUnavailable):
            Dispatcher(bot.context).step()
        cuts = wire.cuts
    bot.stop()

    assert (1, 1) == (cuts, len(calls))


def test_who_types_while_the_database_goes_away_is_told_that_it_may_have_been_recorded(wire: CutWire) -> None:
    world = World(wire.url)
    with wire.cutting(lambda _: Cut.AFTER):
        answer = world.answer(ANN, FIRST)
    world.until(lambda: any("Cancel 1 order?" in post.text for post in world.private(ANN)))
    world.stop()
    world.verify()

    assert "It is not known whether this was recorded" in answer.text


@pytest.mark.parametrize("cut", [Cut.AFTER, Cut.BEFORE])
def test_a_run_ends_with_every_order_sent_once_however_often_the_database_goes_away(wire: CutWire, cut: Cut) -> None:
    world = World(wire.url, FINCART_BATCH_SIZE="2", VERIFY_RESULTS="false")
    world.fincart.add(*IDS)
    world.fincart.settings.latency = 0.02
    # One refused order, so that batches are halved and sent again.
    world.fincart.inject(Fault(FaultKind.BAD_ID, order_id=IDS[7], applied=Applied.NONE, times=None))
    preview = world.preview(ANN, " ".join(IDS))
    with wire.cutting(lambda number: cut if 3 < number <= 36 and number % 3 == 0 else None):
        world.click(ANN, preview, go_ahead(preview))
        # A message whose taking was cut is taken again after eight seconds, and may be cut again.
        ended = world.ended(request_id(preview), timeout=90)
    world.stop()
    world.verify()

    applied = [order for call in world.fincart.cancel_calls for order in call.applied]
    assert wire.cuts > 3
    assert "59 cancelled" in ended.text
    assert {1} == {applied.count(order) for order in IDS if order != IDS[7]}
