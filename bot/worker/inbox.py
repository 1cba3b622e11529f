"""The inbox: take what Slack delivered, one at a time, and hand it to the use case it means."""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from bot.context import Context
from bot.domain.commands.filters import History
from bot.domain.commands.order_ids import OrderId, OrderList, parse_order_ids
from bot.domain.commands.parser import Ask, Export, Help, OpenForm, Pause, Preview, Resume, Show, Waiting, parse
from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.domain.files.order_file import LARGEST_FILE, read_order_file
from bot.domain.files.results import FileOrders, FileTooLarge
from bot.messages.actions import Action, read_page_value, read_request_value
from bot.messages.answers import not_yet_recorded
from bot.messages.file_errors import explain_file
from bot.messages.parse_errors import explain
from bot.outbox import enqueue
from bot.outbox.enqueue import AnswerCode, ReplyTo
from bot.reports import history as look_back
from bot.reports import home_tab
from bot.requests import approve, confirm, control, create, global_pause, remind, set_aside
from bot.requests.action import RequestAction
from bot.requests.copies import note_copy
from bot.requests.create import Submission
from bot.requests.dry_run import look_only
from bot.requests.set_aside import Sorted, sort_out
from bot.slack.results import Ok, Refused
from bot.slack.shared_file import SharedFile, not_fetched, shared_file
from storage import deliveries, requests
from storage.db.transactions import StorageUnavailable
from storage.enums import Origin
from storage.requests import NewOrder
from storage.slack_models import Delivery

log = logging.getLogger(__name__)

COMMAND, CLICK, FORM, HOME = "command", "click", "form", "home"
KINDS = (COMMAND, CLICK, FORM, HOME)
"""The kinds of deliveries that are handled here."""

FORM_OPENED, CONFIRM_OPENED = "form_opened", "confirm_opened"
"""Those that are only remembered, until what they opened is submitted."""

TRIES = 5

