"""`reconcile`: compares the record with what Fincart's logs show. It sends no cancel call."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.app import build
from bot.cli import archives
from bot.cli.database import Cannot, with_database
from bot.cli.operator import operator
from bot.context import Context
from bot.domain.files.order_file import read_order_file
from bot.domain.files.results import FileOrders
from bot.execution.reconciliation import Comparison, Difference, comparisons, record
from bot.fincart.client import ProbeKind
from bot.messages.file_errors import explain_file
from bot.settings.model import load_settings
from storage.db.transactions import Database


def reconcile(args: argparse.Namespace) -> int:
    """Compare, print every difference, and return the exit code."""
    return with_database(lambda database: _reconcile(database, args))


def _reconcile(database: Database, args: argparse.Namespace) -> int:
    total, recorded = Comparison(), 0
    besides = _orders(args.orders) if args.orders is not None else ()
    with _context() as context:
        for each in comparisons(context, args.since, besides):
            for difference in each.differences:
                _say(_words(difference))
            for order_id, why in each.unread.items():
                _say(f"{order_id}  its log could not be read: {why}")
            total.compared += each.compared
            total.differences += each.differences
            total.unread |= each.unread
            total.under_way += each.under_way
            if args.record:
                recorded += record(context, operator(), each.differences)
    under_way = f", {total.under_way:,} are being settled just now" if total.under_way else ""
    found = f"{len(total.differences):,} differ, {len(total.unread):,} could not be read{under_way}"
    orders = "1 order" if total.compared == 1 else f"{total.compared:,} orders"
    _say(f"{orders} compared with Fincart: {found}.")
    if lacks := archives.lacking(database):
        _say(f"Orders of archived requests are not read: {lacks}.")
    if args.record:
        _say(f"{recorded:,} recorded, as corrections by {operator()}.")
    return 1 if total.differences or total.unread else 0


@contextmanager
def _context() -> Iterator[Context]:
    """What the bot works with, on the same settings; none of its work is begun."""
    bot = build(load_settings())
    try:
        probe = bot.context.fincart.probe()
        if probe.kind is not ProbeKind.GOOD:
            raise Cannot(f"Fincart cannot be asked: {probe.words}. Run check.")
        yield bot.context
    finally:
        for pool in bot.pools:
            pool.shutdown(cancel_futures=True)
        bot.context.database.close()
        bot.context.fincart.close()
        for transport in bot.connections:
            transport.close()


def _words(found: Difference) -> str:
    cancelled = found.reading.cancelled
    if cancelled is not None:
        by = f" by {cancelled.by}" if cancelled.by else ""
        shown = f"cancelled at Fincart, {cancelled.created_at:%Y-%m-%d %H:%M:%S} UTC{by}"
    else:
        shown = f"not cancelled at Fincart, which says {found.reading.status or 'that there is no such order'}"
    if not found.recorded:
        return f"{found.order_id}  {shown}; no request of this record has it"
    line = found.recorded[-1]
    outcome = line.outcome.value.replace("_", " ") if line.outcome else "no outcome"
    return f"{found.order_id}  {shown}; {outcome} in {line.public_id}, which is {line.state.value}"


def _orders(path: Path) -> Sequence[str]:
    try:
        read = read_order_file(path.read_bytes())
    except OSError as error:
        raise Cannot(f"{path} cannot be read: {error.strerror}.") from None
    if not isinstance(read, FileOrders):
        raise Cannot(f"{path}: {explain_file(read)}")
    return [each.order.value for each in read.orders]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
