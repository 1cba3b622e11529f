"""Every history of one order, in small: what `conclude` says of it is never a lie.

A history starts with the order pending, already cancelled, moved on or absent; the order is sent up to three
times, alone or among others; each answer comes with every effect it can have; a sender may be taken for dead,
and its call come through after that; somebody else may touch the order after the first send; each log read is
fresh, lagging, unreadable, or gone although it was there; an answer may come late. The driver below does what
`conclude` tells it and nothing else, and knows what is true. After every step the evidence is what the database
gives back of it, so that a fact that the rows drop becomes a lie.

What is assumed of Fincart: a call is applied before we stop waiting for it, and a log shows a change within
30 seconds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from grown_evidence import with_answer, with_late_answer
from stored_evidence import Tables, through_row_objects

from bot.domain.outcome.decide import (
    CallEvidence,
    Evidence,
    Halve,
    LastLog,
    OutcomeTimings,
    ReadLog,
    SendAgain,
    Settled,
    Step,
    conclude,
    with_log,
)
from bot.domain.outcome.responses import LogEntry, LogKind, LogReading
from storage.enums import ABSENT, AnswerKind, Doubt, Outcome, Proof

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LAG = 30
OPEN = 20  # seconds that the call of a sender which was taken for dead may still be on the wire
MOST_SENDS = 3
FEWER_SENDS = 2  # of an order that is pending no longer, or whose call is on the wire: more add nothing but time
MOST_READS_ONCE_SETTLED = 2


class Lie(StrEnum):
    """What can be wrong with an outcome: the three exceptions that the documentation admits, and the rest."""

    WORD_ALONE = "cancelled on Fincart's word alone while its logs cannot be read"
    SOMEBODY_ELSE = "somebody else's cancellation since our first send counts as ours"
    WEAK_REJECTED = "a weak rejected whose log first lagged and then could not be read"
    CANCELLED = "cancelled, and our calls did not cancel it"
    NOT_SENT = "not sent, and our call cancelled it"
    REJECTED = "rejected, and our call cancelled it"
    NOT_SENT_AFTER_OK = "not sent after an OK"
    GUESSED_SEND = "sent again without a log that showed it pending"
    TOO_MANY_LOST = "sent again after three lost sends"
    LEFT_UNKNOWN = "unknown although a log that had caught up was read"


EXCEPTIONS = {Lie.WORD_ALONE, Lie.SOMEBODY_ELSE, Lie.WEAK_REJECTED}
Decide = Callable[[Evidence, datetime], Step]


@dataclass(frozen=True)
class Change:
    """One line of the order's true history; `by` is who is behind it: us, else, or before us."""

    title: str
    at: datetime
    by: str


def ago(seconds: float) -> datetime:
    return START - timedelta(seconds=seconds)


PENDING = (Change("Pending", ago(1000), "before"),)
STARTS: dict[str, tuple[Change, ...]] = {
    "cancelled": (*PENDING, Change("Cancelled", ago(500), "before")),
    "moved on": (*PENDING, Change("Processing", ago(500), "before")),
    "absent": (),
    "pending": PENDING,
}
PREVIEWS = {"cancelled": "Cancelled", "moved on": "Processing", "absent": ABSENT, "pending": "Pending"}


@dataclass(frozen=True)
class EnumeratedHistory:
    """The order as it is, what we know of it, and what happened on the way."""

    order: tuple[Change, ...]
    evidence: Evidence
    now: datetime = START
    previewed: str | None = None  # the status that the preview read
    comparable: bool = True  # Fincart's clock is known
    alone: bool = False
    sent: tuple[CallEvidence, ...] = ()
    lands_at: datetime | None = None  # when a call comes through whose sender was taken for dead
    was_read: bool = False
    waited: bool = False  # for Fincart to answer when its log is read: once in a history
    read_since_send: bool = False
    lagged: bool = False
    caught_up: bool = False
    reads_once_settled: int = 0
    told: tuple[str, ...] = ()

    def then(self, seconds: float, told: str) -> "EnumeratedHistory":
        return replace(self, now=self.now + timedelta(seconds=seconds), told=(*self.told, told))

    @property
    def pending(self) -> bool:
        return bool(self.order) and self.order[-1].title == "Pending"

    @property
    def cancelled_by(self) -> str | None:
        return next((change.by for change in self.order if change.title == "Cancelled"), None)

    def changed(self, title: str, by: str) -> "EnumeratedHistory":
        return replace(self, order=(*self.order, Change(title, self.now, by)))

    def at(self, moment: datetime) -> "EnumeratedHistory":
        """The same once that moment has come, with the call that has come through by then."""
        then = replace(self, now=max(self.now, moment))
        if self.lands_at is None or then.now < self.lands_at:
            return then
        landed = replace(then, lands_at=None)
        if not self.pending:
            return landed
        return replace(landed, order=(*self.order, Change("Cancelled", self.lands_at, "us")))

    @property
    def will_be_ours(self) -> bool:
        """Whether a call of ours has cancelled the order, or is about to."""
        return self.cancelled_by == "us" or (self.lands_at is not None and self.pending)

    @property
    def shown_from(self) -> datetime:
        """From when on a log shows all that our calls have done."""
        ends = [each.open_until or each.ended_at for each in self.sent]
        return max(ends) + timedelta(seconds=LAG)

    @property
    def doubted(self) -> bool:
        return any(
            a.kind is AnswerKind.INDETERMINATE or (a.kind is AnswerKind.REFUSED and not a.alone) for a in self.sent
        )

    def answers(self) -> set[AnswerKind]:
        return {attempt.kind for attempt in self.sent}


