"""The people, channels and settings of the demo."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sandbox.slack.state import ChannelKind
from bot.sandbox.slack.workspace import SlackWorkspace

ANN, BEN, GUS, DEE = "U0ANN0001", "U0BEN0002", "U0GUS0003", "U0DEE0004"
ORDERS, WAREHOUSE, FINANCE, NOTICES = "C0ORDERS1", "C0STOCK02", "G0MONEY03", "C0AUDIT04"


@dataclass(frozen=True, slots=True)
class Role:
    """Who one of the four people is, in the words of the page's switch."""

    id: str
    name: str
    full_name: str
    role: str


ROLES = (
    Role(ANN, "ann", "Ann Okafor", "operator"),
    Role(BEN, "ben", "Ben Haddad", "second operator"),
    Role(GUS, "gus", "Gus Lindqvist", "guest"),
    Role(DEE, "dee", "Dee Moreau", "not allowed to cancel"),
)


def settle_in(slack: SlackWorkspace) -> None:
    """Add the demo's people and channels to an empty workspace."""
    for role in ROLES:
        slack.add_person(role.id, role.name, real_name=role.full_name, is_restricted=role.id == GUS)
    everyone = [role.id for role in ROLES]
    slack.add_channel(ORDERS, "orders", *everyone)
    slack.add_channel(WAREHOUSE, "warehouse", *everyone)
    slack.add_channel(FINANCE, "finance", ANN, BEN, kind=ChannelKind.PRIVATE, with_bot=False)
    slack.add_channel(NOTICES, "cancel-notices", ANN, BEN)


def bot_settings(
    slack: SlackWorkspace, slack_url: str, fincart_token: str, fincart_url: str, database: str
) -> Mapping[str, str]:
    """What would stand in `.env`."""
    return {
        "SLACK_API_URL": slack_url,
        "SLACK_BOT_TOKEN": slack.state.bot_token,
        "SLACK_SIGNING_SECRET": slack.state.signing_secret,
        "FINCART_TOKEN": fincart_token,
        "FINCART_BASE_URL": fincart_url,
        "FINCART_TIMEOUT_SECONDS": "6",
        "DATABASE_URL": database,
        "ALLOWED_USERS": f"{ANN},{BEN},{GUS}",
        "CONTACT": "Ann Okafor",
        "APPROVER_USERS": f"{ANN},{BEN}",
        "SECOND_APPROVAL_ABOVE": "10",
        "EMERGENCY_USERS": BEN,
        "AUDIT_CHANNEL": NOTICES,
    }
