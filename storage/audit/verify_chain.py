"""Verifies the chain of events, over its archives where they are given."""

from collections.abc import Iterator, Sequence

from storage.audit.archive_file import Archive
from storage.audit.checkpoint import Checkpoint, check_noted, check_staying, checkpoints, start_of_chain, staying_page
from storage.audit.log import EVENTS_AT_A_TIME, Broken, Head, StoredEvent, event_page, verify
from storage.db.transactions import Database

Pages = Iterator[Sequence[StoredEvent]]


def verify_chain(database: Database, witness: Head | None, archives: Sequence[Archive] | None) -> Head | Broken | None:
    """Check the chain: after the last archived event, or with the files of every archive from the first event on.

    Returns the chain's head, None for an empty chain, or the first event at which it breaks.
    """
    with database.read() as session:
        known = checkpoints(session.connection())
        stays = check_noted(session.connection(), known)
    last = known[-1] if known else None
    stays = stays or (check_staying(_staying(database, last), last) if last else None)
    if archives is not None:
        return _missing(known, archives) or _whole(database, witness, known, archives) if stays is None else stays
    if last is not None and witness is not None and witness.seq <= last.last:
        holder = next(each for each in known if witness.seq <= each.last)
        return stays or Broken(witness.seq, f"it is in the archive {holder}: give it with --archive")
    found = verify(_chain_after(database, last.last if last else 0), witness, start_of_chain(last))
    return found if stays is None else stays


def _staying(database: Database, last: Checkpoint) -> Pages:
    after = 0
    while True:
        with database.read() as session:
            page = staying_page(session.connection(), after, last.last, last.number)
        yield page
        if len(page) < EVENTS_AT_A_TIME:
            return
        after = page[-1].seq


def _chain_after(database: Database, after: int) -> Iterator[StoredEvent]:
    """Every later event, one transaction a page: a long reader would keep SQLite from truncating its log."""
    while True:
        with database.read() as session:
            page = event_page(session.connection(), after)
        yield from page
        if len(page) < EVENTS_AT_A_TIME:
            return
        after = page[-1].seq


def _missing(known: Sequence[Checkpoint], archives: Sequence[Archive]) -> Broken | None:
    """The first archive whose file is not among those given, or is another than the one that its event names."""
    given = {archive.sha256 for archive in archives}
    numbers = {archive.number: archive for archive in archives}
    for each in known:
        if each.sha256 not in given:
            other = numbers.get(each.number)
            named = f"{other.path} is not the archive {each}" if other else f"the archive {each} is missing"
            return Broken(each.first, named)
    strange = given - {each.sha256 for each in known}
    if strange:
        path = next(archive.path for archive in archives if archive.sha256 in strange)
        return Broken(known[-1].seq if known else 1, f"no event tells of the archive {path}")
    return None


class _Differs(Exception):
    """An event in the database is not the one in the archive."""


def _whole(
    database: Database, witness: Head | None, known: Sequence[Checkpoint], archives: Sequence[Archive]
) -> Head | Broken | None:
    last = known[-1] if known else None
    stays = (event for page in _staying(database, last) for event in page) if last else iter(())
    files = {archive.sha256: archive for archive in archives}

    def events() -> Iterator[StoredEvent]:
        staying = next(stays, None)
        for each in known:
            for event in files[each.sha256].events():
                stored = StoredEvent(event.seq, event.payload, event.prev_hash, event.hash)
                if staying is not None and staying.seq == event.seq:
                    if staying != stored:
                        raise _Differs(event.seq)
                    staying = next(stays, None)
                yield stored
        yield from _chain_after(database, last.last if last else 0)

    try:
        return verify(events(), witness)
    except _Differs as differs:
        return Broken(differs.args[0], "it is not the one that the archive holds")
