"""The inbox: takes stored deliveries, one at a time, and calls the use case for each."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from bot.context import Context, names_of
from bot.deliveries.handling import AlreadyHandled, give_up, readable, say
from bot.deliveries.payloads import (
    HANDLED,
    BlockAction,
    CommandTyped,
    FileGiven,
    HomeOpened,
    RequestFormSubmitted,
    Sender,
)
from bot.domain.commands.filters import History
from bot.domain.commands.order_ids import OrderId, OrderList, parse_order_ids
from bot.domain.commands.parser import Ask, Pause, Preview, Resume, Show, Waiting
from bot.domain.commands.reasons import GivenReason
from bot.domain.commands.report import Report
from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.domain.files.order_file import LARGEST_FILE, read_order_file
from bot.domain.files.results import FileOrders, FileTooLarge
from bot.messages.actions import Action, read_message_value, read_page_value, read_request_value
from bot.messages.answers import not_yet_recorded
from bot.messages.file_errors import explain_file
from bot.messages.parse_errors import explain
from bot.messages.render import named
from bot.outbox.contents import AnswerContent, FileNotFetched, InputNotRead
from bot.outbox.enqueue import ReplyTo
from bot.reports import history, home_tab, report
from bot.requests import approve, confirm, control, create, global_pause, remind, set_aside
from bot.requests.create import Submission
from bot.requests.dry_run import show_dry_run
from bot.requests.handle_action import RequestAction
from bot.requests.message_copies import note_copy
from bot.requests.set_aside import Sorted, sort_out
from bot.slack.results import Ok, Refused
from bot.slack.shared_file import SharedFile, not_fetched, shared_file
from storage import deliveries, requests
from storage.db.transactions import StorageUnavailable
from storage.enums import AnswerCode, Origin
from storage.id_source import IdSource
from storage.log_events import LogEvent, about, log_context
from storage.requests import NewOrder
from storage.slack_models import Delivery

log = logging.getLogger(__name__)

TRIES = 5

HANDLERS: Mapping[Action, Callable[[Context, Delivery, RequestAction], None]] = {
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
"""The use case of each button about a request."""

_SHOWING = frozenset({Action.SHOW_ALL, Action.SHOW_NEXT, Action.SHOW_PREVIOUS})

_OF_RUNS = {Action.STOP, Action.PAUSE, Action.GO_ON, Action.UNDO, Action.CHECK_AGAIN, Action.RETRY}

IN_LISTS = frozenset({Action.APPROVE, Action.DECLINE, Action.WITHDRAW, Action.REMIND, Action.SHOW_ALL} | _OF_RUNS)
"""Buttons that share a message with others that stay: an answer must not replace them all."""


class Inbox:
    """Handles each delivery once, and retries after a database failure."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> bool:
        """Handle one delivery. Returns False when there is none."""
        with self._context.database.write() as transaction:
            delivery = deliveries.take(transaction, self._context.owner, HANDLED)
        if delivery is None:
            return False
        with log_context(delivery=delivery.id):
            self._try(delivery)
        return True

    def _try(self, delivery: Delivery) -> None:
        try:
            self._handle(delivery)
        except AlreadyHandled:
            pass
        except StorageUnavailable:
            self._retry_after_outage(delivery)
            raise
        except Exception:
            words = "a %s could not be handled (try %d)"
            log.exception(words, delivery.kind, delivery.tries, extra=about(LogEvent.FAULT))
            self._retry_or_apologize(delivery)

    def _handle(self, delivery: Delivery) -> None:
        match readable(self._context.database, delivery):
            case None:
                pass
            case CommandTyped() as typed:
                self._command(delivery, typed)
            case BlockAction() as block_action:
                self._action(delivery, block_action)
                if block_action.on_home_tab:
                    home_tab.publish(self._context, block_action.user)
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
                source = IdSource(duplicates=tuple(each.value for each in orders.duplicates))
                given = sort_out(_orders(orders))
                why = GivenReason.typed(reason, self._context.settings.reasons)
                create.ask(self._context, delivery, _submission(reply_to, typed, origin, given, why, source))
            case Preview(orders, reason):
                show_dry_run(self._context, delivery, reply_to, orders, reason)
            case Pause(why):
                global_pause.pause(self._context, delivery, reply_to, why)
            case Resume():
                global_pause.resume(self._context, delivery, reply_to)
            case _:
                self._show(delivery, reply_to, typed.command)

    def _show(self, delivery: Delivery, reply_to: ReplyTo, command: History | Show | Waiting | Report) -> None:
        match command:
            case History() as filters:
                history.show_history(self._context, delivery, reply_to, filters)
            case Show(public_id):
                history.show_request(self._context, delivery, reply_to, public_id)
            case Waiting():
                history.show_waiting(self._context, delivery, reply_to)
            case Report() as asked:
                report.show_report(self._context, delivery, reply_to, asked)

    def _action(self, delivery: Delivery, block_action: BlockAction) -> None:
        replaces = block_action.ephemeral and block_action.action not in IN_LISTS
        reply_to = ReplyTo.of(delivery, block_action.user, block_action.channel, replaces=replaces)
        if block_action.action in (Action.OLDER, Action.NEWER, Action.SHARE):
            self._page_action(delivery, reply_to, block_action.action, block_action.value)
        elif block_action.action is Action.SHARE_REPORT:
            report.share_report(self._context, delivery, reply_to, read_message_value(block_action.value))
        else:
            self._request_action(delivery, reply_to, block_action)

    def _page_action(self, delivery: Delivery, reply_to: ReplyTo, action: Action, value: str) -> None:
        turned = read_page_value(value)
        if turned is None:
            self._answer(delivery, reply_to, AnswerContent(what=AnswerCode.NOT_UNDERSTOOD))
        elif action is Action.SHARE:
            history.share(self._context, delivery, reply_to, turned)
        else:
            history.turn_page(self._context, delivery, reply_to, turned)

    def _request_action(self, delivery: Delivery, reply_to: ReplyTo, block_action: BlockAction) -> None:
        about = read_request_value(block_action.value)
        use_case = HANDLERS.get(block_action.action)
        if about is None or (use_case is None and block_action.action not in _SHOWING):
            self._answer(delivery, reply_to, AnswerContent(what=AnswerCode.NOT_UNDERSTOOD))
            return
        note_copy(self._context, about.public_id, block_action.channel, block_action.message_ts)
        if use_case is None:
            history.show_request(self._context, delivery, reply_to, about.public_id, about.number)
            return
        action = RequestAction(reply_to, about.public_id, about.number, block_action.typed_number, block_action.words)
        use_case(self._context, delivery, action)

    def _form(self, delivery: Delivery, form: RequestFormSubmitted) -> None:
        reply_to = ReplyTo.of(delivery, form.user, form.channel)
        typed = parse_order_ids(form.ids) if form.ids.strip() else OrderList(())
        if not isinstance(typed, OrderList):
            self._problem(delivery, reply_to, explain(typed, self._context.settings.command_name))
            return
        orders = _orders(typed)
        source = IdSource(duplicates=tuple(each.value for each in typed.duplicates))
        if form.file is not None and not self._is_made(delivery):
            file = self._read_file(delivery, reply_to, form.file)
            if file is None:
                return
            name, read = file
            orders, again = _joined(orders, read)
            twice = (*source.duplicates, *again)
            source = IdSource(duplicates=twice, file_name=name, column=read.column, blank_rows=read.blank_rows)
        given = sort_out(orders)
        create.ask(self._context, delivery, _submission(reply_to, form, form.origin, given, self._why(form), source))

    def _why(self, form: RequestFormSubmitted) -> GivenReason:
        if form.reason_listed is not None:
            return GivenReason(form.reason, form.reason_listed)
        return GivenReason.typed(form.reason, self._context.settings.reasons)

    def _is_made(self, delivery: Delivery) -> bool:
        """Whether an earlier try made its request: then an expired file changes nothing."""
        with self._context.database.read() as session:
            return requests.of_delivery(session, delivery.id) is not None

    def _read_file(self, delivery: Delivery, reply_to: ReplyTo, given: FileGiven) -> tuple[str, FileOrders] | None:
        """The file's name and its orders; None after telling the person why not."""
        file = self._located(given)
        fetched = file if isinstance(file, NotFetched) else self._fetch(file)
        if isinstance(fetched, NotFetched):
            self._answer(delivery, reply_to, FileNotFetched(trouble=fetched.trouble, detail=fetched.detail))
            return None
        read = read_order_file(fetched) if isinstance(fetched, bytes) else fetched
        if not isinstance(read, FileOrders):
            self._problem(delivery, reply_to, explain_file(read))
            return None
        assert isinstance(file, SharedFile)
        return file.name, read

    def _located(self, given: FileGiven) -> SharedFile | NotFetched:
        """The file as the form described it. Asks Slack where the form had no URL."""
        if given.url:
            return SharedFile(given.id, given.name, given.size, given.url)
        info = self._context.slack.file_info(given.id)
        if not isinstance(info, Ok):
            return not_fetched(info)
        file = shared_file(info.value)
        return file.trouble or (file if file.url else NotFetched(Trouble.NOT_VISIBLE))

    def _fetch(self, file: SharedFile) -> bytes | FileTooLarge | NotFetched:
        if file.size > LARGEST_FILE:
            return FileTooLarge(file.size, LARGEST_FILE)
        fetched = self._context.slack.download_file(file.url or "", LARGEST_FILE)
        if isinstance(fetched, Ok):
            return fetched.value
        too_large = isinstance(fetched, Refused) and fetched.code == "too_large"
        return FileTooLarge(LARGEST_FILE + 1, LARGEST_FILE) if too_large else not_fetched(fetched)

    def _problem(self, delivery: Delivery, reply_to: ReplyTo, words: str) -> None:
        self._answer(delivery, reply_to, InputNotRead(words=words))

    def _answer(self, delivery: Delivery, reply_to: ReplyTo, answer: AnswerContent) -> None:
        say(self._context.database, delivery, reply_to, answer)

    def _retry_after_outage(self, delivery: Delivery) -> None:
        """Tell the sender once, without the database, that nothing could be recorded yet."""
        if delivery.tries == 1 and delivery.response_url is not None:
            settings = self._context.settings
            answer = named(not_yet_recorded(settings.contact), names_of(settings))
            self._context.slack.respond(delivery.response_url, answer)
        # If the database is still locked, the claim expires and the delivery is handled again.
        with suppress(StorageUnavailable), self._context.database.write() as transaction:
            deliveries.postpone(transaction, delivery, 0.5)

    def _retry_or_apologize(self, delivery: Delivery) -> None:
        """Retry soon. After several tries tell the sender that it is our fault."""
        if delivery.tries >= TRIES:
            with suppress(AlreadyHandled):
                give_up(self._context.database, delivery)
            return
        with self._context.database.write() as transaction:
            deliveries.postpone(transaction, delivery, 0.5 * 2**delivery.tries)


def _submission(
    reply_to: ReplyTo, sender: Sender, origin: Origin, given: Sorted, reason: GivenReason, source: IdSource
) -> Submission:
    channel = sender.channel or ""
    return Submission(reply_to, sender.team, channel, origin, given.orders, reason, source, set_aside=given.set_aside)


def _orders(orders: OrderList) -> list[NewOrder]:
    return [NewOrder(each.value, None, each.unlike_fincart) for each in orders.orders]


def _joined(typed: list[NewOrder], read: FileOrders) -> tuple[list[NewOrder], list[str]]:
    """Typed orders and those of the file, each once, and the ids given more than once."""
    joined = {order.order_id: order for order in typed}
    again = [each.value for each in read.duplicates]
    for each in read.orders:
        order: OrderId = each.order
        if order.value in joined:
            again.append(order.value)
        joined[order.value] = NewOrder(order.value, each.label, order.unlike_fincart)
    return list(joined.values()), list(dict.fromkeys(again))
