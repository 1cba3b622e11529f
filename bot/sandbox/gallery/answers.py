"""The gallery's private answers: refusals, what could not be read, and help."""

from collections.abc import Iterator
from functools import partial

from bot.domain.commands.order_ids import NoDigit
from bot.domain.commands.parser import ParseError, parse
from bot.domain.files.decoding import NotText, Undecodable
from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.domain.files.results import (
    BadCell,
    BadCells,
    BrokenQuotes,
    EmptyFile,
    FileError,
    FileTooLarge,
    HeaderBelow,
    NoIdColumn,
    OrderNumbersOnly,
    TwoColumns,
    WrongWidth,
)
from bot.domain.files.spreadsheet_cells import Alteration, Altered
from bot.domain.policy.decide import Asked, VerdictCode
from bot.messages import answers, archived, help, refusals, request_form
from bot.messages.file_answers import file_not_fetched
from bot.messages.file_errors import explain_file
from bot.messages.names import DEFAULT
from bot.messages.view_models import ArchiveFacts
from bot.sandbox.gallery import facts
from bot.sandbox.gallery.facts import Made

ARCHIVE = ArchiveFacts("until-2025-10.jsonl.gz", 1_204, 9_812, facts.NOW)

ID, REQUEST = facts.TWO[0].order_id, facts.ASKED.public_id

MISTYPED = (
    "resume at six",
    "hlep <!channel>",
    ", ,",
    "<https://shop.example/orders/1|1>",
    f"{ID} <!channel>",
    "<tel:1805551234|180 555 1234>",
    f"{ID} #1800022D2",
    f"{ID} 6,86E+23",
    "6864\u202efecda0",
    "6864\u200bfecda0",
    REQUEST,
    f"{ID}—7",
    f"{ID}é",
    "6" * 65,
    f"{ID} please",
    "because duplicate",
    f"{ID} because",
    f"{ID} because {'very ' * 300}",
    f"{ID} because dupli\x07cate",
    "show",
    f"show {REQUEST} R-2B2B2B",
    f"show {ID}",
    "history @ann",
    "history stat:finished",
    "history status:finishd",
    "history since:tomorrow",
    "history status:",
    "history status:finished status:expired",
    "history since:2026-11-24 until:2026-11-01",
    "history duplicate",
    "history reason:",
    "history reason:size 42",
    "report by:nonsense",
)
"""One text at least for each way in which what is typed cannot be read."""

FILES: tuple[FileError, ...] = (
    FileTooLarge(12 * 2**20, 5 * 2**20),
    EmptyFile(),
    NotText("an Excel workbook"),
    Undecodable(),
    BrokenQuotes(7),
    HeaderBelow(3),
    NoIdColumn(),
    WrongWidth(2, 4, 3, 5, ","),
    OrderNumbersOnly("Order no", "#1001 <!here>"),
    TwoColumns("order", "1001", "<!channel>", ID, 1),
    BadCells((BadCell(2, Altered("6.86E+23", Alteration.SHORTENED)), BadCell(3, NoDigit("<!channel>"))), 40),
)
"""One for each way in which a file cannot be read."""


_DETAILS = {
    Trouble.EXTERNAL: "Google Drive",
    Trouble.SCOPE: "files:read",
    Trouble.LIMITED: "30",
    Trouble.REFUSED: "fatal",
}


def mistakes() -> Iterator[tuple[str, ParseError]]:
    """What was mistyped, and what the bot makes of it."""
    for typed in MISTYPED:
        read = parse(typed)
        assert isinstance(read, ParseError), typed
        yield typed, read


def made() -> Iterator[Made]:
    """Every one of them."""
    asked = Asked((facts.BEN,), (), facts.RULES.contact)
    for code in VerdictCode:
        name = f"Refused: {code.value.replace('_', ' ')}"
        yield name, partial(refusals.refused, code, "ALLOWED_USERS", asked, facts.RULES, facts.REFUSED)
    for named, rules in (("reasons to choose from", facts.WITH_REASONS), ("the longest list", facts.LONG_LIST)):
        for code in (VerdictCode.REASON_NEEDED, VerdictCode.REASON_NOT_LISTED):
            name = f"Refused: {code.value.replace('_', ' ')}, with {named}"
            yield name, partial(refusals.refused, code, "REASONS", asked, rules, facts.REFUSED)
    for number, (typed, error) in enumerate(mistakes(), 1):
        yield f"Not read {number}: {type(error).__name__}", partial(answers.not_read, error, typed, DEFAULT.command)
    for wrong in FILES:
        yield f"File not read: {type(wrong).__name__}", partial(answers.problem, explain_file(wrong))
    for trouble in Trouble:
        why = NotFetched(trouble, _DETAILS.get(trouble, ""))
        yield (
            f"File not fetched: {trouble.value.replace('_', ' ')}",
            partial(file_not_fetched, why, facts.RULES.contact),
        )
    yield "Not recorded", partial(answers.could_not_record, facts.RULES.contact)
    yield "Perhaps recorded", partial(answers.perhaps_recorded, facts.RULES.contact)
    yield "Not yet recorded", partial(answers.not_yet_recorded, facts.RULES.contact)
    yield "Button of another version", partial(answers.button_not_known)
    yield "Command of another version", partial(answers.type_again)
    yield "Command of another app", partial(answers.command_not_known, "/other")
    yield "Form of another version", partial(request_form.form_not_known_view)
    yield "Form too old", partial(answers.form_gone)
    yield "Form not opened", partial(answers.form_not_opened)
    yield "Form of a button not opened", partial(answers.confirm_form_not_opened)
    yield "No such request", partial(answers.no_such_request, "R-2B2B2B")
    yield "Archived request", partial(archived.archived_request, "R-2B2B2B", ARCHIVE, facts.RULES.contact)
    yield "Broken", partial(answers.broken, facts.RULES.contact)
    yield "Help", partial(help.help_message, facts.RULES)
    yield "Help, with reasons to choose from", partial(help.help_message, facts.WITH_REASONS)
    yield "Help, with the longest list of reasons", partial(help.help_message, facts.LONG_LIST)
