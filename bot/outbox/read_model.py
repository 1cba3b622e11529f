"""Reads the view models of messages from the database."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.context import names_of, rules_of
from bot.domain.outcome.order_statuses import OrderStatus
from bot.domain.policy.decide import Verdict
from bot.domain.slack_ids import is_direct
from bot.messages.view_models import (
    ClosedFacts,
    DecisionFacts,
    EventFacts,
    Figures,
    HoldFacts,
    OrderFacts,
    RequestFacts,
    RulesFacts,
    SlackGap,
    SourceFacts,
    StatusFacts,
)
from bot.outbox.contents import DryRun
from bot.settings.model import Settings
from bot.settings.secret_files import FileSecret
from storage import attempts, decisions, history, log_rest, outcomes, requests, send_gate, shown_orders, slack_messages
from storage.audit.texts import readable
from storage.enums import BEGUN, OPEN_STATES, EventKind, HoldReason, Origin, RequestState
from storage.id_source import IdSource
from storage.models import AuditEvent, OrderLine, Request
from storage.slack_models import SlackMessage

_TELLING_AFTER = 3.0
"""Seconds that a run must last before its remaining time can be estimated."""

FIRST_ORDERS = 60
"""More than any message has room for."""

FIRST_ENDED = 20
"""At most so many of each outcome, as a list shows."""


def request_facts(
    session: Session, request: Request, now: datetime | None = None, viewer_ids: Collection[str] = ()
) -> RequestFacts:
    """Everything that messages say of a request, as it stands now. `now` is for what changes with time; `viewer_ids`
    are the reader's ids.
    """
    verdict = _verdict(request)
    live = slack_messages.of_request(session, request.seq, "live") if request.seq is not None else None
    head = history.final_head(session, request.public_id) if request.state is RequestState.FINISHED else None
    return RequestFacts(
        public_id=request.public_id,
        revision=request.revision,
        state=request.state,
        requester=request.requester,
        channel_id=request.channel_id,
        origin=request.origin,
        reason=request.reason,
        order_count=request.order_count,
        figures=Figures(request.cancelled, request.rejected, request.not_sent, request.unknown),
        created_at=request.created_at,
        expires_at=request.expires_at,
        valid_until=request.valid_until,
        decided_at=request.decided_at,
        decided_by=request.decided_by,
        finished_at=request.finished_at,
        rule=verdict.rule if verdict else "",
        ask_whom=verdict.ask.contact if verdict else "",
        retry_of=request.retry_of,
        source=_source_facts(IdSource.of(request)),
        orders=order_facts(requests.orders(session, request, 0, FIRST_ORDERS)),
        unlike_count=requests.unlike_count(session, request),
        ended=order_facts(shown_orders.first_ended(session, request, FIRST_ENDED)),
        audit_head=head.short() if head else None,
        permalink=live.permalink if live else None,
        in_direct_message=bool(live and live.channel and is_direct(live.channel)),
        closed=_closed(live),
        slack_gap=_slack_gap(session, request),
        approvals_needed=request.approvals_needed,
        decisions=tuple(
            DecisionFacts(each.person, each.verdict, each.comment, each.rule, each.at, each.stands_for)
            for each in decisions.of_request(session, request)
        ),
        emergency=request.emergency,
        not_before=request.not_before,
        stopped_by=request.stopped_by,
        stop_why=request.stop_why,
        stop_reason=request.stop_reason,
        holds=_holds(session, request),
        checking=outcomes.in_doubt(session, request) if request.state is RequestState.EXECUTING else 0,
        logs_rest=log_rest.why(session),
        status=_status(session, request),
        confirmed=request.confirmed,
        seconds_left=_seconds_left(session, request, now),
        can_undo=bool(now and request.not_before and request.not_before > now),
        emergency_possible=bool(verdict and verdict.emergency_possible),
        reminded_at=_reminded_at(session, request),
        requester_ids=_requester_ids(request, viewer_ids),
        approvers_found=verdict.approvers_found if verdict else None,
        absent=verdict.absent if verdict else (),
    )


def _requester_ids(request: Request, viewer_ids: Collection[str]) -> tuple[str, ...]:
    """All known ids of the requester: from the record, from Slack at their last click, and from the reader."""
    known = set(request.requester_ids)
    whole = json.loads(request.verdict) if request.verdict else {}
    if whole.get("question", {}).get("person") in known:
        known |= {each for each, is_theirs in whole.get("facts", {}).get("same", {}).items() if is_theirs}
    if known & set(viewer_ids):
        known |= set(viewer_ids)
    return tuple(sorted(known))


def dry_run_facts(content: DryRun, person: str, channel: str, now: datetime) -> RequestFacts:
    """Orders of a dry run, as a preview shows them: without a request they have no id and no deadline."""
    return RequestFacts(
        public_id="",
        revision=0,
        state=RequestState.PREPARING,
        requester=person,
        channel_id=channel,
        origin=Origin.COMMAND,
        reason=content.reason,
        order_count=content.order_count,
        figures=Figures(),
        created_at=now,
        source=_source_facts(content.source),
        orders=tuple(
            OrderFacts(position, order_id, unlike_fincart=unlike)
            for position, (order_id, unlike) in enumerate(content.orders)
        ),
        unlike_count=content.unlike_count,
        approvals_needed=content.approvals_needed,
        approvers_found=content.approvers_found,
        absent=content.absent,
        ask_whom=content.ask_whom,
        status=StatusFacts(
            tuple(OrderStatus(order_id, status, sub or "") for order_id, status, sub in content.statuses),
            content.elsewhere,
        ),
    )


def _slack_gap(session: Session, request: Request) -> SlackGap | None:
    if request.state not in BEGUN or request.decided_at is None:
        return None
    held = history.last_slack_hold(session, request.public_id)
    if held is None or held.until <= request.decided_at:
        return None
    return SlackGap(held.since, held.until, held.why)


def _closed(live: SlackMessage | None) -> ClosedFacts | None:
    if live is None or live.closed_channel is None or live.closed_at is None:
        return None
    return ClosedFacts(live.closed_channel, live.closed_why, live.closed_at, live.closed_ts is not None)


def _holds(session: Session, request: Request) -> tuple[HoldFacts, ...]:
    if request.state not in OPEN_STATES or request.stopped_at is not None:
        return ()
    if request.held_at is None:
        return holds_on_all(session)
    why = None if request.hold_reason is HoldReason.PAUSED else request.held_why
    return (HoldFacts(None, why, request.held_by), *holds_on_all(session))


def holds_on_all(session: Session) -> tuple[HoldFacts, ...]:
    """Holds that block all sending now."""
    return tuple(HoldFacts(row.kind, row.why, row.who, row.until) for row in send_gate.in_force(session))


def status_facts(session: Session, request: Request) -> StatusFacts:
    """The orders' statuses when they were read at Fincart, and which are in another open request now."""
    ids = [line.order_id for line in requests.orders(session, request, 0, request.order_count)]
    return StatusFacts(
        tuple(status for line in requests.previewed(session, request) if (status := _previewed(line)) is not None),
        tuple(sorted(requests.in_other_requests(session, ids, request.seq or 0).items())),
    )


