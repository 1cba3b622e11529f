"""The independent checker: what Fincart received and did, what Slack shows and what is recorded, held together."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox.fincart.faults import ReceivedCall
from bot.sandbox.slack.state import Post
from storage.audit.log import Broken
from storage.audit.verify import verify_all

from .outside import ORDERS, Life, TortureStandIns

OUTCOMES = ("cancelled", "rejected", "not_sent", "unknown")
FIGURES = re.compile(r"([0-9,]+) (cancelled|rejected|not sent|unknown)\b")
NEVER_SENT = ("confirming", "refused", "withdrawn", "declined", "expired")

LEFT = {
    "a request under way": "SELECT 1 FROM request WHERE state IN ('preparing', 'approved', 'executing')",
    "an order without its last word": "SELECT 1 FROM order_line l JOIN request r ON r.seq = l.request_seq "
    "WHERE r.state = 'finished' AND (l.outcome IS NULL OR l.outcome = 'unknown')",
    "an order in flight": "SELECT 1 FROM in_flight",
    "an attempt without an end": "SELECT 1 FROM attempt WHERE ended_at IS NULL",
    "a delivery unhandled": "SELECT 1 FROM delivery WHERE due_at IS NOT NULL",
    "a message not shown": "SELECT 1 FROM slack_message WHERE due_at IS NOT NULL",
}
"""What may not be there when all has settled."""


class WrongAfterDeath(AssertionError):
    """Something is not as it must be; the words say what."""


def settle(outside: TortureStandIns, timeout: float = 180.0) -> None:
    """Wait until nothing is left to be done. Raises `Wrong` where something stays."""
    try:
        outside.until(lambda: not _left(outside), timeout)
    except TimeoutError as late:
        raise WrongAfterDeath(f"{_left(outside)} stays: {late}\n{_all(outside)}") from None


def check(outside: TortureStandIns) -> Counter[str]:
    """All has settled: raise `Wrong` where anything is not as it must be. Returns how many orders ended how."""
    found = verify_all(outside.database())
    if isinstance(found.chain, Broken) or found.rows is not None:
        raise WrongAfterDeath(f"the audit does not hold: {found}")
    ended = Counter[str]()
    for request in outside.rows("SELECT * FROM request ORDER BY seq"):
        if request["state"] == "finished":
            ended += _finished(outside, request)
        elif request["state"] not in NEVER_SENT:
            raise WrongAfterDeath(
                f"{request['public_id']} is {request['state']}\n{outside.state(request['public_id'])}"
            )
        elif outside.rows("SELECT 1 FROM attempt WHERE request_seq = :seq", seq=request["seq"]):
            raise WrongAfterDeath(f"{request['public_id']} is {request['state']}, and was sent")
    _sent_on_no_guess(outside)
    if outside.fincart.wrong_calls:
        raise WrongAfterDeath(f"Fincart does not document {outside.fincart.wrong_calls[0]}")
    return ended


def _left(outside: TortureStandIns) -> list[str]:
    return [what for what, query in LEFT.items() if outside.rows(query)]


def _all(outside: TortureStandIns) -> str:
    return "\n".join(outside.state(row["public_id"]) for row in outside.rows("SELECT public_id FROM request"))


def _finished(outside: TortureStandIns, request: dict[str, Any]) -> Counter[str]:
    name = request["public_id"]
    kinds = outside.rows("SELECT kind FROM audit_event WHERE request = :id ORDER BY seq", id=name)
    told = Counter(row["kind"] for row in kinds)
    if told["request_made"] != 1 or told["went_ahead"] + told["approved"] < 1 or told["went_ahead"] > 1:
        raise WrongAfterDeath(f"{name} was made or decided more or less than once: {told}")
    if told["run_started"] != 1 or told["finished"] != 1:
        raise WrongAfterDeath(f"{name} began or ended more or less than once: {told}")
    lines = outside.rows("SELECT * FROM order_line WHERE request_seq = :seq", seq=request["seq"])
    for line in lines:
        is_cancelled = outside.fincart.status(line["order_id"]).casefold() in ("cancelled", "canceled")
        if is_cancelled is not (line["outcome"] == "cancelled"):
            truth = outside.fincart.lines(line["order_id"])
            raise WrongAfterDeath(
                f"{line['order_id']} is told as {line['outcome']}, and Fincart has {truth}\n{outside.state(name)}"
            )
    counted = Counter(str(line["outcome"]) for line in lines)
    if {each: request[each] for each in OUTCOMES if request[each]} != dict(counted):
        raise WrongAfterDeath(f"the figures of {name} are not those of its orders: {counted}")
    _shown(outside, request, counted)
    return counted


def _shown(outside: TortureStandIns, request: dict[str, Any], counted: Counter[str]) -> None:
    """The request's message is right, and there is no other but where a process died while it posted it."""
    name = request["public_id"]
    about = {post.ts: post for post in outside.slack.messages(ORDERS) if f"\n{name} · asked" in post.text}
    [row] = outside.rows("SELECT ts FROM slack_message WHERE kind = 'live' AND request_seq = :seq", seq=request["seq"])
    live = about.pop(row["ts"], None)
    if live is None:
        raise WrongAfterDeath(f"the message about {name} is not there")
    for post in about.values():
        excused = any(_was_its_last_act(outside, post, life) for life in outside.lives)
        if not excused and not _could_not_be_noted(outside, post):
            raise WrongAfterDeath(f"there is another message about {name}: {post.text}")
    opening = live.text.partition("\n")[0]
    figures = {words.replace(" ", "_"): int(number.replace(",", "")) for number, words in FIGURES.findall(opening)}
    if figures != dict(counted) or sum(figures.values()) != request["order_count"]:
        raise WrongAfterDeath(f"Slack shows {opening!r} of {name}, and it ended as {counted}")


