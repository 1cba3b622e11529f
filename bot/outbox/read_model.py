"""Reads the view models of messages from the database."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.domain.outcome.responses import is_pending
from bot.domain.policy.decide import Rules, Verdict
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
from bot.settings.model import Settings
from storage import attempts, decisions, history, log_rest, outcomes, requests, send_gate, slack_messages
from storage.audit.log import EventKind
from storage.enums import OPEN_STATES, HoldReason, Origin, RequestState
from storage.models import AuditEvent, OrderLine, Request
from storage.slack_models import SlackMessage

_TELLING_AFTER = 3.0
"""Seconds of a run before it can be said how long it will take."""

FIRST_ORDERS = 60
"""More than any message has room for."""

FIRST_ENDED = 20
"""Of each outcome: as many as a list shows."""


def request_facts(
    session: Session, request: Request, now: datetime | None = None, viewer_ids: Collection[str] = ()
) -> RequestFacts:
    """All that messages say of one request, as it stands now; what only holds for a while needs the time. `viewer_ids`
    are those of whoever is to read them."""
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
        refusal=verdict.code.value if verdict and not verdict.allowed else None,
        ask_whom=verdict.ask.contact if verdict else "",
        retry_of=request.retry_of,
        source=source_facts(json.loads(request.source or "{}")),
        orders=order_facts(requests.orders(session, request, 0, FIRST_ORDERS)),
        unlike_count=requests.unlike_count(session, request),
        ended=order_facts(requests.first_ended(session, request, FIRST_ENDED)),
        audit_head=head.short() if head else None,
        permalink=live.permalink if live else None,
        in_direct_message=bool(live and live.channel and live.channel[0] in "UWD"),
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
        absent=absent_facts(verdict.absent) if verdict else (),
    )


def absent_facts(absent: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Who is named and cannot approve, as a verdict tells it."""
    return tuple((each, why) for each, _, why in (told.partition(" ") for told in absent))


def _requester_ids(request: Request, viewer_ids: Collection[str]) -> tuple[str, ...]:
    """What is known of the requester's ids: by their record, by what Slack said when they last pressed, and by who
    looks."""
    known = set(request.requester_ids)
    whole = json.loads(request.verdict) if request.verdict else {}
    if whole.get("question", {}).get("person") in known:
        known |= {each for each, is_theirs in whole.get("facts", {}).get("same", {}).items() if is_theirs}
    if known & set(viewer_ids):
        known |= set(viewer_ids)
    return tuple(sorted(known))


def look_facts(kept: Mapping[str, Any], person: str, channel: str, now: datetime) -> RequestFacts:
    """Orders that were only looked at, as a preview shows them: there is no request, so no id and no deadline."""
    return RequestFacts(
        public_id="",
        revision=0,
        state=RequestState.PREPARING,
        requester=person,
        channel_id=channel,
        origin=Origin.COMMAND,
        reason=None,
        order_count=kept["order_count"],
        figures=Figures(),
        created_at=now,
        source=source_facts(kept),
        orders=tuple(
            OrderFacts(position, order_id, unlike_fincart=unlike)
            for position, (order_id, unlike) in enumerate(kept["orders"])
        ),
        unlike_count=kept["unlike_count"],
        approvals_needed=kept["approvals_needed"],
        approvers_found=kept.get("approvers_found"),
        absent=absent_facts(kept.get("absent", ())),
        ask_whom=kept.get("ask_whom", ""),
        status=StatusFacts(
            checked=kept["checked"],
            not_pending=tuple(OrderFacts(0, order_id, words=status) for order_id, status in kept["not_pending"]),
            not_pending_count=kept["not_pending_count"],
            elsewhere=tuple((order_id, request) for order_id, request in kept["elsewhere"]),
        ),
    )


def _slack_gap(session: Session, request: Request) -> SlackGap | None:
    if request.state not in (RequestState.EXECUTING, RequestState.FINISHED) or request.decided_at is None:
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
    return (HoldFacts("request", why, request.held_by), *holds_on_all(session))


