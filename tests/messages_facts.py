"""Counts what each message of the gallery says: its lines, its characters, and what it says more than once.

`PYTHONPATH=. python tests/messages_facts.py` prints the table.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from bot.messages.home import HomeFacts
from bot.messages.message import Message
from bot.messages.report import digest_message, report_message
from bot.messages.report_facts import ReportFacts
from bot.messages.view_models import RequestFacts
from bot.messages.words import OUTCOME
from bot.sandbox.gallery.gallery import calls
from bot.sandbox.slack.render import as_read, render
from storage.enums import Outcome

Subject = RequestFacts | ReportFacts

REPORTS = (report_message, digest_message)
"""The one exception: their first line repeats figures of their table, as a phone's notification shows it alone."""

GROUPS = {
    "forms": ("request_form.", "confirm_form."),
    "preview": ("preview.",),
    "live message": ("live.live",),
    "notice of the end": ("live.end_notice",),
    "answers about a request": ("preview_ended.", "approval_answers.", "run_control."),
    "history": ("history.",),
    "show": ("show.",),
    "reminder, emergency notice": ("card.",),
    "moved, copied": ("moved.",),
    "notice of a correction": ("live.correction_notice",),
    "waiting": ("waiting.",),
    "Home tab": ("home.",),
    "refusals": ("refusals.",),
    "what could not be read or done": ("answers.", "file_answers."),
    "help": ("help.",),
    "report": ("report.",),
    "for whoever runs the bot": ("ops.",),
}
"""The rows of the table in docs/messages.md: how the names of their builders begin."""

_BUTTONS = re.compile(r"\[[^\]]*\](?: \[[^\]]*\])*")


def shown(content: Message | dict[str, Any]) -> tuple[str, str]:
    """What a reader of the blocks reads, but for charts, which draw what their table says; and a reader of the text."""
    if isinstance(content, Message):
        blocks = [block for block in content.blocks if block["type"] != "data_visualization"]
        return render(blocks), as_read(content.text)
    seen = render(content["blocks"])
    return seen, seen


def about(call: partial[Any]) -> list[Subject]:
    """The requests that a sample speaks of, and the periods whose figures it has."""
    found: list[Subject] = []
    for each in call.args:
        parts = (each.week, *each.waiting, *each.own) if isinstance(each, HomeFacts) else each
        found += [one for one in (parts if isinstance(parts, tuple) else (parts,)) if isinstance(one, Subject)]
    return found


def twice(call: partial[Any], text: str) -> list[str]:
    """What this sample's text says more than once, of a report after its first line."""
    first, _, rest = text.partition("\n")
    subjects = about(call)
    if call.func not in REPORTS:
        return said_twice(text, subjects)
    return said_twice(first, subjects) + said_twice(rest, subjects)


def said_twice(text: str, subjects: list[Subject]) -> list[str]:
    """Each fact that stands in this text more often than there are subjects of which it is one. What a button says
    is an act and no statement: "Cancel 3 orders" may stand beside "Cancel 3 orders?"."""
    lines = [line for line in text.split("\n") if not _BUTTONS.fullmatch(line.strip())]
    statement = "\n".join(lines)
    facts = [
        fact
        for subject in subjects
        for fact in (_facts(subject) if isinstance(subject, RequestFacts) else _figures(subject))
    ]
    return sorted(
        f"{fact} ({_count(fact, statement)} times)"
        for fact in set(facts)
        if _count(fact, statement) > facts.count(fact)
    )


def _count(fact: str, text: str) -> int:
    return sum(len(re.findall(rf"(?<![\w,]){re.escape(way)}(?!\w)", text)) for way in fact.split(" = "))


def _figures(report: ReportFacts) -> Iterator[str]:
    """A report's reasons, and its figures in every way to say each (`3 unknown = Unknown: 3 = of 3 orders`)."""
    total = report.total
    figures = [(total.requests, "requests"), (total.orders, "orders")]
    figures += [(getattr(total.figures, outcome.value), OUTCOME[outcome]) for outcome in Outcome]
    for number, word in figures:
        if number:
            yield f"{number:,} {word} = {word.capitalize()}: {number:,} = of {number:,} orders"
    yield from (" ".join(each.name.split()[:3]) for each in report.reasons if each.name)


def _facts(request: RequestFacts) -> Iterator[str]:
    """The request id, the reason, the requester, the figures."""
    yield request.public_id
    yield f"@{request.requester}"
    yield f"{request.order_count:,} order{'' if request.order_count == 1 else 's'}"
    if request.reason:
        yield " ".join(request.reason.split()[:3])
    found = request.figures
    settled = found.cancelled + found.rejected + found.not_sent + found.unknown
    for number, word in (
        (found.cancelled, "cancelled"),
        (found.rejected, "rejected"),
        (found.not_sent, "not sent"),
        (found.unknown, "unknown"),
    ):
        if number:
            yield f"{number:,} {word}"
    yield f"{settled:,} of {request.order_count:,}"


def main() -> None:
    """Print a line for each sample, and the sums of each group."""
    sums = {group: [0, 0, 0, 0] for group in (*GROUPS, "all")}
    for name, call in calls():
        _, text = shown(call())
        again = len(twice(call, text))
        print(f"{name} | {len(text.splitlines())} | {len(text)} | {again}")
        builder = f"{call.func.__module__.removeprefix('bot.messages.')}.{call.func.__name__}"
        group = next(group for group, builders in GROUPS.items() if builder.startswith(builders))
        for place, value in enumerate((1, len(text.splitlines()), len(text), again)):
            sums[group][place] += value
            sums["all"][place] += value
    print()
    for group, row in sums.items():
        print(f"{group} | {' | '.join(f'{value:,}' for value in row)}")


if __name__ == "__main__":
    main()
