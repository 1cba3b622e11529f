"""An Enterprise Grid: everybody in the stories has an id in the organisation (W…) beside that of the workspace (U…)."""

from typing import Literal

from world import World

Answering = Literal["with the id asked for", "with the organisation's id", "with the workspace's id"]


def other(user: str) -> str:
    """The other id of the same person."""
    return ("W" if user.startswith("U") else "U") + user[1:]


def on_a_grid(world: World, answering: Answering = "with the id asked for") -> None:
    """Give everybody in the workspace a second id; `users.info` may answer with another id than was asked for."""
    state = world.slack.state
    state.enterprise_id = "E0000001"
    for person in [each for each in state.people.values() if each.id.startswith("U000")]:
        organisations = other(person.id)
        person.enterprise_user = organisations
        second = world.slack.add_person(organisations, f"{person.name}.org", enterprise_user=organisations)
        person.answered_as = organisations if answering == "with the organisation's id" else ""
        second.answered_as = person.id if answering == "with the workspace's id" else ""
        for channel in state.channels.values():
            if person.id in channel.members:
                channel.members.append(organisations)
