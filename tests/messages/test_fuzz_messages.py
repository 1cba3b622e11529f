"""Whatever people type and Fincart says, nothing of it reaches Slack as a control sequence: from end to end."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from world import ANN, BO, CY, FIRST, SECOND, THIRD, StartWorld, World

PIECES = (
    *(
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<@U0EVIL01>",
        "<#C0EVIL01|x>",
        "<!subteam^S0EVIL01>",
        "<!date^1^{date}|x>",
    ),
    *(
        "<https://evil.example|bank>",
        "https://evil.example",
        "<mailto:e@evil.example|e>",
        "&lt;!channel&gt;",
        "&amp;lt;",
    ),
    *(
        "@here",
        "@channel",
        "*bold*",
        "_it_",
        "~s~",
        "`code`",
        "```",
        ":tada:",
        ">",
        "<",
        "|",
        "&",
        "\u202e",
        "\u200b",
        "\r\n",
    ),
)

OURS = re.compile(
    r"<@[UW][A-Z0-9]+>|<#[CG][A-Z0-9]+>|<!date\^[0-9]+\^\{date_short_pretty\} \{time(?:_secs)?\}\|[0-9: -]+ UTC>"
    r"|<https?://127\.0\.0\.1[^<>|\s]*\|[^<>|]+>|<https://[a-z0-9-]+\.slack\.com/[^<>|\s]*\|[^<>|]+>"
)
"""Every control sequence the bot itself writes; those that name anybody are looked at besides."""


def nasty(chance: random.Random) -> str:
    """Words with control sequences in them."""
    return "words " + " ".join(chance.sample(PIECES, 8))


def a_day(world: World, chance: random.Random) -> None:
    """One person's day of typing such things wherever something can be typed."""
    for order_id in (FIRST, SECOND, THIRD):
        world.fincart.add(order_id)
    world.fincart.move(THIRD, nasty(chance)[:60], nasty(chance), by=nasty(chance)[:40])
    world.cancelled(ANN, f"{FIRST} {THIRD} because {nasty(chance)}")
    for typed in (
        f"history text:{nasty(chance)}",
        "history",
        "report by:reason",
        f"report by:{nasty(chance)}",
        f"show {nasty(chance)}",
        nasty(chance),
        f"{SECOND} {nasty(chance)}",
        f"pause because {nasty(chance)}",
        "resume",
    ):
        world.type(BO, typed)
    world.answer(CY, f"{SECOND} because {nasty(chance)}")
    _fill_the_form(world, chance)


def _fill_the_form(world: World, chance: random.Random) -> None:
    world.type(ANN, "")
    form = world.slack.wait_for(lambda: world.slack.open_view(ANN))
    assert form is not None
    csv = f'order_id,label\n{SECOND},"{nasty(chance)}"\n'.replace("\r\n", " ")
    name = re.sub(r"[\r\n]", " ", nasty(chance))
    file = world.slack.add_file(ANN, f"{name}.csv", csv.encode())
    world.told(
        ANN,
        lambda: world.slack.submit(form, {"file_chosen": [file], "reason_typed": nasty(chance).replace("\r\n", " ")}),
    )


def received(world: World) -> Iterator[tuple[str, Any]]:
    """Everything that Slack was sent to show: the method and what came with it."""
    for call in world.slack.calls():
        if call.method.startswith(("chat.", "views.")) or call.method == "response_url":
            yield call.method, call.params


def texts(params: Any) -> Iterator[str]:
    """The texts in which Slack reads control sequences: `text` at the top, and mrkdwn anywhere."""
    if isinstance(params.get("text"), str):
        yield params["text"]
    for name in ("blocks", "view"):
        yield from formatted(params.get(name))


def formatted(value: Any) -> Iterator[str]:
    """What Slack formats: the bot's own mentions and times, in small print."""
    if isinstance(value, str) and value[:1] in "[{":
        value = json.loads(value)
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        value = list(value.values())
    for part in value if isinstance(value, list | tuple) else ():
        if isinstance(part, dict | list | tuple):
            yield from formatted(part)


def kinds(value: Any) -> Iterator[str]:
    """The types of everything in the blocks."""
    if isinstance(value, str) and value[:1] in "[{":
        value = json.loads(value)
    if isinstance(value, dict):
        yield str(value.get("type", ""))
        value = list(value.values())
    for part in value if isinstance(value, list | tuple) else ():
        if isinstance(part, dict | list | tuple):
            yield from kinds(part)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_typed_or_said_by_fincart_is_read_as_a_control_sequence(
    start_sqlite_world: StartWorld, seed: int
) -> None:
    world = start_sqlite_world()
    a_day(world, random.Random(seed))
    sent = list(received(world))
    said = [text for _, params in sent for text in texts(params)]
    said += [post.text for person in (ANN, BO, CY) for post in world.private(person)]

    assert any("words" in text for text in said)
    assert [] == [text for text in said if set("<>") & set(OURS.sub("", text))]
    assert [] == [text for text in said if "EVIL01" in "".join(OURS.findall(text))]
    assert [] == [
        text
        for _, params in sent
        for name in ("blocks", "view")
        for text in formatted(params.get(name))
        if "words" in text or "`" in text
    ]
    assert set() == {"markdown", "section", "broadcast", "emoji"} & {
        kind for _, params in sent for name in ("blocks", "view") for kind in kinds(params.get(name))
    }