def sends(history: EnumeratedHistory) -> Iterator[EnumeratedHistory]:
    """Every next send of the order: alone or not, each answer, each effect."""
    for kind in AnswerKind:
        # With whom an order was sent matters only where the call may speak for the others.
        matters = kind in {AnswerKind.REFUSED, AnswerKind.INDETERMINATE}
        for alone in {True, history.alone} if matters else {history.alone}:
            effects = [False]
            may_apply = kind in {AnswerKind.OK, AnswerKind.INDETERMINATE} or (kind is AnswerKind.REFUSED and not alone)
            if may_apply and history.pending:
                effects = [False, True]
            for applied in effects:
                yield from aftermaths(history, sent(history, kind, alone, applied))
    if not history.sent and history.pending:
        for lands in (None, 0, 15):
            yield taken_over(history, lands)


def sent(history: EnumeratedHistory, kind: AnswerKind, alone: bool, applied: bool) -> EnumeratedHistory:
    words = f"{kind} {'alone' if alone else 'of several'}{', applied' if applied else ''}"
    after = replace(history.then(1, words), alone=alone, read_since_send=False, caught_up=False)
    if not history.sent and history.comparable:
        after = replace(after, evidence=replace(after.evidence, first_sent_at=after.now))
    if applied:
        after = after.changed("Cancelled", "us")
    after = replace(after, now=after.now + timedelta(seconds=20 if kind is AnswerKind.INDETERMINATE else 1))
    attempt = CallEvidence(kind, alone, after.now)
    evidence = with_answer(after.evidence, attempt)
    if kind is AnswerKind.TOKEN:
        evidence = replace(evidence, sending_allowed=False)
    return replace(after, evidence=evidence, sent=(*history.sent, attempt))


def taken_over(history: EnumeratedHistory, lands: float | None) -> EnumeratedHistory:
    """The order is sent by a process that is taken for dead; its call comes through at once, later, or not at all."""
    after = replace(history.then(1, f"sent by the dead, comes through: {lands}"), read_since_send=False)
    if history.comparable:
        after = replace(after, evidence=replace(after.evidence, first_sent_at=after.now))
    if lands == 0:
        after = after.changed("Cancelled", "us")
    after = replace(after, now=after.now + timedelta(seconds=6))
    lands_at = after.now + timedelta(seconds=lands) if lands else None
    attempt = CallEvidence(AnswerKind.INDETERMINATE, False, after.now, open_until=after.now + timedelta(seconds=OPEN))
    return replace(after, evidence=with_answer(after.evidence, attempt), sent=(attempt,), lands_at=lands_at)


def aftermaths(before: EnumeratedHistory, after: EnumeratedHistory) -> Iterator[EnumeratedHistory]:
    """After the first send somebody else may touch a pending order."""
    yield after
    if not before.sent and after.pending:
        yield after.then(1, "somebody cancels it").changed("Cancelled", "else")
        yield after.then(1, "the courier takes it").changed("Processing", "else")


