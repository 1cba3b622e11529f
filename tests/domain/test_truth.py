"""The truth table, row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from grown_evidence import with_answer, with_late_answer

from bot.domain.outcome.decide import (
    CallEvidence,
    Evidence,
    Halve,
    LogClass,
    OutcomeTimings,
    ReadLog,
    SendAgain,
    Settled,
    Step,
    Why,
    classify_log,
    conclude,
    reconsider,
    with_log,
)
from bot.domain.outcome.responses import LogEntry, LogKind, LogReading
from storage.enums import AnswerKind, Doubt, Outcome, Proof

SENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ENDED = SENT + timedelta(seconds=1)
OK, UNACTED, TOKEN, REFUSED, LOST = AnswerKind


def after(seconds: float, start: datetime = ENDED) -> datetime:
    return start + timedelta(seconds=seconds)


def log(*entries: tuple[str, float]) -> LogReading:
    """A log of titles, each so many seconds after the first send."""
    lines = tuple(LogEntry(title, "", after(seconds, SENT), "Merchant") for title, seconds in entries)
    return LogReading(LogKind.READ, lines)


PENDING_LINE = ("Pending", -1000.0)
LOGS = {
    "since": log(PENDING_LINE, ("Cancelled", 0)),
    "before": log(PENDING_LINE, ("Canceled", -100)),
    "other": log(PENDING_LINE, ("Processing", -100)),
    "pending": log(PENDING_LINE),
    "absent": LogReading(LogKind.ABSENT),
    "unreadable": LogReading(LogKind.UNREADABLE, why="not as documented"),
    "unavailable": LogReading(LogKind.UNAVAILABLE, why="Too Many Requests"),
}


def seen(*kinds: tuple[AnswerKind, bool], sending: bool = True) -> Evidence:
    """The evidence after these answers, (kind, alone) each; all ended at the same moment."""
    evidence = Evidence(first_sent_at=SENT, sending_allowed=sending)
    for kind, alone in kinds:
        evidence = with_answer(evidence, CallEvidence(kind, alone, ENDED, f"words of {kind}"))
    return evidence


def told(evidence: Evidence, log_name: str | None, *, late: bool = False) -> Step:
    """What follows once that log was read, 3 or 30 seconds after the attempt ended; one that cannot be
    read, as often as the table wants."""
    if log_name is None:
        return conclude(evidence, ENDED)
    at = after(30 if late else 3)
    for _ in range(3 if log_name == "unreadable" else 1):
        evidence = with_log(evidence, LOGS[log_name], at)
    return conclude(evidence, at)


def short(step: Step) -> str:
    if not isinstance(step, Settled):
        return type(step).__name__
    return step.outcome.value + (f" by {step.proof.value}" if step.proof else "")


ALONE, SEVERAL = True, False


@pytest.mark.parametrize(
    ("answers", "log_name", "late", "expected"),
    [
        pytest.param([(OK, SEVERAL)], None, False, "cancelled by answer", id="OK is cancelled"),
        pytest.param([(OK, SEVERAL)], "since", False, "cancelled by log", id="OK checked since"),
        pytest.param([(OK, SEVERAL)], "before", True, "rejected by log", id="OK checked before late"),
        pytest.param([(OK, SEVERAL)], "other", True, "rejected by log", id="OK checked other late"),
        pytest.param([(OK, SEVERAL)], "absent", True, "rejected by log", id="OK checked absent late"),
        pytest.param([(OK, SEVERAL)], "pending", True, "unknown", id="OK checked pending late"),
        pytest.param([(OK, SEVERAL)], "unreadable", True, "cancelled by answer", id="OK unreadable stays"),
        pytest.param([(OK, SEVERAL)], "before", False, "cancelled by answer", id="OK before not yet late stays"),
        pytest.param([(OK, SEVERAL)], "pending", False, "cancelled by answer", id="OK pending not late stays"),
        pytest.param([(UNACTED, SEVERAL)], None, False, "SendAgain", id="UNACTED without doubt waits"),
        pytest.param([(UNACTED, SEVERAL)] * 50, None, False, "SendAgain", id="UNACTED without a limit of sends"),
        pytest.param([(TOKEN, SEVERAL)], None, False, "not_sent", id="TOKEN without doubt"),
        pytest.param([(LOST, ALONE), (UNACTED, ALONE)], "since", False, "cancelled by log", id="doubted UNACTED"),
        pytest.param([(LOST, ALONE), (UNACTED, ALONE)], None, False, "ReadLog", id="doubted UNACTED reads"),
        pytest.param([(LOST, ALONE), (UNACTED, ALONE)], "pending", False, "SendAgain", id="doubted UNACTED sends"),
        pytest.param([(LOST, ALONE), (TOKEN, ALONE)], "pending", False, "unknown", id="doubted TOKEN never sends"),
        pytest.param([(LOST, ALONE), (TOKEN, ALONE)], "pending", True, "not_sent by log", id="doubted TOKEN late"),
        pytest.param([(REFUSED, SEVERAL), (TOKEN, ALONE)], "since", False, "cancelled by log", id="weak TOKEN"),
        pytest.param([(REFUSED, SEVERAL)], None, False, "Halve", id="REFUSED of several"),
        pytest.param([(REFUSED, SEVERAL), (REFUSED, SEVERAL)], None, False, "Halve", id="REFUSED half of several"),
        pytest.param([(REFUSED, ALONE)], None, False, "ReadLog", id="REFUSED one reads the log"),
        pytest.param([(REFUSED, ALONE)], "since", False, "cancelled by log", id="REFUSED one since"),
        pytest.param([(REFUSED, ALONE)], "before", False, "rejected by log", id="REFUSED one before"),
        pytest.param([(REFUSED, ALONE)], "other", False, "rejected by log", id="REFUSED one other"),
        pytest.param([(REFUSED, ALONE)], "absent", False, "rejected by log", id="REFUSED one absent"),
        pytest.param([(REFUSED, ALONE)], "pending", False, "rejected by answer", id="REFUSED one pending"),
        pytest.param([(REFUSED, ALONE)], "unreadable", False, "rejected by answer", id="REFUSED one unreadable"),
        pytest.param(
            [(REFUSED, SEVERAL), (REFUSED, ALONE)], "pending", False, "rejected by answer", id="REFUSED weak pending"
        ),
        pytest.param(
            [(REFUSED, SEVERAL), (REFUSED, ALONE)], "unreadable", False, "unknown", id="REFUSED weak unreadable"
        ),
        pytest.param([(LOST, ALONE), (REFUSED, ALONE)], "pending", False, "unknown", id="REFUSED strong pending"),
        pytest.param(
            [(LOST, ALONE), (REFUSED, ALONE)], "pending", True, "rejected by answer", id="REFUSED strong late"
        ),
        pytest.param([(LOST, ALONE), (REFUSED, ALONE)], "unreadable", False, "unknown", id="REFUSED strong unread"),
        pytest.param([(LOST, SEVERAL)], None, False, "ReadLog", id="LOST reads the log"),
        pytest.param([(LOST, SEVERAL)], "since", False, "cancelled by log", id="LOST since"),
        pytest.param([(LOST, SEVERAL)], "before", False, "rejected by log", id="LOST before"),
        pytest.param([(LOST, SEVERAL)], "other", False, "rejected by log", id="LOST other"),
        pytest.param([(LOST, SEVERAL)], "absent", False, "rejected by log", id="LOST absent"),
        pytest.param([(LOST, SEVERAL)], "pending", False, "SendAgain", id="LOST pending is sent again"),
        pytest.param([(LOST, SEVERAL)] * 2, "pending", False, "SendAgain", id="LOST twice is sent again"),
        pytest.param([(LOST, SEVERAL)] * 3, "pending", False, "unknown", id="LOST thrice is not"),
        pytest.param([(LOST, SEVERAL)] * 3, "pending", True, "not_sent by log", id="LOST thrice and late"),
        pytest.param([(LOST, SEVERAL)], "unreadable", False, "unknown", id="LOST unreadable"),
        pytest.param([(OK, SEVERAL)], "unavailable", True, "cancelled by answer", id="OK unavailable stays"),
        pytest.param([(REFUSED, ALONE)], "unavailable", False, "rejected by answer", id="REFUSED one unavailable"),
        pytest.param([(REFUSED, SEVERAL), (REFUSED, ALONE)], "unavailable", False, "ReadLog", id="weak unavailable"),
        pytest.param([(LOST, ALONE), (REFUSED, ALONE)], "unavailable", False, "ReadLog", id="strong unavailable"),
        pytest.param([(LOST, SEVERAL)], "unavailable", False, "ReadLog", id="LOST unavailable waits"),
        pytest.param([(LOST, SEVERAL)] * 3, "unavailable", False, "ReadLog", id="LOST thrice unavailable waits"),
    ],
)
def test_while_sending_is_allowed(
    answers: list[tuple[AnswerKind, bool]], log_name: str | None, late: bool, expected: str
) -> None:
    assert expected == short(told(seen(*answers), log_name, late=late))


@pytest.mark.parametrize(
    ("answers", "log_name", "late", "expected"),
    [
        pytest.param([], None, False, "not_sent", id="never sent"),
        pytest.param([(UNACTED, SEVERAL)], None, False, "not_sent", id="UNACTED without doubt"),
        pytest.param([(REFUSED, SEVERAL)], None, False, "ReadLog", id="no further half: by the log"),
        pytest.param([(REFUSED, SEVERAL)], "since", False, "cancelled by log", id="refused and applied"),
        pytest.param([(REFUSED, SEVERAL)], "pending", False, "unknown", id="refused, pending"),
        pytest.param([(REFUSED, SEVERAL)], "pending", True, "not_sent by log", id="refused, pending late"),
        pytest.param([(REFUSED, SEVERAL)], "unreadable", False, "unknown", id="refused, unreadable"),
        pytest.param([(LOST, SEVERAL)], "pending", False, "unknown", id="LOST, pending"),
        pytest.param([(LOST, SEVERAL)], "pending", True, "not_sent by log", id="LOST, pending late"),
        pytest.param([(LOST, SEVERAL)], "unreadable", True, "unknown", id="LOST, unreadable"),
        pytest.param([(LOST, SEVERAL)], "unavailable", True, "ReadLog", id="LOST, unavailable waits"),
        pytest.param([(REFUSED, SEVERAL)], "unavailable", True, "ReadLog", id="refused, unavailable waits"),
        pytest.param([(OK, SEVERAL)], None, False, "cancelled by answer", id="OK needs no sending"),
    ],
)
def test_once_sending_is_over(
    answers: list[tuple[AnswerKind, bool]], log_name: str | None, late: bool, expected: str
) -> None:
    assert expected == short(told(seen(*answers, sending=False), log_name, late=late))


@pytest.mark.parametrize(
    ("kinds", "log_name", "seconds", "expected"),
    [
        pytest.param([LOST], None, 0, ReadLog(ENDED), id="not read"),
        pytest.param([LOST], "since", 1, "cancelled by log", id="since"),
        pytest.param([LOST], "before", 1, "rejected by log", id="before"),
        pytest.param([LOST], "other", 1, ReadLog(after(23)), id="other"),
        pytest.param([LOST], "other", 20, "rejected by log", id="other once it has ended"),
        pytest.param([LOST], "absent", 1, ReadLog(after(23)), id="absent"),
        pytest.param([LOST], "pending", 3, "SendAgain", id="pending"),
        pytest.param([LOST, TOKEN], "pending", 3, ReadLog(after(23)), id="pending, and not to be sent"),
        pytest.param([LOST, TOKEN], "pending", 30, ReadLog(after(50)), id="pending, and not late after its end"),
        pytest.param([LOST, TOKEN], "pending", 50, "not_sent by log", id="pending, and late after its end"),
        pytest.param([LOST, OK], None, 0, "cancelled by answer", id="sent again, OK"),
        pytest.param([LOST, REFUSED], "pending", 3, ReadLog(after(23)), id="sent again, REFUSED"),
    ],
)
def test_while_a_call_may_be_on_the_wire_nothing_but_its_cancellation_settles_an_order(
    kinds: list[AnswerKind], log_name: str | None, seconds: float, expected: str | ReadLog
) -> None:
    evidence = Evidence(first_sent_at=SENT)
    for kind in kinds:
        evidence = with_answer(
            evidence, CallEvidence(kind, ALONE, ENDED, open_until=after(20) if kind is LOST else None)
        )
    if log_name is not None:
        evidence = with_log(evidence, LOGS[log_name], after(seconds))

    step = conclude(evidence, after(seconds))

    assert expected == (step if isinstance(step, ReadLog) else short(step))


@pytest.mark.parametrize(("seconds", "expected"), [(49, ReadLog(after(50))), (50, "unknown")])
def test_nobody_is_told_unknown_before_a_log_has_caught_up_with_a_call_that_was_on_the_wire(
    seconds: float, expected: str | ReadLog
) -> None:
    evidence = with_answer(Evidence(first_sent_at=SENT), CallEvidence(LOST, ALONE, ENDED, open_until=after(20)))
    for _ in range(3):
        evidence = with_log(evidence, LOGS["unreadable"], after(40))

    step = conclude(evidence, after(seconds))

    assert expected == (step if isinstance(step, ReadLog) else short(step))


def test_an_order_that_was_never_sent_is_sent() -> None:
    assert SendAgain() == conclude(Evidence(), SENT)


@pytest.mark.parametrize(
    ("kinds", "doubt"),
    [
        ([], Doubt.NONE),
        ([(OK, SEVERAL), (UNACTED, SEVERAL), (TOKEN, SEVERAL), (REFUSED, ALONE)], Doubt.NONE),
        ([(REFUSED, SEVERAL), (REFUSED, ALONE)], Doubt.WEAK),
        ([(LOST, SEVERAL), (REFUSED, SEVERAL), (UNACTED, ALONE)], Doubt.STRONG),
    ],
)
def test_doubt_is_the_worst_that_any_call_left(kinds: list[tuple[AnswerKind, bool]], doubt: Doubt) -> None:
    assert doubt is seen(*kinds).doubt


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([("Cancelled", 0.0)], LogClass.SINCE, id="at the first send"),
        pytest.param([("CANCELED", -5.0)], LogClass.SINCE, id="within what clocks may be off"),
        pytest.param([("Cancelled", -5.1)], LogClass.BEFORE, id="more than that before"),
        pytest.param([("Cancelled", 3.0), ("Returned", 9.0)], LogClass.SINCE, id="under later entries"),
        pytest.param([("Cancelled", -90.0), ("Cancelled", 3.0)], LogClass.SINCE, id="twice"),
        pytest.param([("Processing", -9.0)], LogClass.OTHER, id="another status"),
        pytest.param([("Processing", -9.0), ("PENDING", -5.0)], LogClass.PENDING, id="pending again, any case"),
    ],
)
def test_a_log_is_classed_against_the_first_send(entries: list[tuple[str, float]], expected: LogClass) -> None:
    assert expected is classify_log(with_log(seen((LOST, ALONE)), log(*entries), after(3)))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([(OK, ALONE)], LogClass.SINCE, id="after an OK"),
        pytest.param([(LOST, ALONE)], LogClass.SINCE, id="under strong doubt"),
        pytest.param([(REFUSED, SEVERAL), (REFUSED, ALONE)], LogClass.SINCE, id="under weak doubt"),
        pytest.param([(REFUSED, ALONE)], LogClass.BEFORE, id="after a refusal without doubt"),
    ],
)
def test_where_times_cannot_be_compared_the_answers_decide(
    answers: list[tuple[AnswerKind, bool]], expected: LogClass
) -> None:
    evidence = replace(seen(*answers), first_sent_at=None)

    assert expected is classify_log(with_log(evidence, LOGS["since"], after(3)))


def test_what_the_preview_saw_cancelled_was_cancelled_before() -> None:
    evidence = replace(seen((OK, ALONE)), cancelled_at_preview=True)

    assert LogClass.BEFORE is classify_log(with_log(evidence, LOGS["since"], after(3)))


@pytest.mark.parametrize(("seconds", "expected"), [(2.9, LogClass.NOTHING), (3, LogClass.PENDING)])
def test_a_pending_log_says_nothing_until_three_seconds_after_the_attempt(seconds: float, expected: LogClass) -> None:
    assert expected is classify_log(with_log(seen((LOST, ALONE)), LOGS["pending"], after(seconds)))


def test_a_pending_log_of_before_the_last_attempt_says_nothing_of_it() -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["pending"], after(3))
    again = with_answer(evidence, CallEvidence(LOST, ALONE, after(10)))

    assert LogClass.NOTHING is classify_log(again)


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_a_log_too_early_is_read_again_at_three_seconds(seconds: float) -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["pending"], after(seconds))

    assert ReadLog(after(3)) == conclude(evidence, after(seconds))


def test_a_pending_log_of_an_order_that_was_never_sent_says_so() -> None:
    assert LogClass.PENDING is classify_log(with_log(Evidence(), LOGS["pending"], SENT))


@pytest.mark.parametrize("answer", [OK, REFUSED, LOST])
def test_clocks_may_be_off_by_as_much_as_the_timings_say(answer: AnswerKind) -> None:
    evidence = with_log(seen((answer, ALONE)), log(("Cancelled", -40)), after(3))
    timings = OutcomeTimings(clock_slack=50)

    assert ["cancelled by log"] * 2 == [short(say(evidence, after(3), timings)) for say in (conclude, reconsider)]


def test_an_absent_log_is_unreadable_where_it_was_read_before() -> None:
    evidence = replace(seen((LOST, ALONE)), log_was_read=True)

    assert LogClass.UNREADABLE is classify_log(with_log(evidence, LOGS["absent"], after(3)))


def test_an_unreadable_log_is_read_three_times_before_it_is_given_up() -> None:
    evidence, now, times = seen((LOST, ALONE)), ENDED, []
    while isinstance(step := conclude(evidence, now), ReadLog):
        now = step.at
        times.append(round((now - ENDED).total_seconds(), 1))
        evidence = with_log(evidence, LOGS["unreadable"], now)

    assert ([0.0, 3.3, 6.7], "unknown") == (times, short(step))


def test_an_unreadable_log_is_given_up_ten_seconds_after_its_first_read() -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["unreadable"], ENDED)

    assert "unknown" == short(conclude(evidence, after(10)))


def test_an_order_whose_log_is_not_answered_waits_five_minutes_and_is_asked_for_in_growing_pauses() -> None:
    evidence, now, times = seen((LOST, ALONE)), ENDED, []
    while isinstance(step := conclude(evidence, now), ReadLog):
        now = step.at
        times.append((now - ENDED).total_seconds())
        evidence = with_log(evidence, LOGS["unavailable"], now)

    assert ("unknown", 300.0) == (short(step), times[-1])
    assert [0.0, 1.0, 2.0, 3.0, 4.5] == times[:5]
    assert len(times) < 20


def test_a_log_that_is_answered_after_all_is_a_reading_like_any_other() -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["unavailable"], after(3))

    assert "SendAgain" == short(conclude(with_log(evidence, LOGS["pending"], after(299)), after(299)))


def test_an_order_that_was_unknown_for_want_of_answers_is_settled_by_the_first_reading() -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["unavailable"], after(3))
    step = reconsider(evidence, after(303))

    assert isinstance(step, Settled)
    assert ("unknown", after(303 + 151.5)) == (short(step), step.read_at)
    assert "not_sent by log" == short(reconsider(with_log(evidence, LOGS["pending"], after(400)), after(400)))


def test_answers_that_say_nothing_do_not_make_the_five_minutes_longer() -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["unavailable"], after(3))
    evidence = with_log(with_log(evidence, LOGS["unreadable"], after(290)), LOGS["unavailable"], after(299))

    assert ("ReadLog", "unknown") == (short(conclude(evidence, after(302))), short(conclude(evidence, after(303))))


def test_a_reading_that_says_nothing_does_not_displace_one_that_did() -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["since"], after(3))

    assert "cancelled by log" == short(conclude(with_log(evidence, LOGS["unreadable"], after(9)), after(9)))


@pytest.mark.parametrize("answer", [OK, REFUSED, LOST])
def test_what_another_request_of_ours_cancelled_is_told_with_its_id(answer: AnswerKind) -> None:
    evidence = replace(seen((answer, ALONE)), cancelled_by_request="R-7K3F9Q")
    step = told(evidence, "since")

    assert isinstance(step, Settled)
    assert Settled(Outcome.REJECTED, Proof.LOG, Why.CANCELLED_BY_REQUEST, "R-7K3F9Q", SENT) == step


@pytest.mark.parametrize(("answers", "expected"), [([OK], "unknown"), ([LOST] * 3, "not_sent by log")])
def test_an_order_that_is_still_pending_is_told_with_its_status_and_since_when(
    answers: list[AnswerKind], expected: str
) -> None:
    step = told(seen(*((answer, ALONE) for answer in answers)), "pending", late=True)

    assert isinstance(step, Settled)
    assert (expected, Why.STILL_PENDING, "Pending", after(-1000, SENT)) == (short(step), step.why, step.words, step.at)


def test_an_order_that_was_never_sent_and_is_not_to_be_has_nothing_to_tell() -> None:
    never = Evidence(sending_allowed=False)

    assert Settled(Outcome.NOT_SENT, None, Why.NEVER_SENT) == conclude(never, SENT)


def refused_log(evidence: Evidence, status: int, why: str, reads: int) -> Evidence:
    """The evidence after so many readings of the log that Fincart refused."""
    for _ in range(reads):
        evidence = with_log(evidence, LogReading(LogKind.UNREADABLE, (), why, status), ENDED)
    return evidence


@pytest.mark.parametrize(
    ("first", "status", "why", "reads", "expected"),
    [
        pytest.param(UNACTED, 400, "no such id", 3, "rejected by answer", id="400 in the same words"),
        pytest.param(UNACTED, 403, "no such id", 3, "rejected by answer", id="403 in the same words"),
        pytest.param(UNACTED, 400, "no such id", 2, "ReadLog", id="not read often enough"),
        pytest.param(UNACTED, 400, "another word", 3, "unknown", id="in other words"),
        pytest.param(UNACTED, 401, "no such id", 3, "unknown", id="a token refused"),
        pytest.param(UNACTED, 404, "no such id", 3, "unknown", id="another status"),
        pytest.param(LOST, 400, "no such id", 3, "unknown", id="under strong doubt"),
    ],
)
def test_an_order_whose_log_fincart_refuses_like_the_call_is_rejected(
    first: AnswerKind, status: int, why: str, reads: int, expected: str
) -> None:
    evidence = Evidence(first_sent_at=SENT)
    for attempt in (
        CallEvidence(first, ALONE, ENDED, "no answer"),
        CallEvidence(REFUSED, SEVERAL, ENDED, "some of them"),
        CallEvidence(REFUSED, ALONE, ENDED, "no such id"),
    ):
        evidence = with_answer(evidence, attempt)

    assert expected == short(conclude(refused_log(evidence, status, why, reads), ENDED))


def test_an_order_whose_log_fincart_refuses_is_read_again_once_it_has_caught_up() -> None:
    step = conclude(refused_log(seen((REFUSED, SEVERAL), (REFUSED, ALONE)), 400, "words of refused", 3), ENDED)

    assert isinstance(step, Settled)
    assert after(30) == step.read_at


def test_a_refused_log_of_an_order_that_was_never_sent_refuses_nothing_alike() -> None:
    assert 0 == refused_log(Evidence(), 400, "", 1).refused_reads


@pytest.mark.parametrize(("reads", "expected"), [(2, "ReadLog"), (3, "unknown")])
def test_a_log_that_was_not_answered_and_then_says_nothing_is_given_up_after_three_reads(
    reads: int, expected: str
) -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["unavailable"], ENDED)
    for _ in range(reads):
        evidence = with_log(evidence, LOGS["unreadable"], after(1))

    assert expected == short(conclude(evidence, after(1)))


def test_a_log_that_was_read_is_not_gone_because_fincart_says_so_later() -> None:
    evidence = with_log(with_log(seen((LOST, ALONE)), LOGS["other"], after(3)), LOGS["absent"], after(4))

    assert (LogClass.OTHER, 1) == (classify_log(evidence), evidence.failed_reads)


def test_a_log_that_is_absent_time_and_again_stays_absent() -> None:
    evidence = seen((LOST, ALONE))
    for at in (3, 4):
        evidence = with_log(evidence, LOGS["absent"], after(at))

    assert (LogClass.ABSENT, 0) == (classify_log(evidence), evidence.failed_reads)


@pytest.mark.parametrize(
    "before",
    [
        Evidence(),
        Evidence(failed_reads=2),
        Evidence(first_failed_at=ENDED),
        Evidence(waits_since=ENDED),
        Evidence(failed_reads=3, first_failed_at=ENDED, refused_reads=2),
        Evidence(failed_reads=3, first_failed_at=ENDED, refused_reads=2, waits_since=ENDED),
    ],
)
def test_a_new_answer_begins_the_reading_anew(before: Evidence) -> None:
    attempt = CallEvidence(LOST, ALONE, after(9))

    assert Evidence((attempt,)) == with_answer(before, attempt)


@pytest.mark.parametrize(
    ("answer", "log_name", "why", "words", "at"),
    [
        (REFUSED, "pending", Why.FINCART_ANSWERED, "words of refused", None),
        (REFUSED, "before", Why.ALREADY_CANCELLED, "Merchant", after(-100, SENT)),
        (LOST, "other", Why.HAS_STATUS, "Processing", after(-100, SENT)),
        (LOST, "absent", Why.NO_SUCH_ORDER, "", None),
        (LOST, "since", Why.LOG_SHOWS_CANCELLED, "Merchant", SENT),
        (LOST, "unreadable", Why.NO_TRUSTWORTHY_ANSWER, "words of lost", None),
        (TOKEN, None, Why.NOT_ACTED_ON, "words of token", None),
        (OK, None, Why.FINCART_ANSWERED, "words of ok", None),
    ],
)
def test_an_outcome_says_why(
    answer: AnswerKind, log_name: str | None, why: Why, words: str, at: datetime | None
) -> None:
    step = told(seen((answer, ALONE)), log_name)

    assert isinstance(step, Settled)
    assert (why, words, at) == (step.why, step.words, step.at)


@pytest.mark.parametrize(
    ("answers", "log_name", "late", "read_at"),
    [
        pytest.param([(OK, ALONE)], None, False, after(3), id="an OK is checked in the background"),
        pytest.param([(OK, ALONE)], "pending", False, after(30), id="an OK not yet late, once late"),
        pytest.param([(OK, ALONE)], "since", False, None, id="a proof ends the reading"),
        pytest.param([(REFUSED, SEVERAL), (REFUSED, ALONE)], "pending", False, after(30), id="weak rejected"),
        pytest.param([(REFUSED, SEVERAL), (REFUSED, ALONE)], "pending", True, None, id="weak rejected late"),
        pytest.param([(LOST, ALONE), (REFUSED, ALONE)], "pending", False, after(30), id="strong unknown"),
        pytest.param([(LOST, ALONE)], "unreadable", True, after(60), id="an unknown, in growing pauses"),
        pytest.param([(UNACTED, ALONE), (TOKEN, ALONE)], None, False, None, id="what was not sent, never"),
        pytest.param([(REFUSED, ALONE)], "unavailable", False, after(30), id="a refusal whose log was not answered"),
    ],
)
def test_what_is_not_settled_for_good_names_when_its_log_is_read_next(
    answers: list[tuple[AnswerKind, bool]], log_name: str | None, late: bool, read_at: datetime | None
) -> None:
    step = told(seen(*answers), log_name, late=late)

    assert isinstance(step, Settled)
    assert read_at == step.read_at


def test_an_unknown_is_read_in_growing_pauses_for_a_day() -> None:
    evidence, pauses = seen((LOST, ALONE)), []
    for _ in range(3):
        evidence = with_log(evidence, LOGS["unreadable"], after(30))
    now: datetime | None = after(30)
    while now is not None:
        step = reconsider(evidence, now)
        assert isinstance(step, Settled)
        if step.read_at is not None:
            pauses.append((step.read_at - now).total_seconds())
        last, now = now, step.read_at

    assert pauses == sorted(pauses)
    assert 86_400 <= (last - ENDED).total_seconds() < 2 * 86_400
    assert len(pauses) < 30


@pytest.mark.parametrize("late", [False, True])
def test_a_settled_order_is_never_sent_again_however_its_log_reads_later(late: bool) -> None:
    evidence = with_log(seen((LOST, ALONE)), LOGS["pending"], after(30 if late else 3))

    assert ("not_sent by log" if late else "unknown") == short(reconsider(evidence, after(999_999)))


def test_a_late_ok_corrects_what_was_not_sent() -> None:
    evidence = with_log(seen(*[(LOST, ALONE)] * 3), LOGS["pending"], after(30))
    late = with_late_answer(evidence, 1, OK)

    assert ("not_sent by log", "unknown") == (
        short(reconsider(evidence, after(30))),
        short(reconsider(late, after(40))),
    )


def test_the_doubt_of_a_lost_call_outlasts_its_late_answer() -> None:
    assert Doubt.STRONG is with_late_answer(seen((LOST, ALONE)), 0, REFUSED).doubt


def test_a_late_answer_that_nothing_was_done_takes_the_doubt_of_its_call_away() -> None:
    assert Doubt.NONE is with_late_answer(seen((LOST, ALONE)), 0, UNACTED).doubt


@pytest.mark.parametrize(("seconds", "is_read_again"), [(86_399, True), (86_400, False)])
def test_an_ok_is_checked_for_a_day(seconds: float, is_read_again: bool) -> None:
    step = conclude(with_log(seen((OK, ALONE)), LOGS["unreadable"], after(3)), after(seconds))

    assert isinstance(step, Settled)
    assert is_read_again is (step.read_at is not None)


def test_a_log_has_caught_up_with_a_late_answer_only_thirty_seconds_after_its_call_can_have_come_through() -> None:
    evidence = with_answer(Evidence(), CallEvidence(LOST, SEVERAL, ENDED, open_until=after(20)))
    late = replace(with_late_answer(evidence, 0, REFUSED), sending_allowed=False)

    at_49, at_50 = (conclude(with_log(late, LOGS["pending"], after(at)), after(at)) for at in (49, 50))

    assert ("unknown", "not_sent by log") == (short(at_49), short(at_50))


def test_halving_is_a_step_of_its_own() -> None:
    assert Halve() == conclude(seen((REFUSED, SEVERAL)), ENDED)
