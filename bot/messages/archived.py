"""PURE: what messages say of requests that are in an archive."""

from collections.abc import Iterator, Sequence

from bot.messages.document import CodeText, CommandText, Heading, Line, Typed
from bot.messages.message import Message
from bot.messages.render import render
from bot.messages.view_models import ArchiveFacts
from bot.messages.words import counted, paragraph


def archived_request(public_id: str, archive: ArchiveFacts, contact: str) -> Message:
    """Answers `show` of an archived request, and its buttons."""
    return render(
        (
            Heading(f"{public_id} is archived. Nothing was done."),
            paragraph(
                (
                    f"It ended before {archive.before:%Y-%m-%d}, and all about it is in the file ",
                    CodeText(archive.file),
                ),
                ("Who has that file: ", Typed(contact)),
                ("It cannot be changed or asked again any more. To cancel orders now: ", CommandText("ID …")),
            ),
        )
    )


def not_counted(archives: Sequence[ArchiveFacts]) -> Iterator[Line]:
    """A line for each archive that holds requests which a page or figure lacks."""
    for each in archives:
        verb = "is" if each.requests == 1 else "are"
        what = f"Not in here: {counted(each.requests, 'request')} that ended before {each.before:%Y-%m-%d} {verb} in "
        yield (what, "the archive ", CodeText(each.file))
