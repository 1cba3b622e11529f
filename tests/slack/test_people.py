"""Who somebody is: what Slack's answers mean, how long they are believed, and what happens without one."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bot.domain.policy.decide import Facts, Needed, PersonFacts, Sharing, Status
from bot.sandbox.slack.faults import SlackFault, SlackFaultKind
from bot.sandbox.slack.http import SlackServer
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.slack.client import SlackClient
from bot.slack.directory import Directory
from bot.slack.results import Answer, Ok, RateLimited, Refused, SlackReply, Unanswered
from bot.slack.transport import SdkTransport

OWN = {"ok": True, "team_id": "T1", "team": "Ops", "user_id": "UBOT", "bot_id": "B1"}
OWN_ON_A_GRID = OWN | {"enterprise_id": "E1"}
A_MEMBER = {"id": "U1", "team_id": "T1", "tz": "Europe/Berlin", "tz_offset": 3600}
NO_ANSWER = Unanswered("TimeoutError")

Call = Callable[[Mapping[str, Any]], Answer[SlackReply]]


def says(**data: Any) -> Call:
    return lambda _: Ok(SlackReply({"ok": True} | data))


def fails(failure: Refused | RateLimited | Unanswered) -> Call:
    return lambda _: failure


class ScriptedSlack:
    """A transport whose methods answer as the test says, and that counts what it was asked."""

    def __init__(self, **methods: Call) -> None:
        self.methods: dict[str, Call] = {"auth_test": lambda _: Ok(SlackReply(OWN))} | methods
        self.asked: list[str] = []
        self.deadlines: list[float] = []

    def call(self, method: str, params: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        self.asked.append(method)
        self.deadlines.append(deadline_seconds)
        return self.methods[method.replace(".", "_")](params)

    def post(self, url: str, body: Mapping[str, Any], deadline_seconds: float) -> Answer[SlackReply]:
        raise NotImplementedError

    def upload(self, url: str, content: bytes, deadline_seconds: float) -> Answer[SlackReply]:
        raise NotImplementedError

    def download(self, url: str, limit_bytes: int, deadline_seconds: float) -> Answer[bytes]:
        raise NotImplementedError


class MonotonicClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> MonotonicClock:
    return MonotonicClock()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def people(slack: ScriptedSlack, clock: Callable[[], float]) -> Directory:
    return Directory(SlackClient(slack), clock)


# What Slack's words mean

PEOPLE: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "a member": (OWN, A_MEMBER, set()),
    "a deactivated member": (OWN, A_MEMBER | {"deleted": True}, {"is_deactivated"}),
    "a bot": (OWN, A_MEMBER | {"is_bot": True}, {"is_bot"}),
    "a guest of several channels": (OWN, A_MEMBER | {"is_restricted": True}, {"is_guest"}),
    "a guest of one channel": (
        OWN,
        A_MEMBER | {"is_restricted": True, "is_ultra_restricted": True},
        {"is_guest"},
    ),
    "somebody of another workspace": (OWN, A_MEMBER | {"team_id": "T2"}, {"is_external"}),
    "a stranger": (OWN, A_MEMBER | {"is_stranger": True}, {"is_external"}),
    "somebody of another enterprise, seen from no enterprise": (
        OWN,
        A_MEMBER | {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}},
        {"is_external"},
    ),
    "somebody of another workspace of our enterprise": (
        OWN_ON_A_GRID,
        A_MEMBER | {"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}},
        set(),
    ),
    "somebody whose enterprise has them in our workspace": (
        OWN,
        A_MEMBER | {"team_id": "E1", "enterprise_user": {"id": "W1", "enterprise_id": "E1", "teams": ["T1", "T2"]}},
        set(),
    ),
    "somebody whose team is our enterprise": (OWN_ON_A_GRID, A_MEMBER | {"team_id": "E1"}, set()),
    "somebody of another enterprise": (
        OWN_ON_A_GRID,
        A_MEMBER | {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}},
        {"is_external"},
    ),
    "somebody of no enterprise, seen from ours": (
        OWN_ON_A_GRID,
        A_MEMBER | {"team_id": "T2"},
        {"is_external"},
    ),
    "an external guest": (
        OWN,
        A_MEMBER | {"team_id": "T2", "is_restricted": True},
        {"is_external", "is_guest"},
    ),
}


@pytest.mark.parametrize(("own", "user", "expected"), PEOPLE.values(), ids=PEOPLE.keys())
def test_a_person_is_what_slack_says(
    clock: MonotonicClock, own: dict[str, Any], user: dict[str, Any], expected: set[str]
) -> None:
    slack = ScriptedSlack(auth_test=lambda _: Ok(SlackReply(own)), users_info=says(user=user))

    facts = people(slack, clock).person("U1")

    names = ("is_deactivated", "is_bot", "is_guest", "is_external", "could_not_be_checked")
    assert expected == {name for name in names if getattr(facts, name)}


def test_slackbot_is_a_bot_though_slack_says_otherwise(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER | {"id": "USLACKBOT", "is_bot": False}))

    assert people(slack, clock).person("USLACKBOT").is_bot


def test_a_person_has_a_time_zone(clock: MonotonicClock) -> None:
    facts = people(ScriptedSlack(users_info=says(user=A_MEMBER)), clock).person("U1")

    assert ("Europe/Berlin", 3600) == (facts.tz, facts.tz_offset_seconds)


CHANNELS: dict[str, tuple[dict[str, Any], Sharing]] = {
    "an ordinary channel": ({"is_shared": False, "is_ext_shared": False}, Sharing.INSIDE),
    "shared with another organisation": ({"is_shared": True, "is_ext_shared": True}, Sharing.SHARED),
    "an invitation is pending": ({"is_pending_ext_shared": True}, Sharing.SHARED),
    "shared in the enterprise": ({"is_shared": True, "is_org_shared": True}, Sharing.INSIDE),
    "shared in the enterprise and outside": (
        {"is_shared": True, "is_org_shared": True, "is_ext_shared": True},
        Sharing.SHARED,
    ),
    "shared, and Slack does not say how": ({"is_shared": True}, Sharing.SHARED),
    "archived": ({"is_archived": True}, Sharing.CANNOT_POST),
    "archived and shared": ({"is_archived": True, "is_ext_shared": True}, Sharing.SHARED),
}


@pytest.mark.parametrize(("channel", "expected"), CHANNELS.values(), ids=CHANNELS.keys())
def test_a_channel_is_shared_or_not(clock: MonotonicClock, channel: dict[str, Any], expected: Sharing) -> None:
    slack = ScriptedSlack(conversations_info=says(channel={"id": "C1"} | channel))

    assert expected is people(slack, clock).channel("C1")


def test_the_bot_cannot_post_to_a_channel_it_cannot_see(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(conversations_info=fails(Refused("channel_not_found")))

    assert Sharing.CANNOT_POST is people(slack, clock).channel("C1")


def test_a_direct_message_is_not_looked_up(clock: MonotonicClock) -> None:
    slack = ScriptedSlack()

    assert (Sharing.INSIDE, []) == (people(slack, clock).channel("D1"), slack.asked)


# What the policy asks for


def test_what_the_policy_needs_is_found_out_at_once(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(
        users_info=says(user=A_MEMBER | {"is_restricted": True}),
        usergroups_users_list=lambda sent: Ok(
            SlackReply({"ok": True, "users": ["U1"] if sent["usergroup"] == "S1" else []})
        ),
        conversations_info=says(channel={"is_ext_shared": True}),
    )

    facts = people(slack, clock).find_out("U1", Needed(person=True, groups=("S1", "S2"), channels=("C1",)))

    person = PersonFacts(Status.GUEST, {"S1": True, "S2": False}, {"U1": True}, "U1")
    assert Facts(person, {"C1": Sharing.SHARED}) == facts


def test_what_the_policy_does_not_need_is_not_looked_up(clock: MonotonicClock) -> None:
    slack = ScriptedSlack()

    assert (Facts(), []) == (people(slack, clock).find_out("U1", Needed()), slack.asked)


# User groups


def test_only_the_groups_asked_about_are_told(clock: MonotonicClock) -> None:
    groups = {"S1": ["U1", "U2"], "S2": ["U2"]}
    slack = ScriptedSlack(
        users_info=says(user=A_MEMBER),
        usergroups_users_list=lambda sent: Ok(SlackReply({"ok": True, "users": groups[sent["usergroup"]]})),
    )

    assert {"S1"} == people(slack, clock).person("U1", ["S1", "S2"]).usergroups


@pytest.mark.parametrize("code", ["no_such_subteam", "plan_upgrade_required"])
def test_a_group_slack_does_not_have_is_empty(clock: MonotonicClock, code: str) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER), usergroups_users_list=fails(Refused(code)))

    facts = people(slack, clock).person("U1", ["S1"])

    assert (frozenset(), frozenset()) == (facts.usergroups, facts.unchecked_usergroups)


def test_disabled_groups_are_not_asked_for(clock: MonotonicClock) -> None:
    sent: list[Mapping[str, Any]] = []

    def members(params: Mapping[str, Any]) -> Answer[SlackReply]:
        sent.append(params)
        return Ok(SlackReply({"ok": True, "users": []}))

    slack = ScriptedSlack(users_info=says(user=A_MEMBER), usergroups_users_list=members)
    people(slack, clock).person("U1", ["S1"])

    assert [{"usergroup": "S1", "include_disabled": False}] == sent


@pytest.mark.parametrize("failure", [NO_ANSWER, RateLimited(1), Refused("missing_scope", "usergroups:read")])
def test_a_group_slack_does_not_tell_about_is_unchecked(
    clock: MonotonicClock, failure: Refused | RateLimited | Unanswered
) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER), usergroups_users_list=fails(failure))

    facts = people(slack, clock).person("U1", ["S1"])

    assert (False, frozenset({"S1"})) == (facts.could_not_be_checked, facts.unchecked_usergroups)


# Without an answer


@pytest.mark.parametrize(
    "failure", [NO_ANSWER, RateLimited(1), Refused("user_not_found"), Refused("invalid_auth")], ids=repr
)
@pytest.mark.parametrize("method", ["users_info", "auth_test"])
def test_a_person_slack_does_not_tell_about_could_not_be_checked(
    clock: MonotonicClock, method: str, failure: Refused | RateLimited | Unanswered
) -> None:
    slack = ScriptedSlack(**{"users_info": says(user=A_MEMBER), method: fails(failure)})

    assert people(slack, clock).person("U1").could_not_be_checked


def test_an_answer_about_somebody_else_could_not_be_checked(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user={"id": "U2"}))

    assert people(slack, clock).person("U1").could_not_be_checked


def test_a_person_of_whom_slack_names_no_other_team_is_one_of_ours(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user={"id": "U1"}))

    found = people(slack, clock).person("U1")

    assert (False, False) == (found.could_not_be_checked, found.is_external)


@pytest.mark.parametrize("failure", [NO_ANSWER, RateLimited(1), Refused("missing_scope", "groups:read")])
def test_a_channel_slack_does_not_tell_about_could_not_be_checked(
    clock: MonotonicClock, failure: Refused | RateLimited | Unanswered
) -> None:
    slack = ScriptedSlack(conversations_info=fails(failure))

    assert Sharing.COULD_NOT_BE_CHECKED is people(slack, clock).channel("C1")


@pytest.mark.parametrize(
    ("fault", "asked_until"),
    [
        (SlackFault(SlackFaultKind.SERVER_ERROR), 1004.5),
        (SlackFault(SlackFaultKind.DROP), 1004.5),
        (SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=2), 1004.0),
        (SlackFault(SlackFaultKind.RATE_LIMITED, retry_after=30), 1000.0),
        (SlackFault(SlackFaultKind.ERROR, error="user_not_found"), 1000.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
def test_slack_is_asked_again_for_five_seconds_and_not_longer(
    clock: MonotonicClock, method: str, fault: SlackFault, asked_until: float
) -> None:
    def pause(seconds: float) -> bool:
        clock.now += seconds
        return False

    workspace = SlackWorkspace(lambda: datetime.now(UTC))
    workspace.add_person("U1", "ann")
    workspace.add_usergroup("S1", "operators", "U1")
    workspace.fail(method, fault, None)
    with SlackServer(workspace) as server:
        transport = SdkTransport(SecretStr(workspace.state.bot_token), server.api_url)
        facts = Directory(SlackClient(transport), clock, pause=pause).person("U1", ["S1"])
        transport.close()

    assert facts.could_not_be_checked or facts.unchecked_usergroups
    assert asked_until == clock.now


def test_whoever_stops_asks_no_more(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=fails(NO_ANSWER))

    assert Directory(SlackClient(slack), clock, pause=lambda _: True).person("U1").could_not_be_checked
    assert ["auth.test", "users.info"] == slack.asked


def test_a_failure_is_not_kept(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=fails(NO_ANSWER))
    asked = people(slack, clock)
    asked.person("U1")
    slack.methods["users_info"] = says(user=A_MEMBER)

    assert not asked.person("U1").could_not_be_checked


def test_a_failed_fresh_look_up_is_not_covered_by_an_older_answer(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER))
    asked = people(slack, clock)
    asked.person("U1")
    slack.methods["users_info"] = fails(NO_ANSWER)

    assert asked.person("U1", fresh=True).could_not_be_checked


def test_one_after_another_the_look_ups_share_the_time(clock: MonotonicClock) -> None:
    def slow(_: Mapping[str, Any]) -> Answer[SlackReply]:
        clock.now += 3
        return NO_ANSWER

    slack = ScriptedSlack(auth_test=slow, users_info=slow, usergroups_users_list=slow)
    people(slack, clock).person("U1", ["S1", "S2"])

    assert [5.0, 2.0] == slack.deadlines


def test_the_wait_is_bounded_though_slack_hangs(pool: ThreadPoolExecutor) -> None:
    released = threading.Event()

    def hang(_: Mapping[str, Any]) -> Answer[SlackReply]:
        released.wait(10)
        return NO_ANSWER

    slack = ScriptedSlack(auth_test=hang, users_info=hang, usergroups_users_list=hang, conversations_info=hang)
    asked = Directory(SlackClient(slack), time.monotonic, pool, wait_seconds=0.1)
    began = time.monotonic()
    facts = asked.find_out("U1", Needed(person=True, groups=("S1", "S2"), channels=("C1",)))
    took = time.monotonic() - began
    released.set()

    assert Facts(channels={"C1": Sharing.COULD_NOT_BE_CHECKED}) == facts
    assert took < 3


# How long an answer is believed


def test_an_answer_serves_for_a_minute(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER))
    asked = people(slack, clock)
    asked.person("U1")
    clock.now += 60
    asked.person("U1")

    assert ["auth.test", "users.info"] == slack.asked


def test_after_a_minute_slack_is_asked_again(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER))
    asked = people(slack, clock)
    asked.person("U1")
    clock.now += 60.1
    asked.person("U1")

    assert ["auth.test", "users.info", "users.info"] == slack.asked


def test_a_fresh_look_up_reads_person_and_groups_anew(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER), usergroups_users_list=says(users=["U1"]))
    asked = people(slack, clock)
    asked.person("U1", ["S1"])
    slack.methods["usergroups_users_list"] = says(users=[])
    slack.methods["users_info"] = says(user=A_MEMBER | {"deleted": True})

    facts = asked.person("U1", ["S1"], fresh=True)

    assert (True, frozenset()) == (facts.is_deactivated, facts.usergroups)


def test_what_a_fresh_look_up_found_serves_the_next(clock: MonotonicClock) -> None:
    slack = ScriptedSlack(users_info=says(user=A_MEMBER))
    asked = people(slack, clock)
    asked.person("U1")
    slack.methods["users_info"] = says(user=A_MEMBER | {"deleted": True})
    asked.person("U1", fresh=True)

    assert asked.person("U1").is_deactivated


def test_the_age_of_an_answer_counts_from_the_question(clock: MonotonicClock) -> None:
    def slow(_: Mapping[str, Any]) -> Answer[SlackReply]:
        clock.now += 4
        return Ok(SlackReply({"ok": True, "channel": {"id": "C1"}}))

    slack = ScriptedSlack(conversations_info=slow)
    asked = people(slack, clock)
    asked.channel("C1")
    clock.now += 57
    asked.channel("C1")

    assert ["conversations.info"] * 2 == slack.asked


def test_the_bots_own_identity_is_asked_for_once(clock: MonotonicClock) -> None:
    slack = ScriptedSlack()
    asked = people(slack, clock)
    asked.person("U1")
    clock.now += 1_000_000
    asked.person("U1")
    own = asked.known_identity()

    assert own is not None
    assert ("T1", 1) == (own.team_id, slack.asked.count("auth.test"))


def test_a_large_group_is_asked_about_no_further_once_slack_wants_to_be_left_alone(clock: MonotonicClock) -> None:
    user = A_MEMBER | {"enterprise_user": {"id": "W1", "enterprise_id": "E1"}}

    def of_one(params: Mapping[str, Any]) -> Answer[SlackReply]:
        return Ok(SlackReply({"ok": True, "user": user})) if params["user"] == "U1" else RateLimited(30)

    crowd = [f"U2{number:06d}" for number in range(500)]
    slack = ScriptedSlack(users_info=of_one, usergroups_users_list=says(users=crowd))
    facts = people(slack, clock).find_out("U1", Needed(person=True, groups=("S1",)))

    assert {} == facts.person.groups
    assert slack.asked.count("users.info") <= 17


# Several at once


class Gate:
    """A users.info that says when it has been asked and answers when told to."""

    def __init__(self, user: dict[str, Any]) -> None:
        self.asked = threading.Semaphore(0)
        self.open = threading.Event()
        self._user = user

    def __call__(self, _: Mapping[str, Any]) -> Answer[SlackReply]:
        self.asked.release()
        self.open.wait(10)
        return Ok(SlackReply({"ok": True, "user": self._user}))


def test_the_same_question_is_asked_once_at_a_time(pool: ThreadPoolExecutor) -> None:
    gate = Gate(A_MEMBER)
    slack = ScriptedSlack(users_info=gate)
    asked = Directory(SlackClient(slack), time.monotonic, pool)
    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(asked.person, "U1")
        gate.asked.acquire()
        others = [callers.submit(asked.person, "U1") for _ in range(3)]
        gate.open.set()
        answers = [call.result() for call in [first, *others]]

    assert (1, {False}) == (
        slack.asked.count("users.info"),
        {facts.could_not_be_checked for facts in answers},
    )


def test_a_fresh_look_up_joins_none_that_began_before_it(pool: ThreadPoolExecutor) -> None:
    before = Gate(A_MEMBER)
    slack = ScriptedSlack(users_info=before)
    asked = Directory(SlackClient(slack), time.monotonic, pool)
    with ThreadPoolExecutor(1) as callers:
        earlier = callers.submit(asked.person, "U1")
        before.asked.acquire()
        slack.methods["users_info"] = says(user=A_MEMBER | {"deleted": True})
        facts = asked.person("U1", fresh=True)
        before.open.set()
        earlier.result()

    assert facts.is_deactivated
    assert asked.person("U1").is_deactivated  # the earlier answer, arriving later, has not replaced it


def test_after_the_pool_is_shut_nobody_can_be_checked() -> None:
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    slack = ScriptedSlack(users_info=says(user=A_MEMBER))
    asked = Directory(SlackClient(slack), time.monotonic, closed)

    assert asked.person("U1").could_not_be_checked


def test_the_stand_in_slack_tells_who_somebody_is_over_http(pool: ThreadPoolExecutor) -> None:
    workspace = SlackWorkspace(lambda: datetime.now(UTC))
    workspace.add_person("UGUEST", "guest", is_restricted=True)
    workspace.add_usergroup("S1", "operators", "UGUEST")
    with SlackServer(workspace) as server:
        transport = SdkTransport(SecretStr(workspace.state.bot_token), server.api_url)
        asked = Directory(SlackClient(transport), time.monotonic, pool)
        facts = asked.person("UGUEST", ["S1"])
        transport.close()

    assert (True, frozenset({"S1"})) == (facts.is_guest, facts.usergroups)
