"""Erases what people typed: from the texts of the audit chain, from the rows and from what Slack delivered.

Who, what and when stay. Events that a version before migration 0021 wrote hold their texts in the chain, for good.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.audit.texts import EventText, erased_on, in_the_clear
from storage.db.transactions import Transaction
from storage.enums import TO_ALL, EventKind, HoldKind, MessageKind
from storage.id_source import IdSource
from storage.live_messages import request_edit
from storage.models import AuditEvent, Decision, Hold, OrderLine, Request
from storage.operation_models import OpsNotice
from storage.slack_models import Delivery, SlackMessage

_WHO_AND_WHERE = ("user", "team", "channel")
"""What stays of a delivery."""

_MAY_QUOTE = (
    *(MessageKind.ANSWER, MessageKind.DRY_RUN, MessageKind.HISTORY, MessageKind.SHARED_HISTORY),
    *(MessageKind.REPORT, MessageKind.SHARED_REPORT, MessageKind.OPS_NOTICE),
)
"""Messages whose rows may hold what people typed: nothing edits them, so the rows are not needed any more."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of a request."""

    texts: int
    in_old_events: Sequence[int]
    """Events of an earlier version that hold texts for good."""


def erased_at(session: Session, public_id: str) -> datetime | None:
    """When a request was erased; None: it was not."""
    query = select(col(AuditEvent.at)).where(col(AuditEvent.request) == public_id)
    at = session.scalars(query.where(col(AuditEvent.kind) == EventKind.ERASED.value).limit(1)).first()
    return datetime.fromisoformat(at) if at else None


def erase(transaction: Transaction, request: Request, who: str) -> Erased:
    """Erase what people typed in a locked request that is over, and record it."""
    session, now = transaction.session, transaction.now()
    texts = session.scalars(select(EventText).where(col(EventText.request) == request.public_id)).all()
    words = erased_on(now)
    typed = [*_of_row(request, words), *_comments(session, request, words), *_overruled(texts)]
    typed = list(dict.fromkeys(typed))
    labels = session.execute(
        update(OrderLine)
        .where(col(OrderLine.request_seq) == request.seq, col(OrderLine.label).is_not(None))
        .values(label=words)
        .returning(col(OrderLine.position))
    ).all()
    count = len(typed) + len(labels)
    _forget_deliveries(session, [col(Delivery.id) == request.delivery_id, _names(request.public_id), *_quotes(typed)])
    _forget_messages(session, typed)
    details = {"texts": sorted(text.hash for text in texts), "erased": count}
    transaction.record(EventKind.ERASED, who=who, request=request.public_id, details=details, at=now)
    for text in texts:
        session.delete(text)
    _edit(transaction, request)
    return Erased(count, _in_old_events(session, request.public_id))


def erase_pauses(transaction: Transaction, ids: Collection[str], who: str) -> int:
    """Erase why a person paused all sending; not of a pause in force. Returns how many reasons that were."""
    session = transaction.session
    in_force = session.scalars(select(col(Hold.why)).where(col(Hold.kind) == HoldKind.PAUSE)).all()
    query = select(EventText).where(col(EventText.request).is_(None), col(EventText.who).in_(ids))
    texts = [text for text in session.scalars(query) if text.text not in in_force]
    if texts:
        typed = [text.text for text in texts]
        _forget_deliveries(session, list(_quotes(typed)))
        _forget_messages(session, typed)
        details = {"texts": sorted(text.hash for text in texts), "erased": len(texts)}
        transaction.record(EventKind.ERASED, who=who, request=None, details=details)
        for text in texts:
            session.delete(text)
    return len(texts)


def forget_person(transaction: Transaction, ids: Collection[str]) -> None:
    """Remove what else a person typed and was answered: no request, or nothing of one, came of it."""
    users = [col(Delivery.payload).contains(f'"user":{json.dumps(each)}', autoescape=True) for each in ids]
    _forget_deliveries(transaction.session, users)
    private = [kind for kind in _MAY_QUOTE if kind not in TO_ALL]
    theirs = col(SlackMessage.person).in_(ids), col(SlackMessage.kind).in_(private), col(SlackMessage.due_at).is_(None)
    transaction.session.execute(delete(SlackMessage).where(*theirs))


def of_person(session: Session, ids: Collection[str]) -> Sequence[str]:
    """The requests of the person with these ids that were not erased, oldest first."""
    erased = select(col(AuditEvent.request)).where(col(AuditEvent.kind) == EventKind.ERASED.value)
    theirs = or_(col(Request.requester).in_(ids), col(Request.requester_person).in_(ids))
    query = select(col(Request.public_id)).where(theirs, col(Request.public_id).not_in(erased.where(_is_of_request)))
    return session.scalars(query.order_by(col(Request.seq))).all()


