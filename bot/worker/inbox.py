"""The inbox: take what Slack delivered, one at a time, and hand it to the use case it means."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from bot.context import Context
from bot.deliveries.handling import HandledElsewhere, say
from bot.deliveries.payloads import (
    HANDLED,
    ButtonPressed,
    CommandTyped,
    FileGiven,
    HomeOpened,
    RequestFormSubmitted,
    Sender,
    read_payload,
    read_sender,
)
from bot.domain.commands.filters import History
from bot.domain.commands.order_ids import OrderId, OrderList, parse_order_ids
from bot.domain.commands.parser import Ask, Pause, Preview, Resume, Show, Waiting
from bot.domain.commands.reasons import GivenReason
from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.domain.files.order_file import LARGEST_FILE, read_order_file
from bot.domain.files.results import FileOrders, FileTooLarge
from bot.messages.actions import Action, read_page_value, read_request_value
from bot.messages.answers import not_yet_recorded
from bot.messages.file_errors import explain_file
from bot.messages.parse_errors import explain
from bot.outbox.enqueue import AnswerCode, ReplyTo
from bot.reports import history, home_tab
from bot.requests import approve, confirm, control, create, global_pause, remind, set_aside
from bot.requests.action import RequestAction
from bot.requests.copies import note_copy
from bot.requests.create import Submission
from bot.requests.dry_run import show_dry_run
from bot.requests.set_aside import Sorted, sort_out
from bot.slack.results import Ok, Refused
from bot.slack.shared_file import SharedFile, not_fetched, shared_file
from storage import deliveries, requests
from storage.db.transactions import StorageUnavailable
from storage.enums import Origin
from storage.requests import NewOrder
from storage.slack_models import Delivery

log = logging.getLogger(__name__)

TRIES = 5

PRESSES: Mapping[Action, Callable[[Context, Delivery, RequestAction], None]] = {
    Action.GO_AHEAD: confirm.go_ahead,
    Action.KEEP: confirm.keep,
    Action.ASK_APPROVAL: approve.ask_for_approval,
    Action.EMERGENCY: confirm.emergency,
    Action.APPROVE: approve.approve,
    Action.DECLINE: approve.decline,
    Action.WITHDRAW: approve.withdraw,
    Action.REMIND: remind.remind,
    Action.STOP: control.stop,
    Action.PAUSE: control.pause,
    Action.GO_ON: control.go_on,
    Action.UNDO: control.undo,
    Action.CHECK_AGAIN: control.check_again,
    Action.RETRY: control.retry,
    Action.LEAVE_OUT: control.leave_out,
    Action.INCLUDE: set_aside.include,
}
"""What each button about a request does."""

_OF_RUNS = {Action.STOP, Action.PAUSE, Action.GO_ON, Action.UNDO, Action.CHECK_AGAIN, Action.RETRY}

IN_LISTS = frozenset({Action.APPROVE, Action.DECLINE, Action.WITHDRAW, Action.REMIND} | _OF_RUNS)
"""Buttons that stand beside others in `waiting` and `show`: no answer takes the place of all of them."""


class Inbox:
    """Handles what was delivered, each once; what fails for the database's sake is tried again."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Handle one delivery; False when there is none."""
        with self._context.database.write() as transaction:
            delivery = deliveries.take(transaction, self._context.owner, HANDLED)
        if delivery is None:
            return False
        try:
            self._handle(delivery)
        except HandledElsewhere:
            pass
        except StorageUnavailable:
            self._not_yet(delivery)
            raise
        except Exception:
            log.exception("a %s could not be handled (try %d)", delivery.kind, delivery.tries)
            self._broken(delivery)
        return True

    def _handle(self, delivery: Delivery) -> None:
        match read_payload(delivery):
            case CommandTyped() as typed:
                self._command(delivery, typed)
            case ButtonPressed() as pressed:
                self._action(delivery, pressed)
                if pressed.on_home_tab:
                    home_tab.publish(self._context, pressed.user)
            case HomeOpened() as opened:
                home_tab.show_home(self._context, delivery, opened.user)
            case RequestFormSubmitted() as form:
                self._form(delivery, form)
            case _:
                raise ValueError(f"nobody handles deliveries of kind {delivery.kind}")

    def _command(self, delivery: Delivery, typed: CommandTyped) -> None:
        reply_to = ReplyTo.of(delivery, typed.user, typed.channel)
        match typed.command:
            case Ask(orders, reason):
                origin = Origin.COMMAND
                source = {"duplicates": [each.value for each in orders.duplicates]}
                given = sort_out(_orders(orders))
                why = GivenReason.typed(reason, self._context.settings.reasons)
                create.ask(self._context, delivery, _submission(reply_to, typed, origin, given, why, source))
            case History() as wanted:
                history.show_history(self._context, delivery, reply_to, wanted)
            case Show(public_id):
                history.show_request(self._context, delivery, reply_to, public_id)
            case Preview(orders):
                show_dry_run(self._context, delivery, reply_to, orders)
            case Pause(why):
                global_pause.pause(self._context, delivery, reply_to, why)
            case Resume():
                global_pause.resume(self._context, delivery, reply_to)
            case Waiting():
                history.show_waiting(self._context, delivery, reply_to)

    def _action(self, delivery: Delivery, pressed: ButtonPressed) -> None:
        replaces = pressed.ephemeral and pressed.action not in IN_LISTS
        reply_to = ReplyTo.of(delivery, pressed.user, pressed.channel, replaces=replaces)
        if pressed.action in (Action.OLDER, Action.NEWER, Action.SHARE):
            self._page_action(delivery, reply_to, pressed.action, pressed.value)
        else:
            self._request_action(delivery, reply_to, pressed)

    def _page_action(self, delivery: Delivery, reply_to: ReplyTo, action: Action, value: str) -> None:
        turned = read_page_value(value)
        if turned is None:
            self._say(delivery, reply_to, AnswerCode.NOT_UNDERSTOOD)
        elif action is Action.SHARE:
            history.share(self._context, delivery, reply_to, turned.message_id, turned.cursor())
        else:
            history.turn_page(self._context, delivery, reply_to, turned.message_id, turned.cursor())

    def _request_action(self, delivery: Delivery, reply_to: ReplyTo, pressed: ButtonPressed) -> None:
        about = read_request_value(pressed.value)
        if about is None:
            self._say(delivery, reply_to, AnswerCode.NOT_UNDERSTOOD)
            return
        note_copy(self._context, about.public_id, pressed.channel, pressed.message_ts)
        if (use_case := PRESSES.get(pressed.action)) is not None:
            action = RequestAction(reply_to, about.public_id, about.number, pressed.typed_number, pressed.words)
            use_case(self._context, delivery, action)
        else:
            history.show_request(self._context, delivery, reply_to, about.public_id, about.number)

    def _form(self, delivery: Delivery, form: RequestFormSubmitted) -> None:
        reply_to = ReplyTo.of(delivery, form.user, form.channel)
        typed = parse_order_ids(form.ids) if form.ids.strip() else OrderList(())
        if not isinstance(typed, OrderList):
            self._problem(delivery, reply_to, explain(typed))
            return
        wanted = _orders(typed)
        source: dict[str, Any] = {"duplicates": [each.value for each in typed.duplicates]}
        if form.file is not None and not self._is_made(delivery):
            found = self._read_file(delivery, reply_to, form.file)
            if found is None:
                return
            name, read = found
            wanted, again = _joined(wanted, read)
            source = {
                "duplicates": source["duplicates"] + again,
                "file_name": name,
                "column": read.column,
                "blank_rows": read.blank_rows,
            }
        given = sort_out(wanted)
        create.ask(self._context, delivery, _submission(reply_to, form, form.origin, given, self._why(form), source))

    def _why(self, form: RequestFormSubmitted) -> GivenReason:
        if form.reason_listed is not None:
            return GivenReason(form.reason, form.reason_listed)
        return GivenReason.typed(form.reason, self._context.settings.reasons)

    def _is_made(self, delivery: Delivery) -> bool:
        """Whether an earlier try has made its request: a file that cannot be fetched any more takes nothing back."""
        with self._context.database.read() as session:
            return requests.of_delivery(session, delivery.id) is not None

    def _read_file(self, delivery: Delivery, reply_to: ReplyTo, given: FileGiven) -> tuple[str, FileOrders] | None:
        """The file's name and its orders; None once the person is told why not."""
        file = self._located(given)
        fetched = file if isinstance(file, NotFetched) else self._fetch(file)
        if isinstance(fetched, NotFetched):
            self._say(delivery, reply_to, AnswerCode.FILE_NOT_FETCHED, trouble=fetched.trouble, detail=fetched.detail)
            return None
        read = read_order_file(fetched) if isinstance(fetched, bytes) else fetched
        if not isinstance(read, FileOrders):
            self._problem(delivery, reply_to, explain_file(read))
            return None
        assert isinstance(file, SharedFile)
        return file.name, read

    def _located(self, given: FileGiven) -> SharedFile | NotFetched:
        """The file as the form told of it; where that did not say where its bytes are, as Slack does when asked."""
        if given.url:
            return SharedFile(given.id, given.name, given.size, given.url)
        info = self._context.slack.file_info(given.id)
        if not isinstance(info, Ok):
            return not_fetched(info)
        file = shared_file(info.value)
        return file.trouble or (file if file.url else NotFetched(Trouble.NOT_SEEN))

    def _fetch(self, file: SharedFile) -> bytes | FileTooLarge | NotFetched:
        if file.size > LARGEST_FILE:
            return FileTooLarge(file.size, LARGEST_FILE)
        fetched = self._context.slack.download_file(file.url or "", LARGEST_FILE)
        if isinstance(fetched, Ok):
            return fetched.value
        too_large = isinstance(fetched, Refused) and fetched.code == "too_large"
        return FileTooLarge(LARGEST_FILE + 1, LARGEST_FILE) if too_large else not_fetched(fetched)

    def _problem(self, delivery: Delivery, reply_to: ReplyTo, words: str) -> None:
        self._say(delivery, reply_to, AnswerCode.PROBLEM, words=words)

    def _say(self, delivery: Delivery, reply_to: ReplyTo, code: AnswerCode, **facts: str) -> None:
        say(self._context.database, delivery, reply_to, code, **facts)

    def _not_yet(self, delivery: Delivery) -> None:
        """Tell whoever waits, once, and without the database, that nothing of it could be recorded yet."""
        if delivery.tries == 1 and delivery.response_url is not None:
            self._context.slack.respond(delivery.response_url, not_yet_recorded(self._context.settings.contact))
        # Where the database is still busy, it is handled again once it counts as left.
        with suppress(StorageUnavailable), self._context.database.write() as transaction:
            deliveries.postpone(transaction, delivery, 0.5)

    def _broken(self, delivery: Delivery) -> None:
        """Try again soon; after some tries say that it is our fault, so that nobody waits for nothing."""
        if delivery.tries >= TRIES:
            sender = read_sender(delivery)
            with suppress(HandledElsewhere):
                self._say(delivery, ReplyTo.of(delivery, sender.user, sender.channel), AnswerCode.BROKEN)
            return
        with self._context.database.write() as transaction:
            deliveries.postpone(transaction, delivery, 0.5 * 2**delivery.tries)


def _submission(
    reply_to: ReplyTo, sender: Sender, origin: Origin, given: Sorted, reason: GivenReason, source: Mapping[str, Any]
) -> Submission:
    channel = sender.channel or ""
    return Submission(reply_to, sender.team, channel, origin, given.orders, reason, source, set_aside=given.set_aside)


def _orders(orders: OrderList) -> list[NewOrder]:
    return [NewOrder(each.value, None, each.unlike_fincart) for each in orders.orders]


def _joined(typed: list[NewOrder], read: FileOrders) -> tuple[list[NewOrder], list[str]]:
    """The orders typed and those of the file, each once, and the ids that were given more than once."""
    joined = {order.order_id: order for order in typed}
    again = [each.value for each in read.duplicates]
    for each in read.orders:
        order: OrderId = each.order
        if order.value in joined:
            again.append(order.value)
        joined[order.value] = NewOrder(order.value, each.label, order.unlike_fincart)
    return list(joined.values()), list(dict.fromkeys(again))