def _was_its_last_act(outside: TortureStandIns, post: Post, life: Life) -> bool:
    """Whether this process died before it kept the name of what it had posted: that is posted once more.

    Messages go out one after the other, each kept before the next: so nothing else went out between this and its death.
    """
    if life.died_at is None or life.died_at.timestamp() < float(post.ts):
        return False
    sent = [call.at for call in outside.slack.calls() if call.method.startswith("chat.")]
    return sum(float(post.ts) <= at < life.died_at.timestamp() for at in sent) <= 1  # the call that posted it


def _could_not_be_noted(outside: TortureStandIns, post: Post) -> bool:
    """Whether it was posted when no database could keep its name."""
    around = timedelta(seconds=1)
    at = datetime.fromtimestamp(float(post.ts), UTC)
    return any(began - around < at < ended + around for began, ended in outside.outages)


def _sent_on_no_guess(outside: TortureStandIns) -> None:
    """Between two calls that carried an order its log was read as pending, or the first of them was answered.

    Of what Fincart did not act on, or refused, the answer must have been kept: one that nobody kept is no answer.
    """
    answered = Counter[str]()
    for row in outside.rows(
        "SELECT a.positions, a.request_seq, a.result FROM attempt a WHERE a.result IN ('refused', 'unacted')"
    ):
        for first, last in _bounds(row["positions"]):
            carried = outside.rows(
                "SELECT order_id FROM order_line WHERE request_seq = :seq AND position BETWEEN :first AND :last",
                seq=row["request_seq"],
                first=first,
                last=last,
            )
            answered.update(line["order_id"] for line in carried)
    calls = outside.fincart.calls
    for order in outside.fincart.order_ids():
        about = [call for call in calls if order in call.ids]
        unread = _pairs_without_pending_log(order, about)
        if unread > answered[order]:
            raise WrongAfterDeath(f"{order} was sent again on a guess: {about}")


def _pairs_without_pending_log(order: str, about: list[ReceivedCall]) -> int:
    """How often it was sent again without its log having said, since the send before, that it is still pending."""
    pairs, is_sent, is_applied, was_read_pending = 0, False, False, False
    for call in about:
        if call.method == "GET":
            was_read_pending = was_read_pending or (call.answer == "200" and not is_applied)
            continue
        pairs += is_sent and not was_read_pending
        is_sent, was_read_pending = True, False
        is_applied = is_applied or order in call.applied
    return pairs


def _bounds(ranges: str) -> list[tuple[int, int]]:
    parts = [part.partition("-") for part in ranges.split(",")]
    return [(int(first), int(last or first)) for first, _, last in parts]