_is_of_request = col(AuditEvent.request).is_not(None)


def commented(session: Session, ids: Collection[str]) -> Sequence[str]:
    """Requests in which the person with these ids typed something that is not erased."""
    query = select(col(EventText.request)).where(col(EventText.who).in_(ids), col(EventText.request).is_not(None))
    return [each for each in session.scalars(query.distinct().order_by(col(EventText.request))) if each is not None]


def retries(session: Session, public_id: str) -> Sequence[str]:
    """Requests that retry this one, whose reason they have."""
    query = select(col(Request.public_id)).where(col(Request.retry_of) == public_id)
    return session.scalars(query.order_by(col(Request.seq))).all()


def _of_row(request: Request, words: str) -> list[str]:
    """Erase what people typed from the request's row, and return it."""
    source = IdSource.of(request)
    aside = [each for pair in source.set_aside for each in pair if each is not None]
    typed = [each for each in (request.reason, source.file_name, source.column, *aside) if each is not None]
    request.reason = None if request.reason is None else words
    request.source = source.model_copy(
        update={
            "file_name": source.file_name and words,
            "column": source.column and words,
            "duplicates": tuple(each for each in source.duplicates if each not in aside),
            "set_aside": ((words, None),) if aside else (),
        }
    ).to_json()
    return typed


def _comments(session: Session, request: Request, words: str) -> list[str]:
    """Erase the comments on a request, and return them."""
    query = select(Decision).where(col(Decision.request_seq) == request.seq, col(Decision.comment).is_not(None))
    decisions = session.scalars(query).all()
    typed = [each.comment for each in decisions if each.comment is not None]
    for each in decisions:
        each.comment = words
    return typed


def _overruled(texts: Sequence[EventText]) -> list[str]:
    """Texts of events; of a decision that the same person changed later, no row has the comment any more."""
    return [text.text for text in texts if not text.text.startswith("[")]  # but the list of words set aside


def _in_old_events(session: Session, public_id: str) -> Sequence[int]:
    query = select(col(AuditEvent.seq), col(AuditEvent.payload)).where(col(AuditEvent.request) == public_id)
    payloads = [(row.seq, json.loads(row.payload)) for row in session.execute(query.order_by(col(AuditEvent.seq)))]
    return [seq for seq, payload in payloads if in_the_clear(payload["kind"], payload["details"])]


def _edit(transaction: Transaction, request: Request) -> None:
    """Have every message about the request edited that Slack shows to all; the live one is by its event."""
    query = select(SlackMessage).where(
        *(col(SlackMessage.request_seq) == request.seq, col(SlackMessage.ts).is_not(None)),
        *(col(SlackMessage.kind).in_(TO_ALL), col(SlackMessage.kind) != MessageKind.LIVE),
    )
    for row in transaction.session.scalars(query.with_for_update()).all():
        request_edit(transaction, row, urgent=False)


def _names(public_id: str) -> ColumnElement[bool]:
    return col(Delivery.payload).contains(public_id, autoescape=True)


def _quotes(typed: Iterable[str]) -> Iterable[ColumnElement[bool]]:
    return (col(Delivery.payload).contains(each, autoescape=True) for each in _as_json(typed))


def _as_json(typed: Iterable[str]) -> set[str]:
    """How JSON spells these texts."""
    return {json.dumps(each, ensure_ascii=ascii_only) for each in typed for ascii_only in (True, False)}


def _forget_deliveries(session: Session, which: Sequence[ColumnElement[bool]]) -> None:
    """Leave of handled deliveries only from whom and where they came."""
    query = select(Delivery).where(or_(*which), col(Delivery.due_at).is_(None), col(Delivery.answer).is_not(None))
    for row in session.scalars(query):
        given = json.loads(row.payload)
        row.payload = json.dumps({key: given[key] for key in _WHO_AND_WHERE if key in given})


def _forget_messages(session: Session, typed: Sequence[str]) -> None:
    """Delete what quotes a text: private answers and lines for operators."""
    for each in _as_json(typed):
        quoting = col(SlackMessage.facts).contains(each, autoescape=True), col(SlackMessage.kind).in_(_MAY_QUOTE)
        session.execute(delete(SlackMessage).where(*quoting))
        session.execute(delete(OpsNotice).where(col(OpsNotice.about).contains(each, autoescape=True)))