def holds_on_all(session: Session) -> tuple[HoldFacts, ...]:
    """What keeps anything at all from being sent just now."""
    return tuple(HoldFacts(row.kind.value, row.why, row.who, row.until) for row in send_gate.in_force(session))


def hopeless(session: Session, request: Request) -> set[str]:
    """Its orders that cannot be cancelled by it as things stand: not pending, or in another open request."""
    return {line.order_id for line in _not_pending(requests.seen(session, request))} | _elsewhere(
        session, request
    ).keys()


def _not_pending(seen: Sequence[OrderLine]) -> list[OrderLine]:
    return [line for line in seen if not is_pending(line.seen_status or "")]


def _elsewhere(session: Session, request: Request) -> dict[str, str]:
    ids = [line.order_id for line in requests.orders(session, request, 0, request.order_count)]
    return requests.open_elsewhere(session, ids, request.seq or 0)


def _status(session: Session, request: Request) -> StatusFacts:
    if request.state not in (RequestState.PREPARING, RequestState.CONFIRMING):
        return StatusFacts()
    seen = requests.seen(session, request)
    not_pending, elsewhere = _not_pending(seen), _elsewhere(session, request)
    return StatusFacts(
        hopeless=len({line.order_id for line in not_pending} | elsewhere.keys()),
        checked=len(seen),
        not_pending=tuple(
            OrderFacts(line.position, line.order_id, line.label, words=line.seen_status)
            for line in not_pending[:FIRST_ORDERS]
        ),
        not_pending_count=len(not_pending),
        elsewhere=tuple(sorted(elsewhere.items())),
    )


def _seconds_left(session: Session, request: Request, now: datetime | None) -> int | None:
    done = request.cancelled + request.rejected + request.not_sent + request.unknown
    began = request.not_before or request.decided_at
    if now is None or began is None or request.state is not RequestState.EXECUTING or not done:
        return None
    gone = (now - began).total_seconds()
    if gone < _TELLING_AFTER:
        return None
    if request.next_position >= request.order_count and not attempts.are_open(session, request):
        return None  # All that is left waits for logs, and no pace of the past tells about those.
    return round(gone / done * (request.order_count - done))


def order_facts(lines: Iterable[OrderLine]) -> tuple[OrderFacts, ...]:
    """Orders as messages speak of them."""
    return tuple(
        OrderFacts(
            position=line.position,
            order_id=line.order_id,
            label=line.label,
            unlike_fincart=line.unlike_fincart,
            outcome=line.outcome,
            proof=line.proof,
            words=line.words,
        )
        for line in lines
    )


def event_facts(events: Iterable[AuditEvent]) -> tuple[EventFacts, ...]:
    """Events as `show` tells them."""
    facts = []
    for event in events:
        payload = json.loads(event.payload)
        at = datetime.fromisoformat(payload["at"])
        facts.append(EventFacts(event.seq, at, payload["kind"], payload["who"], payload["details"]))
    return tuple(facts)


def source_facts(source: Mapping[str, Any]) -> SourceFacts:
    """What the ids were read from."""
    return SourceFacts(
        duplicates=tuple(source.get("duplicates", ())),
        file_name=source.get("file_name"),
        column=source.get("column"),
        blank_rows=source.get("blank_rows", 0),
        set_aside=tuple(OrderFacts(0, order_id, label) for order_id, label in source.get("set_aside", ())),
    )


def rules_facts(settings: Settings) -> RulesFacts:
    """The rules in force here."""
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
        approvers=Rules.from_settings(settings).approvers,
        second_approval_above=settings.second_approval_above,
        approvals_needed=settings.approvals_needed,
        approval_seconds=settings.approval_ttl_seconds,
        emergency_users=settings.emergency_users,
        type_to_confirm_above=settings.type_to_confirm_above,
        max_per_day=settings.max_orders_per_person_per_day,
    )


def _reminded_at(session: Session, request: Request) -> datetime | None:
    waits = request.state is RequestState.WAITING
    return history.last_at(session, request.public_id, EventKind.REMINDED) if waits else None


def _verdict(request: Request) -> Verdict | None:
    return Verdict.from_dict(json.loads(request.verdict)["verdict"]) if request.verdict else None