def reads(history: EnumeratedHistory, at: datetime) -> Iterator[EnumeratedHistory]:
    """Every reading of the log at that moment: fresh, lagging where something is new, unreadable."""
    history = history.at(at)
    yield read(history, history.order, "a fresh log")
    known = tuple(change for change in history.order if change.at <= history.now - timedelta(seconds=LAG))
    if known != history.order:
        yield replace(read(history, known, "a lagging log"), lagged=True)
    # What Fincart refuses in the words of its refusal is an order of somebody else's: no call of ours changes it.
    alike = history.sent[-1].kind is AnswerKind.REFUSED and not history.will_be_ours
    unread = LogReading(LogKind.UNREADABLE, why="" if alike else "no answer", http_status=403)
    silent = unreadable(history, unread, "an unreadable log")
    yield silent
    first = len(history.sent) == 1 and history.evidence.log is None and not history.evidence.failed_reads
    if first and history.comparable and not history.waited:
        seconds = 300 if history.alone else 15  # until it is unknown, or not: who else was in the call matters not
        waits = unreadable(history, LogReading(LogKind.UNAVAILABLE, why="busy"), f"no reading for {seconds} s")
        yield replace(waits.at(waits.now + timedelta(seconds=seconds)), waited=True)
    if history.was_read and history.order:
        gone = unreadable(history, LogReading(LogKind.ABSENT), "a log that is gone")
        if gone.evidence.failed_reads != silent.evidence.failed_reads:
            yield gone  # else it comes to the same


def read(history: EnumeratedHistory, order: tuple[Change, ...], told: str) -> EnumeratedHistory:
    if order:
        entries = tuple(LogEntry(change.title, "", change.at, change.by) for change in order)
        reading = LogReading(LogKind.READ, entries)
    else:
        reading = LogReading(LogKind.ABSENT)
    caught_up = history.now >= history.shown_from
    return replace(
        history.then(0, told),
        evidence=with_log(history.evidence, reading, history.now),
        was_read=history.was_read or bool(order),
        read_since_send=True,
        caught_up=history.caught_up or caught_up,
    )


def unreadable(history: EnumeratedHistory, reading: LogReading, told: str) -> EnumeratedHistory:
    evidence = with_log(history.evidence, reading, history.now)
    return replace(history.then(1, told), evidence=evidence)


def late_answers(history: EnumeratedHistory) -> Iterator[EnumeratedHistory]:
    """The last send was counted as LOST, and its answer turns up after all."""
    if not history.sent or history.sent[-1].kind is not AnswerKind.INDETERMINATE or history.lands_at is not None:
        return
    applied = history.cancelled_by == "us"
    for kind in AnswerKind:
        applies = kind is AnswerKind.OK or (kind is AnswerKind.REFUSED and not history.alone)
        if kind is not AnswerKind.INDETERMINATE and (applies or not applied):
            place = len(history.sent) - 1
            evidence = with_late_answer(history.evidence, place, kind)
            late = (*history.sent[:-1], replace(history.sent[-1], kind=kind, answered_late=True))
            yield replace(history.then(1, f"late: {kind}"), evidence=evidence, sent=late)


def judge(history: EnumeratedHistory, step: Settled) -> Lie | None:
    """What is wrong with this outcome, if anything, by what is true."""
    ours = history.will_be_ours
    if step.outcome is Outcome.CANCELLED and not ours:
        if history.cancelled_by == "else":
            return Lie.SOMEBODY_ELSE
        by_word = step.proof is Proof.ANSWER and AnswerKind.OK in history.answers()
        return Lie.WORD_ALONE if by_word and not history.caught_up else Lie.CANCELLED
    if step.outcome is Outcome.NOT_SENT and ours:
        return Lie.NOT_SENT
    if step.outcome is Outcome.NOT_SENT and AnswerKind.OK in history.answers():
        return Lie.NOT_SENT_AFTER_OK
    if step.outcome is Outcome.REJECTED and ours:
        weak = history.evidence.doubt is Doubt.WEAK and step.proof is Proof.ANSWER
        return Lie.WEAK_REJECTED if weak and history.lagged and not history.caught_up else Lie.REJECTED
    if step.outcome is Outcome.UNKNOWN and history.caught_up and AnswerKind.OK not in history.answers():
        return Lie.LEFT_UNKNOWN
    return None


