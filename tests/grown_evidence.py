"""Evidence as it grows call by call: the bot makes it from rows instead."""

from dataclasses import replace

from bot.domain.outcome.evidence import CallEvidence, Evidence, without_failed_reads
from storage.enums import AnswerKind


def with_answer(evidence: Evidence, call: CallEvidence) -> Evidence:
    """The evidence after one more call. What a log said before stays known; reading begins anew."""
    return without_failed_reads(replace(evidence, attempts=(*evidence.attempts, call)))


def with_late_answer(evidence: Evidence, place: int, kind: AnswerKind, words: str = "") -> Evidence:
    """The evidence after the answer to the call at `place` came when it had been counted as indeterminate already.

    The doubt it left stays, unless it turns out that nothing was done. The call is on the wire no longer; nobody knows
    when it came through.
    """
    late = replace(evidence.attempts[place], kind=kind, words=words, answered_late=True)
    if kind is AnswerKind.NOT_APPLIED:
        late = replace(late, answered_late=False, open_until=None)
    return replace(evidence, attempts=(*evidence.attempts[:place], late, *evidence.attempts[place + 1 :]))
