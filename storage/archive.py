"""Archives: moves ended requests into a file, and leaves a checkpoint in the chain.

The file is whole, on the disk and read back before anything is removed. Then the database notes which requests it
holds, the checkpoint is chained, and rows and events go in small transactions, between which the bot works. Whatever is
broken off is continued by the same command.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from storage import archive_removal
from storage.archive_choice import Choice, choose, parts
from storage.audit import checkpoint
from storage.audit.archive_check import ROWS_OF, check_archive
from storage.audit.archive_file import FORMAT, Archive, ArchiveWriter, BadArchive, open_archive
from storage.audit.checkpoint import Checkpoint, StayDigest, start_of_chain
from storage.audit.log import EVENTS_AT_A_TIME, Head, StoredEvent, event_page, last_head, lock_chain
from storage.audit.texts import EventText
from storage.db.transactions import Database
from storage.enums import EventKind
from storage.models import AuditEvent, Request

_REQUESTS_AT_A_TIME = 50


class CannotArchive(Exception):
    """Nothing was removed; the text says why."""


@dataclass(frozen=True, slots=True)
class Archived:
    """What was archived, and what stays; no checkpoint: there was nothing to archive."""

    checkpoint: Checkpoint | None
    choice: Choice | None


def archive(database: Database, before: datetime, file: Path, who: str) -> Archived:
    """Archive into a new file what ended before this time, or finish what was begun with this file.

    Raises `CannotArchive`, `BadArchive`, `OSError` and `StorageUnavailable`; then the file holds nothing that is not
    in the database too, or its checkpoint is there and the same command continues.
    """
    with _alone(file):
        with database.read() as session:
            known = checkpoint.checkpoints(session.connection())
        last = known[-1] if known else None
        choice = None
        if os.path.lexists(file):
            found = _open(file, known)
            if (its := next((each for each in known if each.sha256 == found.sha256), None)) is not None:
                archive_removal.remove(database, its)
                return Archived(its, None)
            _refuse_another(database, found, last, before)
        else:
            if last is not None:
                archive_removal.remove(database, last)
            choice = choose(database, before)
            if not choice.requests:
                return Archived(None, choice)
            found = _write(database, file, before, last, choice)
        made = _conclude(database, found, before, who)
        archive_removal.remove(database, made)
        return Archived(made, choice)


def _open(file: Path, known: Sequence[Checkpoint]) -> Archive:
    try:
        return open_archive(file)
    except BadArchive as bad:
        if its := next((each for each in known if each.file == file.name), None):
            raise CannotArchive(f"{bad}: put the copy in its place whose SHA-256 is {its.sha256}") from None
        raise CannotArchive(f"there is a file {file} already, and it is no archive: name a new one") from None


def _refuse_another(database: Database, found: Archive, last: Checkpoint | None, before: datetime) -> None:
    """Raise `CannotArchive` unless the file is the next archive of this database, written by a run that broke off."""
    with database.read() as session:
        query = select(col(AuditEvent.hash)).where(col(AuditEvent.seq) == found.last)
        head = session.scalar(query) or start_of_chain(last).hash
    start = start_of_chain(last)
    if (found.first - 1, found.header["prev_hash"], found.header["head"]) != (start.seq, start.hash, head):
        raise CannotArchive(f"there is a file {found.path} already, an archive of something else: name a new one")
    if datetime.fromisoformat(found.header["before"]) != before:
        raise CannotArchive(f"{found.path} was begun with another --before: give that, or name a new file")


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keep a second run out of the folder."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CannotArchive(f"another process archives into {file.parent} just now") from None
    finally:
        os.close(folder)


def _write(database: Database, file: Path, before: datetime, last: Checkpoint | None, choice: Choice) -> Archive:
    """Write the file, read it back, and give it its name."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    with suppress(FileNotFoundError):
        unfinished.unlink()
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as raw:
            writer = ArchiveWriter(raw)
            _lines(database, writer, before, last, choice)
            writer.end()
        check_archive(open_archive(unfinished))
        os.link(unfinished, file)
    except FileExistsError:
        raise CannotArchive(f"there is a file {file} already: name a new one") from None
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return open_archive(file)


