"""Small validators for JSON objects, used for Slack's blocks and their elements."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Problems:
    """What is wrong, in Slack's own style of messages with JSON pointers."""

    messages: list[str] = field(default_factory=list)

    def add(self, words: str, at: str) -> None:
        """Note one problem."""
        self.messages.append(f"[ERROR] {words} [json-pointer:{at}]")


Check = Callable[[object, str, Problems], None]


def text(low: int = 1, high: int | None = None, pattern: str = "") -> Check:
    """A string of `low` to `high` characters that matches the whole pattern."""

    def check(value: object, at: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.add("must be a string", at)
        elif len(value) < low:
            problems.add(f"must be more than {low - 1} characters", at)
        elif high is not None and len(value) > high:
            problems.add(f"must be less than {high + 1} characters", at)
        elif pattern and not re.fullmatch(pattern, value):
            problems.add("has a wrong format", at)

    return check


def number(low: int, high: int) -> Check:
    """A whole number in the range."""

    def check(value: object, at: str, problems: Problems) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            problems.add(f"must be a number from {low} to {high}", at)

    return check


def truth(value: object, at: str, problems: Problems) -> None:
    """A boolean."""
    if not isinstance(value, bool):
        problems.add("must be a boolean", at)


def one_of(*choices: str) -> Check:
    """One of these strings."""

    def check(value: object, at: str, problems: Problems) -> None:
        if value not in choices:
            problems.add(f"must be one of {', '.join(choices)}", at)

    return check


def items(item: Check, low: int = 1, high: int | None = None) -> Check:
    """A list of `low` to `high` items, each of which passes `item`."""

    def check(value: object, at: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.add("must be an array", at)
            return
        if len(value) < low:
            problems.add(f"must have at least {low} items", at)
        if high is not None and len(value) > high:
            problems.add(f"no more than {high} items allowed", at)
        for index, part in enumerate(value):
            item(part, f"{at}/{index}", problems)

    return check


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with exactly these keys; `type` is checked by `by_type`."""
    known = {**required, **(optional or {})}

    def check(value: object, at: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add("must be an object", at)
            return
        for key in required:
            if key not in value:
                problems.add(f"missing required field: {key}", at)
        for key, part in value.items():
            if key in known:
                known[key](part, f"{at}/{key}", problems)
            elif key != "type":
                problems.add(f"invalid additional property: {key}", at)

    return check


def by_type(checks: Mapping[str, Check]) -> Check:
    """An object whose `type` is one of these, and which passes that type's check."""

    def check(value: object, at: str, problems: Problems) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in checks:
            problems.add(f"unsupported type: {kind}", f"{at}/type")
            return
        checks[kind](value, at, problems)

    return check


def both(*checks: Check) -> Check:
    """All of these checks."""

    def check(value: object, at: str, problems: Problems) -> None:
        for each in checks:
            each(value, at, problems)

    return check


def refuse(words: str, when: Callable[[dict[str, object]], bool]) -> Check:
    """A rule over several keys of an object: a problem `when` it holds."""

    def check(value: object, at: str, problems: Problems) -> None:
        if isinstance(value, dict) and when(value):
            problems.add(words, at)

    return check
