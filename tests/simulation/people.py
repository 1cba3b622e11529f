"""What people do in Slack: type, fill in forms, press what they see, and have deliveries repeated."""

import re
from collections import Counter
from collections.abc import Callable

from bot.messages.confirm_form import NUMBER_BLOCK
from bot.messages.request_form import FILE_BLOCK, IDS_BLOCK, REASON_BLOCK
from bot.sandbox.slack.core import direct_id
from bot.sandbox.slack.deliveries import SlackDelivery
from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.state import Post, View
from bot.sandbox.slack.workspace import SlackWorkspace

from .plan import CHANNELS, ODD, PERSONS, By, PlannedAsk, Press
from .process import Died
from .scheduler import Scheduler

COMMAND = "/cancel-orders"


def order_id(number: int) -> str:
    """The id of an order of the simulation."""
    return f"6864fecda075914a{number:08x}"


def on_a_grid(slack: SlackWorkspace) -> None:
    """Give everybody a second id; Slack answers about either with the organisation's."""
    slack.state.enterprise_id = "E0000001"
    for number, person in enumerate(PERSONS):
        organisations = _other(person)
        first = slack.state.people[person]
        first.enterprise_user = organisations
        first.answered_as = organisations if number == 1 else ""
        slack.add_person(organisations, f"{first.name}.org", enterprise_user=organisations)
        for channel in slack.state.channels.values():
            channel.members.append(organisations)


def _other(user: str) -> str:
    return "W" + user[1:]


class SimulatedPeople:
    """All of them; each act is delivered to the process that the plan says."""

    def __init__(self, slack: SlackWorkspace, scheduler: Scheduler, met: Counter[str], *, grid: bool = False) -> None:
        self._grid = grid
        self._acts = 0
        self._slack = slack
        self._scheduler = scheduler
        self._met = met
        self._delivering_to = 0
        self._delivered: list[SlackDelivery] = []
        slack.deliver = self._deliver

    def ask(self, step: PlannedAsk) -> None:
        """Ask for orders to be cancelled: by the command, or in the form that it opens."""
        ids = [*(order_id(number) for number in step.orders), *([ODD] if step.odd else [])]
        self._met["pasted an odd word"] += step.odd
        why = f"job-{len(self._delivered)}" if step.says_why else ""
        if step.by is By.COMMAND:
            because = f" because {why}" if why else ""
            self.type(step.person, step.channel, " ".join(ids) + because, step.process)
            return
        self.type(step.person, step.channel, "", step.process)
        form = self._slack.open_view(PERSONS[step.person]) or self._slack.open_view(_other(PERSONS[step.person]))
        if form is None:
            return
        if step.by is By.FILE:
            content = "\n".join(["order_id,customer", *(f"{each},Customer {each[-2:]}" for each in ids)])
            filled: dict[str, object] = {
                FILE_BLOCK: [self._slack.add_file(form.user, "orders.csv", content.encode())],
            }
        else:
            filled = {IDS_BLOCK: "\n".join(ids)}
        self._fill_in(form, filled | ({REASON_BLOCK: why} if why else {}), step.process)

    def type(self, person: int, channel: int, text: str, process: int) -> None:
        """Type the command with this after it."""
        typed = f"{COMMAND} {text}".strip()
        self._to(process, lambda: self._slack.type_command(self._id_of(person), CHANNELS[channel], typed))

    def press(self, step: Press) -> None:
        """Press a button that is on the person's screen, and fill in what opens then."""
        person = self._id_of(step.person)
        buttons = [(post, button) for post in self._on_screen(person) for button in post.buttons()]
        buttons = [each for each in buttons if step.action in ("", each[1].action_id)]
        if not buttons:
            return
        post, button = buttons[step.button % len(buttons)]
        self._met[f"pressed {button.action_id}"] += 1
        self._to(step.process, lambda: self._slack.click(person, post, button.action_id, value=button.value))
        form = self._slack.open_view(person)
        if form is not None and "submit" in form.content:
            self._met[f"was asked to confirm {button.action_id}"] += 1
            number = _number_in(form.rendered())
            typed = {block["block_id"]: "somehow" for block in form.blocks if block["type"] == "input"}
            if NUMBER_BLOCK in typed:
                typed[NUMBER_BLOCK] = str(number + 1 if step.mistypes else number)
                self._met["typed the wrong number"] += step.mistypes
            self._fill_in(form, typed, step.process)

    def again(self, which: int, process: int) -> None:
        """Have something that was delivered before delivered once more."""
        if self._delivered:
            delivery = self._delivered[which % len(self._delivered)]
            self._to(process, lambda: self._slack.redeliver(delivery))

    def _id_of(self, person: int) -> str:
        """The id under which this person acts now: every third act is under the other one, where there is one."""
        self._acts += 1
        acts_as_other = self._grid and self._acts % 3 == 0
        self._met["acted under the other id"] += acts_as_other
        return _other(PERSONS[person]) if acts_as_other else PERSONS[person]

    def _on_screen(self, person: str) -> list[Post]:
        """The newest first, and what only this person sees before what all do."""
        posts: list[Post] = [*reversed(self._slack.ephemerals(person))]
        own = [direct_id(each) for each in {person, "U" + person[1:]}]
        for channel in (*CHANNELS, *sorted(own)):
            posts += reversed(self._slack.messages(channel))
        return posts

    def _fill_in(self, form: View, filled: dict[str, object] | dict[str, str], process: int) -> None:
        """Submit the form; one that is still open then, with what was wrong beside its fields, is closed."""
        self._to(process, lambda: self._slack.submit(form, dict(filled)))
        left = self._slack.open_view(form.user)
        if left is not None:
            self._met["a form was closed unread"] += 1
            self._to(process, lambda: self._slack.close(left, all_of_them=True))

    def _to(self, process: int, act: Callable[[], SlackDelivery | None]) -> None:
        self._delivering_to = process
        try:
            delivery = act()
        except NotOnScreen:
            return
        except Died:
            self._met["died while acknowledging"] += 1
            return
        finally:
            self._scheduler.bury()
        if delivery is not None:
            self._delivered.append(delivery)

    def _deliver(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        process = self._scheduler.process(self._delivering_to)
        lower = {name.lower(): value for name, value in headers.items()}
        status, _, answer = process.deliveries.handle(body, lower)
        return status, answer.decode()


def _number_in(shown: str) -> int:
    """The number of orders that a form asks to type."""
    found = re.search(r"([0-9]+) order", shown)
    return int(found[1]) if found else 1