def _lines(
    database: Database, writer: ArchiveWriter, before: datetime, last: Checkpoint | None, choice: Choice
) -> None:
    start = start_of_chain(last)
    with database.read() as session:
        until = last_head(session.connection()) or start
        end = _at(session, choice.last) if choice.last > start.seq else start
    writer.line(
        format=FORMAT,
        number=last.number + 1 if last else 1,
        first=start.seq + 1,
        last=end.seq,
        prev_hash=start.hash,
        head=end.hash,
        before=before,
        written_at_event=until.seq,
        requests=len(choice.requests),
        orders=choice.orders,
        asked=choice.asked,
    )
    for event in _events(database, start.seq, end.seq):
        writer.line(event=event._asdict())
    for seqs in parts(choice.requests, _REQUESTS_AT_A_TIME):
        with database.read() as session:
            _rows(session, writer, seqs, start.seq)


def _at(session: Session, seq: int) -> Head:
    return Head(seq, session.scalars(select(col(AuditEvent.hash)).where(col(AuditEvent.seq) == seq)).one())


def _events(database: Database, after: int, last: int) -> Iterator[StoredEvent]:
    while after < last:
        with database.read() as session:
            page = event_page(session.connection(), after)
        yield from (event for event in page if event.seq <= last)
        if len(page) < EVENTS_AT_A_TIME:
            return
        after = page[-1].seq


def _rows(session: Session, writer: ArchiveWriter, seqs: Sequence[int], start: int) -> None:
    """Write all rows of these requests, and their events that an earlier archive has in its chain."""
    for model, number in ROWS_OF:
        table = SQLModel.metadata.tables[str(model.__tablename__)]
        query = table.select().where(col(number).in_(seqs)).order_by(*table.primary_key)
        for values in session.execute(query).mappings():
            writer.line(table=table.name, row={name: values[name] for name in values if name != "response_url"})
    public_ids = select(col(Request.public_id)).where(col(Request.seq).in_(seqs))
    texts = SQLModel.metadata.tables[str(EventText.__tablename__)]
    for text_row in session.execute(texts.select().where(col(EventText.request).in_(public_ids))).mappings():
        writer.line(table=texts.name, row=dict(text_row))
    columns = map(col, (AuditEvent.seq, AuditEvent.payload, AuditEvent.prev_hash, AuditEvent.hash))
    earlier = select(*columns).where(col(AuditEvent.seq) <= start, col(AuditEvent.request).in_(public_ids))
    for row in session.execute(earlier.order_by(col(AuditEvent.seq))):
        writer.line(earlier=StoredEvent._make(row)._asdict())


def _conclude(database: Database, found: Archive, before: datetime, who: str) -> Checkpoint:
    """Note what the file holds, and chain its checkpoint, unless one of its requests has gone on since."""
    archive_removal.note(database, found)
    stays = StayDigest()
    after = 0
    while True:
        with database.read() as session:
            page = checkpoint.staying_page(session.connection(), after, found.last, found.number)
        stays.add(page)
        if len(page) < EVENTS_AT_A_TIME:
            break
        after = page[-1].seq
    asked_from, asked_until = map(datetime.fromisoformat, found.header["asked"])
    with database.write(within_seconds=10.0, confirm_commit=True) as transaction:
        lock_chain(transaction.connection)
        if gone_on := _gone_on(transaction.connection, found):
            raise CannotArchive(f"{gone_on} has gone on meanwhile: remove {found.path}, and run this again")
        made = Checkpoint(
            seq=0,
            at=transaction.now(),
            number=found.number,
            file=found.path.name,
            sha256=found.sha256,
            first=found.first,
            last=found.last,
            head=found.header["head"],
            before=before,
            requests=found.header["requests"],
            orders=found.header["orders"],
            asked_from=asked_from,
            asked_until=asked_until,
            stay=stays.count,
            stay_digest=stays.hexdigest,
        )
        transaction.record(EventKind.ARCHIVED, who=who, request=None, details=made.details())
    with database.read() as session:
        return checkpoint.checkpoints(session.connection())[-1]


_GONE_ON = text(
    "SELECT e.request FROM audit_event e JOIN archived_request a ON a.public_id = e.request"
    " WHERE e.seq > :until AND a.archive = :number LIMIT 1"
)


def _gone_on(connection: Connection, found: Archive) -> str | None:
    """A request of the file about which something was recorded after it was written."""
    which = {"until": found.header["written_at_event"], "number": found.number}
    return connection.execute(_GONE_ON, which).scalar()
