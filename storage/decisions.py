"""Decisions: one person's verdict on one request, written and counted under the request's lock."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.db.transactions import Transaction
from storage.enums import DecisionVerdict
from storage.models import Decision, Request


def of_request(session: Session, request: Request) -> Sequence[Decision]:
    """Every decision on a request, in the order in which they were made."""
    query = select(Decision).where(col(Decision.request_seq) == request.seq)
    return session.scalars(query.order_by(col(Decision.at), col(Decision.person))).all()


def approvers(session: Session, request: Request) -> frozenset[str]:
    """The people, not ids, who have approved a request. Its requester never counts."""
    return frozenset(
        decision.stands_for or decision.person
        for decision in of_request(session, request)
        if decision.verdict is DecisionVerdict.APPROVED
        and not request.requester_ids & {decision.person, decision.stands_for}
    )


def approved_with(session: Session, request: Request) -> frozenset[str]:
    """Ids that approved a request."""
    approved = (each for each in of_request(session, request) if each.verdict is DecisionVerdict.APPROVED)
    return frozenset(decision.person for decision in approved)


def decide(transaction: Transaction, request: Request, decision: Decision) -> None:
    """Store a person's decision. A person who approved and then declines, under whichever ids, has declined; the audit
    log has both.
    """
    decision.stands_for = decision.stands_for or decision.person
    if request.requester_ids & {decision.person, decision.stands_for}:
        raise ValueError("nobody decides on their own request")
    its_person = func.coalesce(col(Decision.stands_for), col(Decision.person))
    earlier = delete(Decision).where(col(Decision.request_seq) == request.seq, its_person == decision.stands_for)
    transaction.session.execute(earlier.execution_options(synchronize_session="fetch"))
    transaction.session.merge(decision)
    transaction.session.flush()
