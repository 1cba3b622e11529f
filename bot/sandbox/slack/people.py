"""People's acts in the stand-in workspace. Each returns the delivery it caused."""

from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack import payloads
from bot.sandbox.slack.core import Core, message_json
from bot.sandbox.slack.deliveries import Deliver, SlackDelivery, attempt, deliver
from bot.sandbox.slack.forms import NotOnScreen, check_filled_in, pressed, state_values
from bot.sandbox.slack.render import elements_of
from bot.sandbox.slack.state import Channel, ChannelKind, Post, View
from bot.sandbox.slack.views import clear_stack, take_off_stack, view_json

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimedTeams:
    """What a payload claims, as Enterprise Grid may: the workspace, and the one that the person belongs to."""

    team_id: str = ""
    user_team_id: str = ""


_OWN = ClaimedTeams()


class People:
    """The acts of people. `team_id` says what the payload claims, as Enterprise Grid may.

    Acts raise `NotOnScreen` for what a person could not do; the `forge_*` acts and `redeliver` ask nobody."""

    def __init__(self, core: Core, deliver_to: Deliver | None) -> None:
        self.core = core
        self.deliver = deliver_to

    def type_command(self, user: str, channel: str, typed: str, *, team_id: str = "") -> SlackDelivery:
        """Type a slash command, such as "/cancel-orders help", in a channel."""
        with self.core.changing():
            place = self._place(user, channel)
            payload = payloads.command_fields(self.core, user, place, typed, team_id)
        return self._deliver("command", payload)

    def click(
        self,
        user: str,
        where: Post | View,
        button: str,
        *,
        value: str | None = None,
        typed: Json | None = None,
        teams: ClaimedTeams = _OWN,
    ) -> SlackDelivery:
        """Press the button with this action_id or text; `value` tells apart several of the same. A dialog that
        asks to confirm is confirmed. Raises `NotOnScreen` where that button is not, or no longer, there."""
        with self.core.changing():
            shown = self._shown(user, where)
            for block, element in elements_of(shown.blocks):
                named = element["type"] == "button" and button in (element["action_id"], element["text"]["text"])
                if named and value in (None, element.get("value")):
                    action = pressed(element, block, None, self.core.now())
                    payload = self._click(user, shown, action, typed or {}, teams)
                    break
            else:
                raise NotOnScreen(f"no button {button!r} among {[each.text for each in shown.buttons()]}")
        return self._deliver("interactive", payload)

    def choose(self, user: str, where: Post | View, action_id: str, choice: str) -> SlackDelivery:
        """Pick an option (its value or text) of a select, overflow or checkboxes, or a date."""
        with self.core.changing():
            shown = self._shown(user, where)
            for block, element in elements_of(shown.blocks):
                if element["action_id"] == action_id and element["type"] != "button":
                    action = pressed(element, block, choice, self.core.now())
                    payload = self._click(user, shown, action, {}, _OWN)
                    break
            else:
                raise NotOnScreen(f"nothing to choose called {action_id}")
        return self._deliver("interactive", payload)

    def submit(self, view: View, typed: Json | None = None, *, team_id: str = "") -> SlackDelivery:
        """Press the submit button of a modal. `typed` maps a block_id or action_id to a text, an option's value,
        a list of values or of file ids. Raises `NotOnScreen` for what Slack's form would not let through."""
        with self.core.changing():
            shown = self._shown(view.user, view)
            if not isinstance(shown, View) or "submit" not in shown.content:
                raise NotOnScreen("nothing to submit")
            values = state_values(self.core, shown.blocks, typed or {})
            check_filled_in(shown.blocks, values)
            payload = self._submission(view.user, shown, values, team_id)
        return self._deliver("interactive", payload)

    def close(self, view: View, *, all_of_them: bool = False) -> SlackDelivery | None:
        """Close a modal; delivers `view_closed` only where the view asked for it."""
        with self.core.changing():
            shown = self._shown(view.user, view)
            payload = payloads.interaction(self.core, "view_closed", view.user, "", "", "")
            assert isinstance(shown, View)
            payload |= {"view": view_json(self.core, shown), "is_cleared": all_of_them}
            wanted = shown.content.get("notify_on_close", False)
            if all_of_them:
                clear_stack(self.core, view.user)
            else:
                take_off_stack(self.core, shown)
        return self._deliver("interactive", payload) if wanted else None

    def open_home(self, user: str, *, team_id: str = "") -> SlackDelivery:
        """Open the bot's Home tab."""
        with self.core.changing():
            inner: Json = {
                "type": "app_home_opened",
                "user": user,
                "channel": self.core.direct_message(user).id,
                "tab": "home",
                "event_ts": self.core.state.new_ts(self.core.now()),
            }
            view = self.core.state.views.get(self.core.state.homes.get(user, ""))
            if view:
                inner["view"] = view_json(self.core, view)
            payload = payloads.event(self.core, inner, team_id)
        return self._deliver("event", payload)

    def shortcut(self, user: str, message: Post, callback_id: str) -> SlackDelivery:
        """Use a message shortcut on a message."""
        with self.core.changing():
            shown = self._shown(user, message)
            assert isinstance(shown, Post)
            trigger = self.core.new_trigger(user)
            payload = payloads.interaction(self.core, "message_action", user, trigger, "", "")
            channel = self.core.state.channels[shown.channel]
            payload |= {
                "callback_id": callback_id,
                "action_ts": f"{self.core.now():.6f}",
                "message_ts": shown.ts,
                "message": message_json(self.core, shown),
                "channel": {"id": channel.id, "name": channel.name},
                "response_url": self.core.new_response_url(user, channel.id, "", shown.thread_ts),
            }
        return self._deliver("interactive", payload)

    def forge_click(self, user: str, where: Post | View, action: Json, *, teams: ClaimedTeams = _OWN) -> SlackDelivery:
        """A hand-made press, well signed: any action entry, on what may no longer be there, by anybody."""
        with self.core.changing():
            whole = {"type": "button", "block_id": "forged", "action_ts": f"{self.core.now():.6f}", **action}
            payload = self._click(user, where, whole, {}, teams)
        return self._deliver("interactive", payload)

    def forge_submit(self, user: str, view: View, values: Json, *, team_id: str = "") -> SlackDelivery:
        """A hand-made submission, well signed: any values, of what may no longer be open, by anybody."""
        with self.core.changing():
            payload = self._submission(user, view, values, team_id)
        return self._deliver("interactive", payload)

    def forge(self, kind: str, payload: Json) -> SlackDelivery:
        """A wholly hand-made payload, well signed. Kinds: command, interactive, event."""
        return self._deliver(kind, payload)

    def redeliver(self, delivery: SlackDelivery, *, retry: int = 0, reason: str = "http_timeout") -> SlackDelivery:
        """The identical bytes once more, signed anew; the answer is returned and shown to nobody.
        `retry` adds the headers of Slack's own retry of an event."""
        headers = payloads.signed(self.core, delivery.headers["Content-Type"], delivery.body)
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": reason}
        return attempt(self.core, self._handler(), delivery.kind, delivery.payload, delivery.body, headers)

    def _deliver(self, kind: str, payload: Json) -> SlackDelivery:
        return deliver(self.core, self._handler(), kind, payload)

    def _handler(self) -> Deliver:
        if self.deliver is None:
            raise RuntimeError("the workspace has no way to reach the bot: set `deliver`")
        return self.deliver

    def _click(self, user: str, where: Post | View, action: Json, typed: Json, teams: ClaimedTeams) -> Json:
        view_id = where.id if isinstance(where, View) else ""
        trigger = self.core.new_trigger(user, view_id)
        payload = payloads.interaction(self.core, "block_actions", user, trigger, teams.team_id, teams.user_team_id)
        values = state_values(self.core, where.blocks, typed)
        if isinstance(where, View):
            return payloads.view_click(self.core, payload, where, action, values)
        return payloads.message_click(self.core, payload, where, action, values)

    def _submission(self, user: str, view: View, values: Json, team_id: str) -> Json:
        trigger = self.core.new_trigger(user, view.id)
        payload = payloads.interaction(self.core, "view_submission", user, trigger, team_id, "")
        return payload | {"view": view_json(self.core, view, values), "response_urls": []}

    def _place(self, user: str, channel: str) -> Channel:
        place = self.core.state.channels.get(channel)
        if user not in self.core.state.people or place is None or place.is_archived:
            raise NotOnScreen(f"{user} cannot write in {channel}")
        if place.kind is not ChannelKind.PUBLIC and user not in place.members:
            raise NotOnScreen(f"{user} is not in {channel}")
        return place

    def _sees(self, user: str, post: Post) -> bool:
        return not post.only_for or self.core.state.same_person(post.only_for, user)

    def _shown(self, user: str, where: Post | View) -> Post | View:
        if isinstance(where, View):
            view = self.core.state.views.get(where.id)
            if view is None or not self.core.state.same_person(view.user, user):
                raise NotOnScreen("that view is not open")
            return view
        post = self.core.state.posts.get(where.ts)
        if post is None or post.deleted or not self._sees(user, post):
            raise NotOnScreen("that message is not shown")
        channel = self.core.state.channels[post.channel]
        if channel.kind is not ChannelKind.PUBLIC and user not in channel.members:
            raise NotOnScreen("that conversation is not shown")
        return post
