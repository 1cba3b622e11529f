"""The stand-in Slack is as strict as Slack, and Slack's own clients can talk to it."""

import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.slack.faults import ConnectionDropped, NoAnswer, SlackFault, SlackFaultKind
from bot.sandbox.slack.forms import NotOnScreen
from bot.sandbox.slack.people import ClaimedTeams
from bot.sandbox.slack.state import ChannelKind
from bot.sandbox.slack.workspace import SlackWorkspace

Json = dict[str, Any]
TOKEN = "xoxb-sandbox"
COMMAND = "/cancel-orders"


class WorkspaceClock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class RecordingBot:
    """Answers deliveries as told, and keeps them."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str] | Exception] = []
        self.received: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        self.received.append((kind, body, headers))
        answer = self.answers.pop(0) if self.answers else (200, "")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def will_answer(self, answer: Json | str, status: int = 200) -> None:
        self.answers.append((status, answer if isinstance(answer, str) else json.dumps(answer)))


@pytest.fixture
def clock() -> WorkspaceClock:
    return WorkspaceClock()


@pytest.fixture
def bot() -> RecordingBot:
    return RecordingBot()


@pytest.fixture
def slack(clock: WorkspaceClock, bot: RecordingBot) -> SlackWorkspace:
    return populated(clock, bot)


def populated(clock: WorkspaceClock, bot: RecordingBot | None = None) -> SlackWorkspace:
    workspace = SlackWorkspace(clock, bot)
    workspace.add_person("U1", "ann", real_name="Ann Lee")
    workspace.add_person("U2", "bo")
    workspace.add_person("U3", "guest", is_restricted=True)
    workspace.add_person("U4", "partner", team_id="T9")
    workspace.add_usergroup("S1", "ops", "U1", "U2")
    workspace.add_channel("C1", "orders", "U1", "U2")
    workspace.add_channel("C2", "random", "U1", with_bot=False)
    workspace.add_channel("C3", "secret", "U1", kind=ChannelKind.PRIVATE, with_bot=False)
    workspace.add_channel("D12", "", "U1", "U2", kind=ChannelKind.BETWEEN_PEOPLE, with_bot=False)
    return workspace


def call(workspace: SlackWorkspace, method: str, /, **params: object) -> Json:
    return workspace.call(method, params, TOKEN)[2]


def error(workspace: SlackWorkspace, method: str, /, **params: object) -> str:
    return str(call(workspace, method, **params).get("error"))


def button(action_id: str = "go", text: str = "Go", value: str = "R-1", **more: object) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": value, **more}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(text: str) -> Json:
    return {"type": "section", "text": plain(text)}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def box(block_id: str = "ids", **more: object) -> Json:
    element = {"type": "plain_text_input", "action_id": "typed", **more}
    return {"type": "input", "block_id": block_id, "label": plain("Ids"), "element": element}


def modal(*blocks: Json, **more: object) -> Json:
    return {"type": "modal", "title": plain("Cancel"), "submit": plain("Next"), "blocks": list(blocks), **more}


def post(workspace: SlackWorkspace, *blocks: Json, text: str = "hello", channel: str = "C1") -> str:
    answer = call(workspace, "chat.postMessage", channel=channel, text=text, blocks=list(blocks))
    assert answer["ok"], answer
    return str(answer["ts"])


def command_url(workspace: SlackWorkspace) -> str:
    return str(workspace.type_command("U1", "C1", COMMAND).payload["response_url"])


# --- messages


def test_a_message_is_shown_to_the_channel(slack: SlackWorkspace) -> None:
    post(slack, section("Cancel 2 orders?"), actions(button(text="Cancel 2 orders", style="danger")))
    shown = slack.messages("C1")[0]

    assert shown.rendered() == "Cancel 2 orders?\n[Cancel 2 orders]"
    assert [(each.text, each.action_id, each.value, each.style) for each in shown.buttons()] == [
        ("Cancel 2 orders", "go", "R-1", "danger")
    ]


def test_posting_to_a_person_opens_the_direct_message(slack: SlackWorkspace) -> None:
    answer = call(slack, "chat.postMessage", channel="U1", text="hi")

    assert answer["channel"] == slack.dms("U1")[0].channel


@pytest.mark.parametrize(
    ("channel", "change", "code"),
    [
        ("C9", {}, "channel_not_found"),
        ("C3", {}, "channel_not_found"),
        ("D12", {}, "channel_not_found"),
        ("C1", {"is_archived": True}, "is_archived"),
        ("C1", {"restricted": True}, "restricted_action"),
    ],
)
def test_posting_is_refused(slack: SlackWorkspace, channel: str, change: Json, code: str) -> None:
    for name, value in change.items():
        setattr(slack.state.channels[channel], name, value)

    assert code == error(slack, "chat.postMessage", channel=channel, text="x")


def test_an_unjoined_public_channel_needs_its_own_scope(slack: SlackWorkspace) -> None:
    slack.state.scopes.remove("chat:write.public")

    assert error(slack, "chat.postMessage", channel="C2", text="x") == "not_in_channel"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "no_text"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"text": "x", "blocks": [section("x" * 2700)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": "not json"}, "invalid_blocks_format"),
        ({"text": "x", "thread_ts": "1.2"}, "thread_not_found"),
    ],
)
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.postEphemeral"])
def test_content_is_refused(slack: SlackWorkspace, method: str, params: Json, code: str) -> None:
    reader = {"user": "U1"} if method == "chat.postEphemeral" else {}

    assert code == error(slack, method, channel="C1", **reader, **params)


def test_an_update_replaces_the_buttons(slack: SlackWorkspace) -> None:
    ts = post(slack, actions(button()))
    call(slack, "chat.update", channel="C1", ts=ts, text="done")

    assert (slack.messages("C1")[0].buttons(), slack.messages("C1")[0].rendered()) == ([], "done")


def test_an_update_of_anothers_message_is_refused(slack: SlackWorkspace) -> None:
    said = slack.say("U1", "C1", "mine")

    assert error(slack, "chat.update", channel="C1", ts=said.ts, text="x") == "cant_update_message"


def test_an_update_of_a_message_from_a_response_url_is_refused(slack: SlackWorkspace) -> None:
    slack.post_response_url(command_url(slack), {"text": "x", "response_type": "in_channel"})
    ts = slack.messages("C1")[0].ts

    assert error(slack, "chat.update", channel="C1", ts=ts, text="x") == "cant_update_message"


def test_an_ephemeral_cannot_be_updated(slack: SlackWorkspace) -> None:
    answer = call(slack, "chat.postEphemeral", channel="C1", user="U1", text="x")

    assert error(slack, "chat.update", channel="C1", ts=answer["message_ts"], text="y") == "message_not_found"


def test_an_ephemeral_needs_its_reader_in_the_channel(slack: SlackWorkspace) -> None:
    assert error(slack, "chat.postEphemeral", channel="C1", user="U3", text="x") == "user_not_in_channel"


def test_an_ephemeral_to_somebody_away_is_lost_without_a_word(slack: SlackWorkspace) -> None:
    slack.state.people["U1"].is_active = False
    answer = call(slack, "chat.postEphemeral", channel="C1", user="U1", text="x")

    assert (answer["ok"], slack.ephemerals("U1")) == (True, [])


def test_timestamps_grow_while_the_clock_stands_still(slack: SlackWorkspace) -> None:
    stamps = [post(slack) for _ in range(5)]

    assert sorted(set(stamps)) == stamps


def test_a_permalink_names_channel_and_message(slack: SlackWorkspace) -> None:
    ts = post(slack)
    link = call(slack, "chat.getPermalink", channel="C1", message_ts=ts)["permalink"]

    assert link.endswith(f"/archives/C1/p{ts.replace('.', '')}")


# --- tokens, scopes, look-ups


@pytest.mark.parametrize(
    ("token", "code"),
    [(None, "not_authed"), ("xoxb-other", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")],
)
def test_a_wrong_token_is_refused(slack: SlackWorkspace, token: str | None, code: str) -> None:
    assert code == slack.call("auth.test", {}, token)[2]["error"]


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("users.info", "users:read"),
        ("usergroups.users.list", "usergroups:read"),
        ("chat.postMessage", "chat:write"),
        ("conversations.open", "im:write"),
        ("conversations.info", "channels:read"),
        ("files.getUploadURLExternal", "files:write"),
        ("files.info", "files:read"),
    ],
)
def test_a_missing_scope_is_named(slack: SlackWorkspace, method: str, scope: str) -> None:
    slack.state.scopes.remove(scope)
    answer = call(slack, method, channel="C1")

    assert ("missing_scope", scope) == (answer["error"], answer["needed"])


def test_granted_scopes_are_in_a_header(slack: SlackWorkspace) -> None:
    assert "chat:write" in slack.call("auth.test", {}, TOKEN)[1]["x-oauth-scopes"].split(",")


def test_an_unknown_method_is_refused(slack: SlackWorkspace) -> None:
    assert error(slack, "chat.shout") == "unknown_method"


def test_users_info_tells_guests_and_outsiders(slack: SlackWorkspace) -> None:
    guest, partner = (call(slack, "users.info", user=user)["user"] for user in ("U3", "U4"))

    assert (guest["is_restricted"], guest["team_id"]) == (True, "T0SANDBOX")
    assert (partner["is_restricted"], partner["team_id"]) == (False, "T9")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("users.info", {"user": "U9"}, "user_not_found"),
        ("usergroups.users.list", {"usergroup": "S9"}, "no_such_subteam"),
        ("conversations.info", {"channel": "C3"}, "channel_not_found"),
        ("conversations.open", {"users": "U9"}, "user_not_found"),
        ("conversations.open", {}, "users_list_not_supplied"),
    ],
)
def test_what_does_not_exist_is_not_found(slack: SlackWorkspace, method: str, params: Json, code: str) -> None:
    assert code == error(slack, method, **params)


def test_a_disabled_group_is_not_found(slack: SlackWorkspace) -> None:
    slack.add_usergroup("S2", "old", "U1", disabled=True)

    assert error(slack, "usergroups.users.list", usergroup="S2") == "no_such_subteam"


def test_members_come_in_pages(slack: SlackWorkspace) -> None:
    first = call(slack, "conversations.members", channel="C1", limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    rest = call(slack, "conversations.members", channel="C1", limit=2, cursor=cursor)

    assert first["members"] + rest["members"] == ["U0BOT", "U1", "U2"]


# --- response_url


def test_a_response_url_works_five_times(slack: SlackWorkspace) -> None:
    url = command_url(slack)
    answers = [slack.post_response_url(url, {"text": "x"}) for _ in range(6)]

    assert [status for status, _, _ in answers] == [200] * 5 + [404]
    assert answers[5][2]["error"] == "used_url"


def test_a_response_url_works_for_thirty_minutes(slack: SlackWorkspace, clock: WorkspaceClock) -> None:
    url = command_url(slack)
    clock.forward(30 * 60 + 1)

    assert (
        slack.post_response_url(url, {"text": "x"})[0],
        slack.post_response_url(url, {"text": "x"})[2]["error"],
    ) == (404, "expired_url")


def test_a_commands_response_url_cannot_replace_its_earlier_answer(slack: SlackWorkspace) -> None:
    url = command_url(slack)
    for text in ("one", "two"):
        slack.post_response_url(url, {"text": text, "replace_original": True})

    assert [each.text for each in slack.ephemerals("U1", "C1")] == ["one", "two"]


def test_a_clicks_response_url_replaces_the_ephemeral(slack: SlackWorkspace) -> None:
    slack.post_response_url(command_url(slack), {"text": "x", "blocks": [actions(button())]})
    click = slack.click("U1", slack.ephemerals("U1")[0], "go")
    slack.post_response_url(click.payload["response_url"], {"text": "gone", "replace_original": True})

    assert [(each.text, each.buttons()) for each in slack.ephemerals("U1")] == [("gone", [])]


def test_a_clicks_response_url_deletes_the_ephemeral(slack: SlackWorkspace) -> None:
    slack.post_response_url(command_url(slack), {"text": "x", "blocks": [actions(button())]})
    click = slack.click("U1", slack.ephemerals("U1")[0], "go")
    slack.post_response_url(click.payload["response_url"], {"delete_original": True})

    assert slack.ephemerals("U1") == []


def test_a_response_url_may_post_where_the_bot_may_not(slack: SlackWorkspace) -> None:
    url = str(slack.type_command("U1", "C3", COMMAND).payload["response_url"])
    slack.post_response_url(url, {"text": "x", "response_type": "in_channel"})

    assert [each.text for each in slack.messages("C3")] == ["x"]


def test_a_response_url_refuses_wrong_blocks(slack: SlackWorkspace) -> None:
    status, _, answer = slack.post_response_url(command_url(slack), {"text": "x", "blocks": [section("")]})

    assert (status, answer["error"]) == (400, "invalid_blocks")


# --- faults


def test_a_rate_limit_names_its_wait_and_does_nothing(slack: SlackWorkspace) -> None:
    slack.fail("chat.postMessage", SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=7))
    status, headers, _ = slack.call("chat.postMessage", {"channel": "C1", "text": "x"}, TOKEN)

    assert (status, headers["Retry-After"], slack.messages("C1")) == (429, "7", [])


@pytest.mark.parametrize(
    ("kind", "raised"), [(SlackFaultKind.DROP, ConnectionDropped), (SlackFaultKind.HANG, NoAnswer)]
)
@pytest.mark.parametrize("applied", [False, True])
def test_a_lost_answer_may_come_before_or_after_the_work(
    slack: SlackWorkspace, kind: SlackFaultKind, raised: type[Exception], applied: bool
) -> None:
    slack.fail("*", SlackFault(kind, applied=applied))
    with pytest.raises(raised):
        post(slack)

    assert int(applied) == len(slack.messages("C1"))


def test_a_fault_strikes_as_often_as_planned(slack: SlackWorkspace) -> None:
    slack.fail("chat.postMessage", SlackFault(SlackFaultKind.ERROR, error="is_archived"), times=2)
    answers = [error(slack, "chat.postMessage", channel="C1", text="x") for _ in range(3)]

    assert answers == ["is_archived", "is_archived", "None"]


def test_a_lasting_fault_ends_when_healed(slack: SlackWorkspace) -> None:
    slack.fail("response_url", SlackFault(SlackFaultKind.SERVER_ERROR), times=None)
    url = command_url(slack)
    broken = [slack.post_response_url(url, {"text": "x"})[0] for _ in range(3)]
    slack.heal()

    assert [*broken, slack.post_response_url(url, {"text": "x"})[0]] == [500, 500, 500, 200]


def test_every_call_is_logged_without_its_token(slack: SlackWorkspace) -> None:
    slack.call("chat.postMessage", {"channel": "C9", "text": "x", "token": TOKEN}, TOKEN)
    logged = slack.calls()[-1]

    assert (
        logged.method,
        logged.params,
        logged.outcome,
    ) == ("chat.postMessage", {"channel": "C9", "text": "x"}, "channel_not_found")


# --- commands and clicks


def test_a_command_is_signed_as_slack_signs(slack: SlackWorkspace, bot: RecordingBot, clock: WorkspaceClock) -> None:
    class Frozen(SignatureClock):
        def now(self) -> float:
            return clock().timestamp()

    slack.type_command("U1", "C1", f"{COMMAND} 1")
    _, body, headers = bot.received[0]

    assert SignatureVerifier("sandbox-signing-secret", Frozen()).is_valid_request(body, headers)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@ann a<b & #orders", "<@U1> a&lt;b &amp; <#C1|orders>"),
        ("#secret @ops @here", "<#C3|> <!subteam^S1|@ops> <!here>"),
        ("https://a.example/?x=1&y=2 me@ann", "<https://a.example/?x=1&amp;y=2> me@ann"),
        ("", ""),
    ],
)
def test_typed_text_is_escaped(slack: SlackWorkspace, typed: str, sent: str) -> None:
    assert sent == slack.type_command("U1", "C1", f"{COMMAND} {typed}").payload["text"]


def test_a_phone_makes_telephone_links_of_digits_that_stand_alone(slack: SlackWorkspace) -> None:
    slack.state.phone_links = True
    sent = slack.type_command("U1", "C1", f"{COMMAND} 1805551234 180-555-1234 a1805551234 123")

    assert "<tel:1805551234|1805551234> <tel:1805551234|180-555-1234> a1805551234 123" == sent.payload["text"]


def test_text_is_raw_without_should_escape(slack: SlackWorkspace) -> None:
    slack.state.should_escape = False

    assert slack.type_command("U1", "C1", f"{COMMAND} @ann <b>").payload["text"] == "@ann <b>"


def test_an_answer_to_a_command_is_shown_to_its_sender_alone(slack: SlackWorkspace, bot: RecordingBot) -> None:
    bot.will_answer({"response_type": "ephemeral", "text": "help"})
    slack.type_command("U1", "C1", f"{COMMAND} help")

    assert (
        [each.text for each in slack.ephemerals("U1")],
        slack.ephemerals("U2"),
        slack.messages("C1"),
    ) == (["help"], [], [])


def test_an_empty_acknowledgement_shows_nothing(slack: SlackWorkspace) -> None:
    delivery = slack.type_command("U1", "C1", COMMAND)

    assert (delivery.ok, slack.ephemerals("U1"), slack.notices("U1")) == (True, [], [])


@pytest.mark.parametrize(
    ("answer", "notice"),
    [
        ((500, ""), "dispatch_failed"),
        (TimeoutError(), "operation_timeout"),
        (ConnectionRefusedError(), "dispatch_failed"),
        ((200, '{"text": "x", "blocks": [{"type": "nonsense"}]}'), "invalid_blocks"),
    ],
)
def test_a_failed_command_is_told(
    slack: SlackWorkspace, bot: RecordingBot, answer: tuple[int, str] | Exception, notice: str
) -> None:
    bot.answers = [answer]
    slack.type_command("U1", "C1", COMMAND)

    assert [f'/cancel-orders failed with the error "{notice}"'] == [each.text for each in slack.notices("U1")]


def test_a_bot_that_dies_at_a_command_is_told(slack: SlackWorkspace, bot: RecordingBot) -> None:
    bot.answers = [MemoryError()]
    with pytest.raises(MemoryError):
        slack.type_command("U1", "C1", COMMAND)

    assert 1 == len(slack.notices("U1"))


def test_an_answer_in_the_channel_also_shows_what_was_typed(slack: SlackWorkspace, bot: RecordingBot) -> None:
    bot.will_answer({"response_type": "in_channel", "text": "shared"})
    slack.type_command("U1", "C1", f"{COMMAND} history")

    assert [f"{COMMAND} history", "shared"] == [each.text for each in slack.messages("C1")]


def test_an_acknowledgement_after_three_seconds_is_late(slack: SlackWorkspace, clock: WorkspaceClock) -> None:
    def late(kind: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        clock.forward(3.1)
        return 200, "late"

    slack.deliver = late

    assert slack.type_command("U1", "C1", COMMAND).notice == "operation_timeout"
    assert slack.ephemerals("U1") == []


def test_a_click_carries_value_message_and_people(slack: SlackWorkspace) -> None:
    post(slack, actions(button(text="Approve")))
    sent = slack.click("U4", slack.messages("C1")[0], "Approve").payload

    assert (
        sent["actions"][0]["value"],
        sent["team"]["id"],
        sent["user"]["team_id"],
        sent["container"]["is_ephemeral"],
    ) == ("R-1", "T0SANDBOX", "T9", False)
    assert sent["message"]["ts"] == slack.messages("C1")[0].ts


def test_a_click_in_an_ephemeral_carries_no_message(slack: SlackWorkspace) -> None:
    slack.post_response_url(command_url(slack), {"text": "x", "blocks": [actions(button())]})
    sent = slack.click("U1", slack.ephemerals("U1")[0], "go").payload

    assert (sent["container"]["is_ephemeral"], "message" in sent) == (True, False)


def test_a_button_that_is_gone_cannot_be_pressed(slack: SlackWorkspace) -> None:
    ts = post(slack, actions(button()))
    seen_before = slack.messages("C1")[0]
    call(slack, "chat.update", channel="C1", ts=ts, text="done")

    with pytest.raises(NotOnScreen):
        slack.click("U1", seen_before, "go")


def test_anothers_ephemeral_cannot_be_pressed(slack: SlackWorkspace) -> None:
    slack.post_response_url(command_url(slack), {"text": "x", "blocks": [actions(button())]})

    with pytest.raises(NotOnScreen):
        slack.click("U2", slack.ephemerals("U1")[0], "go")


def test_a_forged_click_is_delivered_all_the_same(slack: SlackWorkspace, bot: RecordingBot) -> None:
    post(slack)
    slack.forge_click(
        "U2", slack.messages("C1")[0], {"action_id": "go", "value": "R-9"}, teams=ClaimedTeams(user_team_id="E1")
    )

    assert len(bot.received) == 1


def test_a_redelivery_is_the_identical_body(slack: SlackWorkspace, bot: RecordingBot) -> None:
    slack.redeliver(slack.type_command("U1", "C1", f"{COMMAND} 1"))

    assert bot.received[0][1] == bot.received[1][1]


# --- views


def opened(workspace: SlackWorkspace, view: Json) -> Json:
    trigger = workspace.type_command("U1", "C1", COMMAND).payload["trigger_id"]
    return call(workspace, "views.open", trigger_id=trigger, view=view)


def test_a_trigger_opens_one_view_within_three_seconds(slack: SlackWorkspace, clock: WorkspaceClock) -> None:
    trigger = slack.type_command("U1", "C1", COMMAND).payload["trigger_id"]
    late = slack.type_command("U1", "C1", COMMAND).payload["trigger_id"]
    call(slack, "views.open", trigger_id=trigger, view=modal(box()))
    again = error(slack, "views.open", trigger_id=trigger, view=modal(box()))
    clock.forward(3.1)

    assert (
        again,
        error(slack, "views.open", trigger_id=late, view=modal(box())),
        error(slack, "views.open", trigger_id="no", view=modal(box())),
    ) == ("exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id")


def test_submitting_sends_what_was_typed_and_closes_the_form(slack: SlackWorkspace) -> None:
    opened(slack, modal(box(), private_metadata="draft"))
    view = slack.open_view("U1")
    assert view
    sent = slack.submit(view, {"ids": "1 2"}).payload["view"]

    assert (
        sent["private_metadata"],
        sent["state"]["values"]["ids"]["typed"]["value"],
        slack.open_view("U1"),
    ) == ("draft", "1 2", None)


def test_errors_are_shown_by_their_input(slack: SlackWorkspace, bot: RecordingBot) -> None:
    opened(slack, modal(box()))
    view = slack.open_view("U1")
    bot.will_answer({"response_action": "errors", "errors": {"ids": "no id found"}})
    assert view
    slack.submit(view, {"ids": "x"})
    shown = slack.open_view("U1")

    assert shown
    assert shown.errors == {"ids": "no id found"}


@pytest.mark.parametrize("errors", [{}, {"typed": "by action_id"}, {"ids": ""}])
def test_errors_that_slack_would_not_show_are_a_failure(slack: SlackWorkspace, bot: RecordingBot, errors: Json) -> None:
    opened(slack, modal(box()))
    view = slack.open_view("U1")
    bot.will_answer({"response_action": "errors", "errors": errors})
    assert view

    assert slack.submit(view, {"ids": "x"}).notice == "invalid_errors"


@pytest.mark.parametrize("typed", [{}, {"ids": "x" * 11}, {"other": "x"}])
def test_the_form_itself_refuses_what_slack_would(slack: SlackWorkspace, typed: Json) -> None:
    opened(slack, modal(box(max_length=10)))
    view = slack.open_view("U1")
    assert view

    with pytest.raises(NotOnScreen):
        slack.submit(view, typed)


def test_a_submission_may_update_push_and_clear(slack: SlackWorkspace, bot: RecordingBot) -> None:
    titles = []
    opened(slack, modal(box()))
    for action in ("update", "push", "clear"):
        view = slack.open_view("U1")
        assert view
        bot.will_answer({"response_action": action, "view": modal(section(action), callback_id=action)})
        slack.submit(view, {"ids": "1"} if action == "update" else {})
        now_open = slack.open_view("U1")
        titles.append(now_open.content["callback_id"] if now_open else None)

    assert titles == ["update", "push", None]


def test_a_view_update_with_an_old_hash_is_refused(slack: SlackWorkspace) -> None:
    view = opened(slack, modal(box()))["view"]
    known = {"view_id": view["id"], "hash": view["hash"]}
    first = call(slack, "views.update", **known, view=modal(section("x")))

    assert (first["ok"], error(slack, "views.update", **known, view=modal(box()))) == (True, "hash_conflict")


def test_an_attached_file_can_be_downloaded_with_the_token_only(slack: SlackWorkspace) -> None:
    element = {"type": "file_input", "action_id": "f"}
    opened(slack, modal({"type": "input", "block_id": "csv", "label": plain("x"), "element": element}))
    view = slack.open_view("U1")
    assert view
    sent = slack.submit(view, {"csv": [slack.add_file("U1", "ids.csv", b"a,b")]}).payload["view"]
    url = sent["state"]["values"]["csv"]["f"]["files"][0]["url_private"]

    assert slack.download(url, TOKEN)[2] == b"a,b"
    assert (slack.download(url, None)[0], b"<html>" in slack.download(url, None)[2]) == (200, True)


def test_the_home_tab_is_published_for_one_person(slack: SlackWorkspace, bot: RecordingBot) -> None:
    call(slack, "views.publish", user_id="U1", view={"type": "home", "blocks": [section("yours")]})
    slack.open_home("U1")
    home = slack.home("U1")

    assert (bot.received[0][0], json.loads(bot.received[0][1])["event"]["type"]) == ("event", "app_home_opened")
    assert home
    assert (home.rendered().strip(), slack.home("U2")) == ("yours", None)


# --- state


def test_many_threads_get_messages_of_their_own(slack: SlackWorkspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        stamps = list(pool.map(lambda _: post(slack), range(200)))

    assert (200, 200) == (len(set(stamps)), len(slack.messages("C1")))


def test_a_waiting_test_wakes_at_the_change_it_waits_for(slack: SlackWorkspace) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(post, slack)
        seen = slack.wait_for(lambda: slack.messages("C1"))

    assert ["hello"] == [each.text for each in seen]


def test_waiting_for_what_does_not_happen_ends(slack: SlackWorkspace) -> None:
    with pytest.raises(TimeoutError):
        slack.wait_for(lambda: slack.messages("C1"), timeout=0.01)


def test_the_whole_state_survives_saving(slack: SlackWorkspace, clock: WorkspaceClock) -> None:
    post(slack, actions(button()))
    opened(slack, modal(box()))
    slack.add_file("U1", "ids.csv", b"\x00\xff")
    url = command_url(slack)
    restored = SlackWorkspace.from_json(slack.to_json(), clock)

    assert slack.state == restored.state
    assert restored.post_response_url(url, {"text": "x"})[0] == 200


def test_what_was_seen_does_not_change_under_the_reader(slack: SlackWorkspace) -> None:
    ts = post(slack, section("before"))
    seen = slack.messages("C1")[0]
    blocks = deepcopy(seen.blocks)
    call(slack, "chat.update", channel="C1", ts=ts, text="after", blocks=[section("after")])

    assert blocks == seen.blocks


# --- arguments


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("chat.postMessage", {"text": "x"}),
        ("chat.postMessage", {"channel": "C1", "text": "x", "unfurl_link": False}),
        ("chat.update", {"channel": "C1", "text": "x"}),
        ("chat.postEphemeral", {"channel": "C1", "text": "x"}),
        ("views.publish", {"user_id": "U1"}),
    ],
)
def test_an_argument_that_is_missing_or_misspelt_is_refused(slack: SlackWorkspace, method: str, params: Json) -> None:
    assert "invalid_arguments" == error(slack, method, **params)


def test_an_empty_file_cannot_be_uploaded(slack: SlackWorkspace) -> None:
    assert "missing_argument" == error(slack, "files.getUploadURLExternal", filename="a.csv", length=0)