@dataclass
class Findings:
    """What the enumeration came to; broken tables only need one lie beyond the exceptions to be caught."""

    stop_when_caught: bool = False
    stored: Callable[[Evidence, str | None], Evidence] | None = None
    """What the database makes of the evidence; None: it is never written down."""
    met: dict[tuple[Evidence, str | None], Evidence] = field(default_factory=dict)
    lies: dict[Lie, tuple[str, ...]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    histories: int = 0

    @property
    def caught(self) -> bool:
        return not set(self.lies) <= EXCEPTIONS

    def kept(self, history: EnumeratedHistory) -> EnumeratedHistory:
        """The same history, with its evidence as the database gives it back."""
        if self.stored is None:
            return history
        key = (history.evidence, history.previewed)
        if key not in self.met:
            self.met[key] = self.stored(*key)
        return replace(history, evidence=self.met[key])

    def found(self, lie: Lie | None, history: EnumeratedHistory) -> None:
        if lie is not None and (lie not in self.lies or len(history.told) < len(self.lies[lie])):
            self.lies[lie] = history.told


def follow(history: EnumeratedHistory, decide: Decide, findings: Findings) -> None:
    """Do what `decide` says, in every way it can turn out."""
    if findings.stop_when_caught and findings.caught:
        return
    history = findings.kept(history)
    step = decide(history.evidence, history.now)
    if isinstance(step, Settled):
        settle(history, step, decide, findings)
    elif isinstance(step, ReadLog):
        for after in reads(history, step.at):
            follow(after, decide, findings)
    else:
        findings.found(judge_send(history, step), history)
        over = replace(history.evidence, sending_allowed=False)
        follow(replace(history.then(0, "sending is over"), evidence=over), decide, findings)
        few = any(change.by == "else" for change in history.order) or any(each.open_until for each in history.sent)
        if len(history.sent) < (FEWER_SENDS if few else MOST_SENDS):
            for after in sends(history.at(history.now)):
                follow(after, decide, findings)


def judge_send(history: EnumeratedHistory, step: SendAgain | Halve) -> Lie | None:
    lost = sum(attempt.kind is AnswerKind.INDETERMINATE for attempt in history.sent)
    if lost >= MOST_SENDS:
        return Lie.TOO_MANY_LOST
    if isinstance(step, SendAgain) and history.doubted and not history.read_since_send:
        return Lie.GUESSED_SEND
    return None


def settle(history: EnumeratedHistory, step: Settled, decide: Decide, findings: Findings) -> None:
    findings.found(judge(history, step), history)
    findings.outcomes[step.outcome] += 1
    settled = replace(history, evidence=replace(history.evidence, sending_allowed=False))
    if history.reads_once_settled == 0:
        for late in late_answers(settled):
            follow(late, decide, findings)
    if step.read_at is None or history.reads_once_settled >= MOST_READS_ONCE_SETTLED:
        findings.histories += 1
        return
    counted = replace(settled, reads_once_settled=history.reads_once_settled + 1)
    for after in reads(counted, step.read_at):
        follow(after, decide, findings)


def enumerate_all(
    decide: Decide,
    *,
    stop_when_caught: bool = False,
    stored: Callable[[Evidence, str | None], Evidence] | None = None,
) -> Findings:
    findings = Findings(stop_when_caught, stored)
    for name, order in STARTS.items():
        for previewed in (False, True):
            # Where times cannot be compared, the preview's reading is what tells an old cancellation.
            evidence = Evidence(
                cancelled_at_preview=previewed and name == "cancelled",
                log_was_read=previewed and name != "absent",
            )
            told = (name, "previewed, no clock of Fincart's" if previewed else "not previewed")
            seen = PREVIEWS[name] if previewed else None
            was_read = previewed and bool(order)
            start = EnumeratedHistory(
                order, evidence, previewed=seen, comparable=not previewed, was_read=was_read, told=told
            )
            follow(start, decide, findings)
    return findings


@pytest.fixture(scope="module")
def truth() -> Findings:
    """All of it, which takes a minute: who uses this is marked as long."""
    return enumerate_all(conclude, stored=through_row_objects)


@pytest.mark.long
def test_no_outcome_of_any_history_is_a_lie_but_for_the_three_documented_ones(truth: Findings) -> None:
    unexpected = {lie.value: told for lie, told in truth.lies.items() if lie not in EXCEPTIONS}

    assert {} == unexpected


@pytest.mark.long
def test_each_documented_exception_really_occurs(truth: Findings) -> None:
    assert EXCEPTIONS <= set(truth.lies)


@pytest.mark.long
def test_the_enumeration_reaches_every_outcome_and_is_no_handful(truth: Findings) -> None:
    assert set(Outcome) == set(truth.outcomes)
    assert truth.histories > 10_000


@pytest.mark.long
def test_rows_give_back_all_that_was_seen(truth: Findings) -> None:
    dropped = [(seen, kept) for (seen, _), kept in truth.met.items() if seen != kept]

    assert [] == dropped[:1]


@pytest.mark.long
def test_tables_give_back_all_that_was_seen(truth: Findings, sqlite_url: str) -> None:
    """Of many kinds of evidence one, written and read by what the bot writes and reads it with."""
    kinds = list({shape(seen, previewed): (seen, previewed) for seen, previewed in truth.met}.values())
    tables = Tables(sqlite_url)
    some = kinds[:: max(1, len(kinds) // 300)]
    dropped = [seen for seen, previewed in some if seen != tables.through(seen, previewed)]
    tables.close()

    assert [] == dropped[:1]
    assert len(kinds) > 100


@pytest.mark.long
def test_no_fact_is_the_same_in_all_evidence_that_is_enumerated(truth: Findings) -> None:
    """Else the rows could drop it unseen. Who else cancelled it is no fact of these rows, and words decide nothing."""
    facts = {each.name for kind in (Evidence, CallEvidence, LastLog) for each in fields(kind)}
    values: dict[str, set[object]] = {name: set() for name in facts - {"cancelled_by_request", "words"}}
    for evidence, _ in truth.met:
        for part in (evidence, evidence.log, *evidence.attempts):
            for name in values:
                if hasattr(part, name) and len(values[name]) < 2:
                    values[name].add(getattr(part, name))

    assert [] == [name for name, met in values.items() if len(met) < 2]


def shape(evidence: Evidence, previewed: str | None) -> tuple[object, ...]:
    """What kind of evidence it is, whatever the times and words in it."""
    log = evidence.log
    seen = None if log is None else (log.absent, log.pending, log.status, log.cancelled_at is None)
    calls = tuple((each.kind, each.alone, each.answered_late, each.open_until is None) for each in evidence.attempts)
    times = (evidence.first_sent_at is None, evidence.first_failed_at is None, evidence.waits_since is None)
    reads = (evidence.failed_reads, evidence.refused_reads, evidence.log_was_read)
    return (calls, seen, *reads, evidence.sending_allowed, times, previewed)


def test_with_neither_clock_nor_preview_an_old_cancellation_may_count_as_ours_and_is_a_cancellation() -> None:
    """The table's reading of times that cannot be compared: only who cancelled can be wrong, never whether."""
    findings = Findings()
    told = ("cancelled", "not previewed, no clock of Fincart's")
    follow(EnumeratedHistory(STARTS["cancelled"], Evidence(), comparable=False, told=told), conclude, findings)

    assert {Lie.CANCELLED} == set(findings.lies) - EXCEPTIONS


def time_out_taken_for_success(evidence: Evidence, now: datetime) -> Step:
    attempts = tuple(
        replace(attempt, kind=AnswerKind.OK if attempt.kind is AnswerKind.INDETERMINATE else attempt.kind)
        for attempt in evidence.attempts
    )
    return conclude(replace(evidence, attempts=attempts), now)


def weak_doubt_ignored(evidence: Evidence, now: datetime) -> Step:
    attempts = tuple(
        attempt for attempt in evidence.attempts if attempt.kind is not AnswerKind.REFUSED or attempt.alone
    )
    halve = bool(evidence.attempts) and attempts != evidence.attempts and evidence.sending_allowed
    if halve and evidence.attempts[-1] not in attempts:
        return Halve()
    return conclude(replace(evidence, attempts=attempts), now)


def strong_doubt_ignored(evidence: Evidence, now: datetime) -> Step:
    attempts = tuple(
        replace(attempt, kind=AnswerKind.NOT_APPLIED if attempt.kind is AnswerKind.INDETERMINATE else attempt.kind)
        for attempt in evidence.attempts
    )
    return conclude(replace(evidence, attempts=attempts), now)


def lagging_log_believed(evidence: Evidence, now: datetime) -> Step:
    return conclude(evidence, now, OutcomeTimings(late_after=3))


def unreadable_log_taken_for_pending(evidence: Evidence, now: datetime) -> Step:
    step = conclude(evidence, now)
    if isinstance(step, Settled) and step.outcome is Outcome.UNKNOWN:
        return replace(step, outcome=Outcome.NOT_SENT, proof=Proof.LOG)
    return step


def sent_again_without_the_log(evidence: Evidence, now: datetime) -> Step:
    step = conclude(evidence, now)
    return SendAgain() if isinstance(step, ReadLog) and evidence.sending_allowed else step


def old_cancellation_taken_for_ours(evidence: Evidence, now: datetime) -> Step:
    return conclude(evidence, now, OutcomeTimings(clock_slack=1000))


def word_never_checked(evidence: Evidence, now: datetime) -> Step:
    return conclude(replace(evidence, log=None) if evidence.answered_ok else evidence, now)


@pytest.mark.parametrize(
    "broken",
    [
        time_out_taken_for_success,
        weak_doubt_ignored,
        strong_doubt_ignored,
        lagging_log_believed,
        unreadable_log_taken_for_pending,
        sent_again_without_the_log,
        old_cancellation_taken_for_ours,
        word_never_checked,
    ],
    ids=lambda broken: str(broken.__name__).replace("_", " "),
)
def test_the_enumeration_catches_a_broken_table(broken: Decide) -> None:
    assert enumerate_all(broken, stop_when_caught=True).caught