def _status(session: Session, request: Request) -> StatusFacts:
    undecided = request.state in (RequestState.PREPARING, RequestState.CONFIRMING)
    return status_facts(session, request) if undecided else StatusFacts()


def _seconds_left(session: Session, request: Request, now: datetime | None) -> int | None:
    done = request.cancelled + request.rejected + request.not_sent + request.unknown
    began = request.not_before or request.decided_at
    if now is None or began is None or request.state is not RequestState.EXECUTING or not done:
        return None
    gone = (now - began).total_seconds()
    if gone < _TELLING_AFTER:
        return None
    if request.next_position >= request.order_count and not attempts.are_open(session, request):
        return None  # What is left waits for logs, and a past pace predicts nothing.
    return round(gone / done * (request.order_count - done))


def order_facts(lines: Iterable[OrderLine]) -> tuple[OrderFacts, ...]:
    """Orders as messages show them."""
    return tuple(
        OrderFacts(
            position=line.position,
            order_id=line.order_id,
            label=line.label,
            unlike_fincart=line.unlike_fincart,
            outcome=line.outcome,
            proof=line.proof,
            words=line.words,
            previewed=_previewed(line),
        )
        for line in lines
    )


def _previewed(line: OrderLine) -> OrderStatus | None:
    if line.seen_status is None:
        return None
    return OrderStatus(line.order_id, line.seen_status, line.seen_sub_status or "", line.label)


def event_facts(session: Session, events: Sequence[AuditEvent]) -> tuple[EventFacts, ...]:
    """Events as `show` presents them."""
    payloads = readable(session, [json.loads(event.payload) for event in events])
    return tuple(
        EventFacts(
            event.seq, datetime.fromisoformat(payload["at"]), payload["kind"], payload["who"], payload["details"]
        )
        for event, payload in zip(events, payloads, strict=True)
    )


def _source_facts(source: IdSource) -> SourceFacts:
    return SourceFacts(
        duplicates=source.duplicates,
        file_name=source.file_name,
        column=source.column,
        blank_rows=source.blank_rows,
        set_aside=tuple(OrderFacts(0, order_id, label) for order_id, label in source.set_aside),
    )


def rules_facts(settings: Settings) -> RulesFacts:
    """The rules now in force."""
    return RulesFacts(
        allowed_users=settings.allowed_users,
        allowed_usergroups=settings.allowed_usergroups,
        allowed_channels=settings.allowed_channels,
        everyone=settings.allow_everyone,
        guests=settings.allow_guests,
        external=settings.allow_external,
        max_orders=settings.max_orders_per_request,
        require_reason=settings.require_reason,
        reasons=settings.reasons,
        preview_seconds=settings.request_ttl_seconds,
        approval_valid_seconds=settings.approval_valid_seconds,
        auditors=settings.auditor_users,
        contact=settings.contact,
        undo_seconds=settings.undo_seconds,
        hold_after_failed=settings.hold_after_failed,
        approvers=rules_of(settings).approvers,
        second_approval_above=settings.second_approval_above,
        approvals_needed=settings.approvals_needed,
        approval_seconds=settings.approval_ttl_seconds,
        emergency_users=settings.emergency_users,
        type_to_confirm_above=settings.type_to_confirm_above,
        max_per_day=settings.max_orders_per_person_per_day,
        names=names_of(settings),
        read_anew=frozenset(name.upper() for name, value in settings if isinstance(value, FileSecret)),
    )


def _reminded_at(session: Session, request: Request) -> datetime | None:
    waits = request.state is RequestState.WAITING
    return history.last_at(session, request.public_id, EventKind.REMINDED) if waits else None


def _verdict(request: Request) -> Verdict | None:
    return Verdict.from_dict(json.loads(request.verdict)["verdict"]) if request.verdict else None
