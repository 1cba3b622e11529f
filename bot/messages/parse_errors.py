"""PURE: words every parse error: what was not understood, and what to type instead.

Plain text, for places where Slack formats nothing.
"""

from typing import assert_never

from bot.domain.commands.filters import (
    BadHistoryWord,
    EmptyFilter,
    Filter,
    FilterError,
    GivenTwice,
    PlainName,
    SinceAfterUntil,
    UnknownDay,
    UnknownFilter,
    UnknownValue,
    UnquotedReason,
)
from bot.domain.commands.order_ids import BadId, OrderIdsError
from bot.domain.commands.parser import (
    WORDS,
    CommandError,
    NotARequestId,
    NothingAfter,
    NotUnderstood,
    ParseError,
    ReasonWithoutIds,
    ShowOnlyOne,
    ShowWhat,
)
from bot.domain.commands.reasons import ControlInReason, ReasonError, ReasonMissing, ReasonTooLong
from bot.domain.commands.report import Grouping, UnknownGrouping
from bot.messages.id_errors import AN_ORDER, bad_word, explain_bad_id, explain_ids, named, shortened, shown


def explain(error: ParseError | BadId, command: str) -> str:
    """One or two short sentences: what was not understood, and the fix, with the installation's command. Never empty,
    and on one line."""
    if isinstance(error, BadId):
        return explain_bad_id(error, command)
    if isinstance(error, OrderIdsError):
        return explain_ids(error, command)
    if isinstance(error, CommandError):
        return _explain_command(error, command)
    return _explain_grouping(error) if isinstance(error, UnknownGrouping) else _explain_filter(error, command)


def _explain_command(error: CommandError, command: str) -> str:
    match error:
        case NotUnderstood(word, None):
            return (
                f"{shown(word)} is not understood. Type order ids right after the command ({command} {AN_ORDER}), "
                f"or {command} help for all it can do."
            )
        case NotUnderstood(word, nearest):
            return f"{shown(word)} is not understood. Did you mean: {command} {nearest}"
        case NothingAfter(keyword, rest):
            return f"{shown(rest)} is not understood after {keyword}. Nothing was done. Type: {command} {keyword}"
        case ReasonWithoutIds():
            return (
                f"There is a reason but no order id. Type the ids before the reason, for example: {command} {AN_ORDER}"
            )
        case ReasonMissing() | ReasonTooLong() | ControlInReason():
            return explain_reason(error)
        case ShowWhat() | ShowOnlyOne() | NotARequestId():
            return _explain_show(error, command)
        case _:
            assert_never(error)


def explain_reason(error: ReasonError) -> str:
    """What is wrong with a reason, and the fix."""
    match error:
        case ReasonMissing(marker):
            return f"Nothing follows {shown(marker)}. Type the reason after it, or leave that word out."
        case ReasonTooLong(length, limit):
            return f"The reason is too long: {length:,} characters. Shorten it to {limit:,} or fewer."
        case ControlInReason(character):
            return (
                f"The reason holds a character that cannot be seen and cannot be recorded ({named(character)}). "
                "Type the reason by hand instead of pasting it."
            )
        case _:
            assert_never(error)


def _explain_show(error: ShowWhat | ShowOnlyOne | NotARequestId, command: str) -> str:
    example = WORDS["show"].example
    match error:
        case ShowWhat():
            return f"Show which request? Type its id after the word, for example: {command} {example}"
        case ShowOnlyOne(request_id):
            which = f"show {request_id}" if request_id else example
            return f"One request can be shown at a time. Type: {command} {which}"
        case NotARequestId(value, order_id):
            fix = (
                f"If it is an order's, type: {command} history {order_id}"
                if order_id
                else f"Type R- and its six letters and digits, for example: {command} {example}"
            )
            return f"{shown(value)} is not a request's id. {fix}"
        case _:
            assert_never(error)


def _explain_filter(error: FilterError, command: str) -> str:
    match error:
        case PlainName(name):
            return (
                f"{shown(name)} is no person that Slack recognised. Type @ and choose the person "
                "from the list that opens."
            )
        case UnknownFilter() | UnknownValue() | UnknownDay():
            return _explain_unknown(error, command)
        case BadHistoryWord() | UnquotedReason():
            return _explain_word(error)
        case EmptyFilter(key):
            return f"Nothing follows {key}: in the filters. Type {_EXAMPLES[key]}, or leave it out."
        case GivenTwice(what):
            return f"{what} is given twice, and only one fits. Leave one of them out."
        case SinceAfterUntil(since, until):
            return f"since:{since} comes after until:{until}. Type the earlier day after since:."
        case _:
            assert_never(error)


def _explain_word(error: BadHistoryWord | UnquotedReason) -> str:
    match error:
        case BadHistoryWord(bad, None):
            return f'{_explain_history_word(bad)} To look for words, type text:"…" with the words between the quotes.'
        case BadHistoryWord(bad, fitting):
            return f"{_explain_history_word(bad)} Did you mean {fitting}?"
        case UnquotedReason(reason, word):
            quoted = f'{Filter.REASON}:"{shortened(reason)} {shortened(word)}"'
            return (
                f"It cannot be told whether {shown(word)} belongs to the reason. If it does, use quotes: {quoted}. "
                f"If not, put it before {Filter.REASON}:."
            )
        case _:
            assert_never(error)


def _explain_unknown(error: UnknownFilter | UnknownValue | UnknownDay, command: str) -> str:
    match error:
        case UnknownFilter(key, nearest, valid):
            listed = ", ".join(f"{name}:" for name in valid)
            if key.lower() == "by":
                return f"by: is for figures. Type: {command} report by:reason"
            meant = f" Did you mean {nearest}:?" if nearest else ""
            return f"{shown(key + ':')} is no filter.{meant} Use @person, an order id, or one of: {listed}"
        case UnknownValue(key, value, valid, nearest):
            meant = f" Did you mean {key}:{nearest}?" if nearest else ""
            return f"There is no {key} {shown(value)}.{meant} Use one of: {', '.join(valid)}."
        case UnknownDay(key, value):
            return f"{shown(value)} is no day. Type {key}:2026-11-24, {key}:today, {key}:yesterday or {key}:7d."
        case _:
            assert_never(error)


def _explain_grouping(error: UnknownGrouping) -> str:
    what = f"A report cannot be grouped by {shown(error.value)}." if error.value else "Nothing follows by:."
    meant = f" Did you mean by:{error.nearest}?" if error.nearest else ""
    return f"{what}{meant} Use one of: {', '.join(f'by:{each}' for each in Grouping)}."


def _explain_history_word(bad: BadId) -> str:
    return f"{shown(bad_word(bad))} is no filter, person or order id."


_EXAMPLES = {
    Filter.STATUS: "status:finished",
    Filter.OUTCOME: "outcome:rejected",
    Filter.REASON: 'reason:duplicate or reason:"out of stock"',
    Filter.TEXT: 'text:"duplicate"',
    Filter.SINCE: "since:7d",
    Filter.UNTIL: "until:today",
}
