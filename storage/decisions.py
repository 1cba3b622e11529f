"""Decisions: one person's verdict on one request. Written under the request's lock, and counted there."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.database import Transaction
from storage.states import DecisionVerdict
from storage.tables import Decision, Request


def of_request(session: Session, request: Request) -> Sequence[Decision]:
    """Every decision on a request, in the order in which they were made."""
    query = select(Decision).where(col(Decision.request_seq) == request.seq)
    return session.scalars(query.order_by(col(Decision.at), col(Decision.person))).all()


def approvers(session: Session, request: Request) -> frozenset[str]:
    """Who has approved a request, its own requester never counted."""
    return frozenset(
        decision.person
        for decision in of_request(session, request)
        if decision.verdict is DecisionVerdict.APPROVED and decision.person != request.requester
    )


def decide(
    transaction: Transaction,
    request: Request,
    person: str,
    verdict: DecisionVerdict,
    rule: str,
    comment: str | None,
    at: datetime,
) -> None:
    """Keep a person's verdict. Whoever approved and then declines has declined; history has both."""
    if person == request.requester:
        raise ValueError("nobody decides on their own request")
    assert request.seq is not None
    transaction.session.merge(
        Decision(
            request_seq=request.seq,
            person=person,
            verdict=verdict,
            comment=comment,
            rule=rule,
            at=at,
        )
    )
    transaction.session.flush()
