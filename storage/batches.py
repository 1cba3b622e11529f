"""Batches: planned and committed before a call, settled after it; and the one hand that an order is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from storage.audit import EventKind
from storage.database import Transaction
from storage.states import AnswerKind, Outcome, Proof, RequestState
from storage.tables import Attempt, InFlight, OrderLine, Request


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one order, and in whose words."""

    outcome: Outcome
    proof: Proof | None
    words: str


@dataclass(frozen=True, slots=True)
class Leased:
    """A request that this owner may send for, until the lease runs out."""

    request: Request
    orphans: Sequence[Attempt]
    """Attempts of an earlier owner whose answers never came."""


def lease(transaction: Transaction, owner: str, seconds: float) -> Leased | None:
    """Take the next request that has something to send and no living owner; None when there is none.

    The taking and the token that tells a later owner from an earlier one are one statement under the row's lock.
    """
    now = transaction.now()
    query = (
        select(Request)
        .where(
            col(Request.state).in_((RequestState.APPROVED, RequestState.EXECUTING)),
            col(Request.due_at) <= now,
            or_(col(Request.lease_until).is_(None), col(Request.lease_until) <= now),
        )
        .order_by(col(Request.due_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    request = transaction.session.scalars(query).first()
    if request is None:
        return None
    request.lease_owner = owner
    request.lease_token += 1
    request.lease_until = now + timedelta(seconds=seconds)
    return Leased(request, unanswered(transaction, request))


def renew(transaction: Transaction, owner: str, seconds: float) -> set[int]:
    """Keep this owner's leases for so many seconds more; returns whose. One that has run out stays lost."""
    now = transaction.now()
    query = update(Request).where(col(Request.lease_owner) == owner, col(Request.lease_until) > now)
    renewed = query.values(lease_until=now + timedelta(seconds=seconds)).returning(col(Request.seq))
    return {seq for seq in transaction.session.scalars(renewed) if seq is not None}


def unanswered(transaction: Transaction, request: Request) -> Sequence[Attempt]:
    """Attempts of a request that have not ended."""
    query = select(Attempt).where(col(Attempt.request_seq) == request.seq, col(Attempt.ended_at).is_(None))
    return transaction.session.scalars(query.order_by(col(Attempt.id))).all()


def claim(transaction: Transaction, request: Request, order_ids: Sequence[str]) -> dict[str, str]:
    """Take these orders in hand for this request; returns those that are in another's hand, with that request's id."""
    new = (
        sqlite.insert(InFlight)
        if transaction.session.get_bind().dialect.name == "sqlite"
        else postgresql.insert(InFlight)
    )
    rows = [{"order_id": order_id, "request_seq": request.seq} for order_id in sorted(order_ids)]
    transaction.session.execute(new.on_conflict_do_nothing(), rows)
    query = (
        select(col(InFlight.order_id), col(Request.public_id))
        .join(Request, col(Request.seq) == col(InFlight.request_seq))
        .where(col(InFlight.order_id).in_(order_ids), col(InFlight.request_seq) != request.seq)
    )
    return dict(transaction.session.execute(query).tuples().all())


def plan(transaction: Transaction, request: Request, lines: Sequence[OrderLine]) -> Attempt:
    """Write ahead: the batch, as it is about to be sent."""
    now = transaction.now()
    attempt = Attempt(
        request_seq=_seq(request),
        positions=as_ranges([line.position for line in lines]),
        lease_token=request.lease_token,
        planned_at=now,
    )
    transaction.session.add(attempt)
    transaction.session.execute(
        update(OrderLine)
        .where(_within(request, [line.position for line in lines]), col(OrderLine.first_sent_at).is_(None))
        .values(first_sent_at=now)
        .execution_options(synchronize_session=False)
    )
    return attempt


def lines_of(transaction: Transaction, attempt: Attempt) -> Sequence[OrderLine]:
    """The orders that an attempt carries."""
    query = select(OrderLine).where(col(OrderLine.request_seq) == attempt.request_seq, _positions_in(attempt.positions))
    return transaction.session.scalars(query.order_by(col(OrderLine.position))).all()


def end(transaction: Transaction, attempt: Attempt, result: AnswerKind, http_status: int | None, words: str) -> bool:
    """Write down how a call ended; False if that was written before (by whoever took the work over)."""
    ended = transaction.session.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt.id, col(Attempt.ended_at).is_(None))
        .values(ended_at=transaction.now(), result=result, http_status=http_status, words=words)
        .returning(col(Attempt.id))
        .execution_options(synchronize_session=False)
    ).first()
    return ended is not None


def settle(
    transaction: Transaction,
    request: Request,
    lines: Sequence[OrderLine],
    outcomes: Mapping[int, Settled],
    *,
    kind: EventKind,
    attempt: Attempt | None = None,
    answer: Mapping[str, object] | None = None,
) -> None:
    """Give orders their outcomes, let them go out of hand, keep the figures, and tell history in one event."""
    now = transaction.now()
    settled = [(line, outcomes[line.position]) for line in lines if line.outcome is None]
    if not settled:
        return
    statement = (
        update(OrderLine)
        .where(col(OrderLine.request_seq) == bindparam("seq"), col(OrderLine.position) == bindparam("at_position"))
        .values(
            outcome=bindparam("its_outcome"),
            proof=bindparam("its_proof"),
            words=bindparam("its_words"),
            settled_at=bindparam("now"),
        )
    )
    transaction.session.connection().execute(
        statement,
        [
            {
                "seq": request.seq,
                "at_position": line.position,
                "its_outcome": settlement.outcome,
                "its_proof": settlement.proof,
                "its_words": settlement.words,
                "now": now,
            }
            for line, settlement in settled
        ],
    )
    for _, settlement in settled:
        count(request, settlement.outcome, 1)
    release(transaction, request, [line.order_id for line, _ in settled])
    transaction.record(
        kind,
        who=None,
        request=request.public_id,
        details={
            "attempt": attempt.id if attempt else None,
            "answer": dict(answer or {}),
            "orders": [
                [line.order_id, settlement.outcome.value, settlement.proof.value if settlement.proof else None]
                for line, settlement in settled
            ],
            "words": sorted({settlement.words for _, settlement in settled if settlement.words}),
        },
    )


def count(request: Request, outcome: Outcome, by: int) -> None:
    """Keep one of the four figures."""
    match outcome:
        case Outcome.CANCELLED:
            request.cancelled += by
        case Outcome.REJECTED:
            request.rejected += by
        case Outcome.NOT_SENT:
            request.not_sent += by
        case Outcome.UNKNOWN:
            request.unknown += by


def release(transaction: Transaction, request: Request, order_ids: Sequence[str]) -> None:
    """Let orders go out of this request's hand."""
    transaction.session.execute(
        delete(InFlight).where(col(InFlight.order_id).in_(order_ids), col(InFlight.request_seq) == request.seq)
    )


def as_ranges(positions: Sequence[int]) -> str:
    """Positions in the form that an attempt's row keeps them: `0-99` or `4,7-9`."""
    ranges: list[list[int]] = []
    for position in sorted(positions):
        if ranges and position == ranges[-1][1] + 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def _positions_in(ranges: str) -> ColumnElement[bool]:
    bounds = [part.partition("-") for part in ranges.split(",")]
    return or_(*(col(OrderLine.position).between(int(first), int(last or first)) for first, _, last in bounds))


def _within(request: Request, positions: Sequence[int]) -> ColumnElement[bool]:
    return and_(col(OrderLine.request_seq) == request.seq, _positions_in(as_ranges(positions)))


def _seq(request: Request) -> int:
    assert request.seq is not None
    return request.seq
