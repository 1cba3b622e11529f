"""Prints what people type, press and read, and raises if the bot does not behave as the story expects."""

import re
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TextIO

from bot.sandbox.demo.world import DemoWorld
from bot.sandbox.slack.state import Post

PATIENCE = 8.0
"""Seconds after which something that should have happened has not."""

WIDTH = 110


class NotAsTold(Exception):
    """The story went differently; the text says what was expected and what was found."""


class StoryClock:
    """The time of day, which the story moves on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Teller:
    """One story in one world. Everything it does goes through Slack, as a person would do it."""

    def __init__(self, world: DemoWorld, clock: StoryClock, out: TextIO, patience: float = PATIENCE) -> None:
        self.world = world
        self._clock = clock
        self._out = out
        self._patience = patience

    def chapter(self, title: str) -> None:
        """Begin a new part of the story."""
        self._write(f"\n── {title} " + "─" * max(3, WIDTH - 4 - len(title)) + "\n")

    def narrate(self, text: str) -> None:
        """Print a remark that no Slack screen shows."""
        lines = textwrap.wrap(self.readable(text), WIDTH, subsequent_indent=" " * 16)
        self._write("\n".join(lines) + "\n")

    def later(self, minutes: int) -> None:
        """Let so much time pass at once."""
        self._clock.ahead += timedelta(minutes=minutes)
        self.narrate(f"{minutes} minutes pass.")

    def types(self, user: str, channel: str, command: str) -> list[Post]:
        """A person types a command; returns what only they had seen before, for `private_answer`."""
        seen = self.world.slack.ephemerals(user)
        typed = f"{self._person(user)} types in {self._channel(channel)}:  {command}"
        self._write("\n" + "\n".join(textwrap.wrap(typed, WIDTH, subsequent_indent=" " * 6)) + "\n")
        delivery = self.world.slack.type_command(user, channel, command)
        if not delivery.ok:
            raise NotAsTold(f"Slack says: {delivery.notice}")
        return seen

    def presses(self, user: str, post: Post, button: str) -> None:
        """A person presses a button that they see."""
        self._write(f"\n{self._person(user)} presses  [{button}]\n")
        delivery = self.world.slack.click(user, post, button)
        if not delivery.ok:
            raise NotAsTold(f"Slack says: {delivery.notice}")

    def submits(self, user: str, typed: dict[str, str]) -> None:
        """A person fills in and sends the form that has opened for them."""
        try:
            form = self.world.slack.wait_for(lambda: self.world.slack.open_view(user), self._patience)
        except TimeoutError:
            raise NotAsTold("no form has opened") from None
        assert form is not None
        self._write(f"\n  {self._person(user)} sees a form:\n")
        self._lines(form.rendered())
        self._write(f"\n{self._person(user)} fills in {', '.join(typed.values())} and sends it\n")
        delivery = self.world.slack.submit(form, typed)
        if not delivery.ok:
            raise NotAsTold(f"Slack says: {delivery.notice}")

    def private_answer(self, user: str, seen: list[Post], *words: str) -> Post:
        """Wait for a private answer that was not among `seen` and holds these words, and show it."""
        before = {post.ts for post in seen}

        def fresh() -> list[Post]:
            return [post for post in self.world.slack.ephemerals(user) if post.ts not in before and _has(post, words)]

        post = self._wait(fresh, f"a private answer with {' and '.join(words)}")[-1]
        self._show(f"only {self._person(user)} sees", post)
        return post

    def channel_message(self, channel: str, *words: str) -> Post:
        """Wait for the newest message of a channel with these words, and show it."""

        def there() -> list[Post]:
            return [post for post in self.world.slack.messages(channel) if _has(post, words)]

        post = self._wait(there, f"a message with {' and '.join(words)}")[-1]
        self._show(f"everybody in {self._channel(channel)} sees", post)
        return post

    def expect(self, holds: bool, what: str) -> None:
        """Check something that no Slack screen shows. Raises `NotAsTold`."""
        if not holds:
            raise NotAsTold(f"it is not so that {what}")

    def readable(self, text: str) -> str:
        """The text with names in the place of Slack's ids."""

        def name(found: re.Match[str]) -> str:
            word = found.group()[1:]
            people, channels = self.world.slack.state.people, self.world.slack.state.channels
            if found.group()[0] == "@":
                return f"@{people[word].name}" if word in people else found.group()
            return f"#{channels[word].name}" if word in channels else found.group()

        return re.sub(r"@[UW][A-Z0-9]{3,}|#[CG][A-Z0-9]{3,}", name, text)

    def _wait(self, there: Callable[[], list[Post]], what: str) -> list[Post]:
        try:
            return self.world.slack.wait_for(there, self._patience)
        except TimeoutError:
            raise NotAsTold(f"there is no sign of {what}") from None

    def _show(self, who: str, post: Post) -> None:
        self._write(f"\n  {who}:\n")
        self._lines(post.rendered())

    def _lines(self, text: str) -> None:
        for line in self.readable(text).split("\n"):
            for part in textwrap.wrap(line, WIDTH - 4, subsequent_indent="  ") or [""]:
                self._write(f"  │ {part}\n")

    def _person(self, user: str) -> str:
        return self.world.slack.state.people[user].name

    def _channel(self, channel: str) -> str:
        return f"#{self.world.slack.state.channels[channel].name}"

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _has(post: Post, words: tuple[str, ...]) -> bool:
    shown = post.rendered()
    return all(each in shown for each in words)
