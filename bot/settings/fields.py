"""`Settings`: every setting with its type, default and meaning, and nothing else.

The meaning written here is the one that `.env.example`, `docs/settings.md` and `check` show.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings import addresses, reasons
from bot.settings import values as read

DAY = 86_400

People = Annotated[tuple[str, ...], BeforeValidator(read.ids("person"))]
Groups = Annotated[tuple[str, ...], BeforeValidator(read.ids("group"))]
Channels = Annotated[tuple[str, ...], BeforeValidator(read.ids("channel"))]
Channel = Annotated[str | None, BeforeValidator(read.one_id("channel"))]
YesNo = Annotated[bool, BeforeValidator(read.yes_or_no)]
BotToken = Annotated[
    SecretStr | None,
    BeforeValidator(read.token("xoxb-", "OAuth & Permissions in Slack's app settings")),
]
AppToken = Annotated[
    SecretStr | None,
    BeforeValidator(read.token("xapp-", "Basic Information, App-Level Tokens, in Slack's app settings")),
]
SigningSecret = Annotated[SecretStr | None, BeforeValidator(read.signing_secret)]
FincartToken = Annotated[SecretStr | None, BeforeValidator(read.fincart_token)]
Reasons = Annotated[tuple[str, ...], BeforeValidator(reasons.read)]


class Settings(BaseSettings):
    """What this bot was told, checked and frozen. Secrets, and the database's address, are absent from its repr.

    Built by `bot.settings.model.load_settings`, which reads the environment and `.env` itself, so that a name nobody
    knows can be refused; constructed directly it takes its values from the arguments alone.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slack_bot_token: BotToken = Field(default=None, description="The bot's own token, `xoxb-…`.")
    slack_signing_secret: SigningSecret = Field(
        default=None,
        description="Proves that a request over HTTP comes from Slack; needed only without `SLACK_APP_TOKEN`.",
    )
    slack_app_token: AppToken = Field(
        default=None,
        description="The app-level token, `xapp-…`; set, the bot uses Socket Mode and no HTTP address of its own.",
    )
    slack_api_url: Annotated[str, BeforeValidator(addresses.api_url)] = Field(
        default="https://slack.com/api/", description="Where Slack's Web API is; another only for tests and the demo."
    )
    fincart_token: FincartToken = Field(
        default=None, description="The shared service token of the Fincart account, without `Bearer`."
    )
    fincart_base_url: Annotated[str, BeforeValidator(addresses.base_url)] = Field(
        default="https://api.fincart.io", description="Where Fincart's API is, without `/v4` and what follows."
    )
    fincart_batch_size: Annotated[int, BeforeValidator(read.whole(1, 10_000))] = Field(
        default=100, description="How many orders one call to Fincart carries at most."
    )
    fincart_max_concurrency: Annotated[int, BeforeValidator(read.whole(1, 64))] = Field(
        default=4, description="How many cancel calls are in flight at once."
    )
    fincart_timeout_seconds: Annotated[float, BeforeValidator(read.seconds(0.1, 300))] = Field(
        default=20.0, description="How long one call to Fincart may take, in seconds."
    )
    fincart_lookup_concurrency: Annotated[int, BeforeValidator(read.whole(1, 64))] = Field(
        default=8, description="How many reads of order logs are in flight at once."
    )
    verify_results: YesNo = Field(
        default=True,
        description="Whether every order reported cancelled is checked against its own log in the background.",
    )
    database_url: Annotated[str, BeforeValidator(addresses.database_url)] = Field(
        default="sqlite:///cancel-orders.db",
        repr=False,
        description="Where the records are kept; `postgresql+psycopg://…` for several processes.",
    )
    host: Annotated[str, BeforeValidator(read.host)] = Field(
        default="127.0.0.1", description="The address the HTTP server listens on."
    )
    port: Annotated[int, BeforeValidator(read.whole(0, 65_535))] = Field(
        default=3000, description="The port the HTTP server listens on; 0 takes any free one."
    )
    allowed_users: People = Field(default=(), description="People who may ask: their ids (`U…`), comma-separated.")
    allowed_usergroups: Groups = Field(
        default=(), description="User groups whose members may ask: their ids (`S…`), comma-separated."
    )
    allowed_channels: Channels = Field(
        default=(), description="Channels in which asking is possible, empty for any; alone it allows nobody."
    )
    allow_everyone: YesNo = Field(
        default=False,
        description="Whether everybody may ask; without it and with nobody allowed the bot does not start.",
    )
    allow_guests: YesNo = Field(default=False, description="Whether guests of the workspace count like its members.")
    allow_external: YesNo = Field(
        default=False, description="Whether people of other organisations, and channels shared with them, are allowed."
    )
    approver_users: People = Field(
        default=(),
        description="People who may approve somebody else's request; with no approver named, whoever may ask.",
    )
    approver_usergroups: Groups = Field(
        default=(), description="User groups whose members may approve somebody else's request."
    )
    second_approval_above: Annotated[int | None, BeforeValidator(read.whole(0, 1_000_000))] = Field(
        default=None, description="More orders than this need a second person; 0 means always, unset never."
    )
    approvals_needed: Annotated[int, BeforeValidator(read.whole(1, 20))] = Field(
        default=1, description="How many other people must approve where a second person is needed."
    )
    emergency_users: People = Field(
        default=(), description="People who may go ahead alone in an emergency; needs `AUDIT_CHANNEL` for the notice."
    )
    type_to_confirm_above: Annotated[int | None, BeforeValidator(read.whole(0, 1_000_000))] = Field(
        default=None,
        description="Above so many orders every go-ahead and approval asks to type their number; unset never.",
    )
    max_orders_per_request: Annotated[int, BeforeValidator(read.whole(1, 100_000))] = Field(
        default=1000, description="How many orders one request may hold."
    )
    max_orders_per_person_per_day: Annotated[int | None, BeforeValidator(read.whole(1, 1_000_000))] = Field(
        default=None,
        description="How many orders one person's requests may go ahead with in a UTC day; unset for no limit.",
    )
    request_ttl_seconds: Annotated[int, BeforeValidator(read.whole(1, 7 * DAY))] = Field(
        default=900, description="After so many seconds an unconfirmed preview expires."
    )
    approval_ttl_seconds: Annotated[int, BeforeValidator(read.whole(1, 30 * DAY))] = Field(
        default=14_400, description="After so many seconds a request that waits for approval expires."
    )
    approval_valid_seconds: Annotated[int, BeforeValidator(read.whole(1, 7 * DAY))] = Field(
        default=3600,
        description="So many seconds after the last go-ahead nothing new is sent; what is left is `not sent`.",
    )
    undo_seconds: Annotated[int, BeforeValidator(read.whole(0, DAY))] = Field(
        default=0, description="So many seconds after the last go-ahead nothing is sent yet, and Undo takes it back."
    )
    hold_after_failed: Annotated[int, BeforeValidator(read.whole(0, 1_000_000))] = Field(
        default=25, description="So many refused or unknown orders put the rest of a run on hold; 0 means never."
    )
    require_reason: YesNo = Field(default=False, description="Whether every request must say why.")
    reasons: Reasons = Field(
        default=(),
        description="The reasons to choose from, comma-separated: `duplicate, out of stock`; unset, people type their "
        "own. With `REQUIRE_REASON`, one of them is needed.",
    )
    results_channel: Channel = Field(
        default=None, description="The channel of the live messages; unset, each is posted where it was asked."
    )
    audit_channel: Channel = Field(default=None, description="The channel of notices: emergency use and corrections.")
    auditor_users: People = Field(
        default=(), description="People who may read the history besides those who ask or approve."
    )
    contact: Annotated[str, BeforeValidator(read.line(200))] = Field(
        default="an administrator", description="Whom a refusal says to ask."
    )
    log_level: Annotated[str, BeforeValidator(read.one_of("DEBUG", "INFO", "WARNING", "ERROR"))] = Field(
        default="INFO", description="How much is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    log_format: Annotated[str, BeforeValidator(read.one_of("text", "json"))] = Field(
        default="text", description="How log lines are written: `text` or `json`."
    )

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached through Socket Mode (`SLACK_APP_TOKEN` is set) and not over HTTP."""
        return self.slack_app_token is not None

    @property
    def names_approvers(self) -> bool:
        """Whether approvers are named; where not, whoever may ask may approve somebody else's request."""
        return bool(self.approver_users or self.approver_usergroups)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` gathered: nothing slips in from elsewhere unchecked."""
        return (init_settings,)


NAMES: tuple[str, ...] = tuple(name.upper() for name in Settings.model_fields)
"""Every setting's name as the environment spells it, in the order of the documentation."""

SECRET_NAMES: frozenset[str] = frozenset(
    {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "FINCART_TOKEN", "DATABASE_URL"}
)
"""The settings whose values no message may repeat (`DATABASE_URL` may hold a password)."""