Payload = Mapping[str, Any]

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
            delivery = deliveries.take(transaction, self._context.owner, KINDS)
        if delivery is None:
            return False
        try:
            self._handle(delivery, json.loads(delivery.payload))
        except StorageUnavailable:
            self._not_yet(delivery)
            raise
        except Exception:
            log.exception("a %s could not be handled (try %d)", delivery.kind, delivery.tries)
            self._broken(delivery, json.loads(delivery.payload))
        return True

    def _handle(self, delivery: Delivery, payload: Payload) -> None:
        match delivery.kind:
            case "command":
                self._command(delivery, payload)
            case "click":
                self._action(delivery, payload)
                if payload.get("on_home_tab"):
                    home_tab.publish(self._context, payload["user"])
            case "home":
                home_tab.show_home(self._context, delivery, payload["user"])
            case "form":
                self._form(delivery, payload)
            case _:
                raise ValueError(f"nobody handles deliveries of kind {delivery.kind}")

    def _command(self, delivery: Delivery, payload: Payload) -> None:
        reply_to = ReplyTo.of(delivery, payload["user"], payload["channel"])
        command = parse(payload["text"])
        match command:
            case Ask(orders, reason):
                wanted = sort_out(_orders(orders))
                source = {"duplicates": [each.value for each in orders.duplicates]}
                self._ask(delivery, payload, reply_to, Origin.COMMAND, wanted, reason, source)
            case History():
                look_back.show_history(self._context, delivery, reply_to, command)
            case Show(public_id):
                look_back.show_request(self._context, delivery, reply_to, public_id)
            case Preview(orders):
                look_only(self._context, delivery, reply_to, orders)
            case Pause(why):
                global_pause.pause(self._context, delivery, reply_to, why)
            case Resume():
                global_pause.resume(self._context, delivery, reply_to)
            case Waiting():
                look_back.show_waiting(self._context, delivery, reply_to)
            case OpenForm() | Help() | Export():
                raise ValueError("forms, help and exports are for others to answer")
            case _:
                # It was read when it arrived, by an earlier version: this one no longer takes it.
                self._problem(delivery, reply_to, explain(command))

    def _action(self, delivery: Delivery, payload: Payload) -> None:
        action = Action(payload["action"])
        replaces = payload["ephemeral"] and action not in IN_LISTS
        reply_to = ReplyTo.of(delivery, payload["user"], payload["channel"], replaces=replaces)
        if action in (Action.OLDER, Action.NEWER, Action.SHARE):
            self._page_action(delivery, reply_to, action, payload["value"])
        else:
            self._request_action(delivery, reply_to, action, payload)

    def _page_action(self, delivery: Delivery, reply_to: ReplyTo, action: Action, value: str) -> None:
        turned = read_page_value(value)
        if turned is None:
            self._say(delivery, reply_to, AnswerCode.NOT_UNDERSTOOD)
        elif action is Action.SHARE:
            look_back.share(self._context, delivery, reply_to, turned.message_id, turned.cursor())
        else:
            look_back.turn_page(self._context, delivery, reply_to, turned.message_id, turned.cursor())

    def _request_action(self, delivery: Delivery, reply_to: ReplyTo, action: Action, payload: Payload) -> None:
        pressed = read_request_value(payload["value"])
        if pressed is None:
            self._say(delivery, reply_to, AnswerCode.NOT_UNDERSTOOD)
            return
        note_copy(self._context, pressed.public_id, payload["channel"], payload.get("message_ts"))
        if (use_case := PRESSES.get(action)) is not None:
            typed, words = payload.get("typed_number"), payload.get("words")
            use_case(self._context, delivery, RequestAction(reply_to, pressed.public_id, pressed.number, typed, words))
        else:
            look_back.show_request(self._context, delivery, reply_to, pressed.public_id, pressed.number)

    def _form(self, delivery: Delivery, payload: Payload) -> None:
        reply_to = ReplyTo.of(delivery, payload["user"], payload["channel"])
        typed = parse_order_ids(payload["ids"]) if payload["ids"].strip() else OrderList(())
        if not isinstance(typed, OrderList):
            self._problem(delivery, reply_to, explain(typed))
            return
        wanted = _orders(typed)
        source: dict[str, Any] = {"duplicates": [each.value for each in typed.duplicates]}
        if payload["file"] is not None and not self._is_made(delivery):
            found = self._read_file(delivery, reply_to, payload["file"])
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
        self._ask(delivery, payload, reply_to, Origin(payload["origin"]), sort_out(wanted), payload["reason"], source)

    def _is_made(self, delivery: Delivery) -> bool:
        """Whether an earlier try has made its request: a file that cannot be fetched any more takes nothing back."""
        with self._context.database.read() as session:
            return requests.of_delivery(session, delivery.id) is not None

    def _read_file(self, delivery: Delivery, reply_to: ReplyTo, kept: Payload) -> tuple[str, FileOrders] | None:
        """The file's name and its orders; None once the person is told why not."""
        file = self._located(kept)
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

    def _located(self, kept: Payload) -> SharedFile | NotFetched:
        """The file as the form told of it; where that did not say where its bytes are, as Slack does when asked."""
        if kept["url"]:
            return SharedFile(kept.get("id", ""), kept["name"], kept["size"], kept["url"])
        told = self._context.slack.file_info(kept.get("id", ""))
        if not isinstance(told, Ok):
            return not_fetched(told)
        file = shared_file(told.value)
        return file.trouble or (file if file.url else NotFetched(Trouble.NOT_SEEN))

    def _fetch(self, file: SharedFile) -> bytes | FileTooLarge | NotFetched:
        if file.size > LARGEST_FILE:
            return FileTooLarge(file.size, LARGEST_FILE)
        fetched = self._context.slack.download_file(file.url or "", LARGEST_FILE)
        if isinstance(fetched, Ok):
            return fetched.value
        too_large = isinstance(fetched, Refused) and fetched.code == "too_large"
        return FileTooLarge(LARGEST_FILE + 1, LARGEST_FILE) if too_large else not_fetched(fetched)

    def _ask(
        self,
        delivery: Delivery,
        payload: Payload,
        reply_to: ReplyTo,
        origin: Origin,
        orders: Sorted,
        reason: str | None,
        source: Payload,
    ) -> None:
        where = (reply_to, payload["team"], payload["channel"], origin)
        wanted = Submission(*where, orders.orders, reason, source, set_aside=orders.set_aside)
        create.ask(self._context, delivery, wanted)

    def _problem(self, delivery: Delivery, reply_to: ReplyTo, words: str) -> None:
        self._say(delivery, reply_to, AnswerCode.PROBLEM, words=words)

    def _say(self, delivery: Delivery, reply_to: ReplyTo, what: AnswerCode, **facts: str) -> None:
        with self._context.database.write() as transaction:
            row = deliveries.still_ours(transaction, delivery)
            if row is not None:
                enqueue.answer(transaction, reply_to, what, delivery=row, facts=facts)
                deliveries.done(row, what)

    def _not_yet(self, delivery: Delivery) -> None:
        """Tell whoever waits, once, and without the database, that nothing of it could be recorded yet."""
        if delivery.tries == 1 and delivery.response_url is not None:
            self._context.slack.respond(delivery.response_url, not_yet_recorded(self._context.settings.contact))
        # Where the database is still busy, it is handled again once it counts as left.
        with suppress(StorageUnavailable), self._context.database.write() as transaction:
            deliveries.postpone(transaction, delivery, 0.5)

    def _broken(self, delivery: Delivery, payload: Payload) -> None:
        """Try again soon; after some tries say that it is our fault, so that nobody waits for nothing."""
        if delivery.tries >= TRIES:
            self._say(delivery, ReplyTo.of(delivery, payload["user"], payload["channel"]), AnswerCode.BROKEN)
            return
        with self._context.database.write() as transaction:
            deliveries.postpone(transaction, delivery, 0.5 * 2**delivery.tries)


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
