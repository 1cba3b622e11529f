"""Which archives hold what a message cannot show."""

from datetime import datetime

from sqlalchemy.orm import Session

from bot.messages.view_models import ArchiveFacts
from storage.audit import checkpoint
from storage.audit.checkpoint import Checkpoint


def archive_of(session: Session, public_id: str) -> ArchiveFacts | None:
    """The archive that holds a request; None if none does."""
    found = checkpoint.archive_of(session.connection(), public_id)
    return None if found is None else _facts(found)


def archives_reaching(session: Session, since: datetime | None, until: datetime | None) -> tuple[ArchiveFacts, ...]:
    """The archives that hold requests asked for in this time."""
    return tuple(map(_facts, checkpoint.reaching(session.connection(), since, until)))


def _facts(found: Checkpoint) -> ArchiveFacts:
    return ArchiveFacts(found.file, found.requests, found.orders, found.before)
