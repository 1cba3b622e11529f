"""What the first letter of a Slack id says: `U…` and `W…` are people, `D…` is a direct message, `C…` and `G…` are
channels (docs.slack.dev)."""


def is_direct(place: str) -> bool:
    """Whether what is posted there goes to one person: the place is a direct message, or the person's own id."""
    return place[:1] in ("U", "W", "D")


def may_be_one_person(one: str, other: str) -> bool:
    """Whether these two may be ids of one person: in an Enterprise Grid somebody has one of either kind."""
    return one == other or {one[:1], other[:1]} == {"U", "W"}
