"""`Settings`: every setting with its type, default and meaning, and nothing else.

`.env.example`, `docs/settings.md` and `check` show the meanings written here.
"""

from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, cast

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings import addresses, reason_list, values, weekly
from storage.db.engine import POOL_SIZE

DAY = 86_400

People = Annotated[tuple[str, ...], BeforeValidator(values.ids("person"))]
Groups = Annotated[tuple[str, ...], BeforeValidator(values.ids("group"))]
Channels = Annotated[tuple[str, ...], BeforeValidator(values.ids("channel"))]
Channel = Annotated[str | None, BeforeValidator(values.one_id("channel"))]
YesNo = Annotated[bool, BeforeValidator(values.yes_or_no)]
BotToken = Annotated[
    SecretStr | None,
    BeforeValidator(values.token("xoxb-", "OAuth & Permissions in Slack's app settings")),
]
AppToken = Annotated[
    SecretStr | None,
    BeforeValidator(values.token("xapp-", "Basic Information, App-Level Tokens, in Slack's app settings")),
]
SigningSecret = Annotated[SecretStr | None, BeforeValidator(values.signing_secret)]
FincartToken = Annotated[SecretStr | None, BeforeValidator(values.fincart_token)]
WeeklyAt = Annotated[weekly.WeeklyTime, BeforeValidator(weekly.read_weekly_time)]
Zone = Annotated[str, BeforeValidator(weekly.read_time_zone)]
Reasons = Annotated[tuple[str, ...], BeforeValidator(reason_list.read)]


class Settings(BaseSettings):
    """The validated, frozen settings. The repr omits secrets and the database's address.

    Built by `bot.settings.model.load_settings`, which reads the environment and `.env` itself so that it can refuse
    unknown names. The constructor takes values from its arguments alone.
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
    fincart_batch_size: Annotated[int, BeforeValidator(values.whole(1, 10_000))] = Field(
        default=100, description="How many orders one call to Fincart carries at most."
    )
    fincart_max_concurrency: Annotated[int, BeforeValidator(values.whole(1, 64))] = Field(
        default=4, description="How many cancel calls are in flight at once."
    )
    fincart_timeout_seconds: Annotated[float, BeforeValidator(values.seconds(0.1, 300))] = Field(
        default=20.0, description="How long one call to Fincart may take, in seconds."
    )
    fincart_lookup_concurrency: Annotated[int, BeforeValidator(values.whole(1, 64))] = Field(
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
    database_pool_size: Annotated[int, BeforeValidator(values.whole(2, 1000))] = Field(
        default=POOL_SIZE,
        description="How many connections to PostgreSQL one process holds at most; with the default, eight processes "
        "fit into the 100 of a server.",
    )
    host: Annotated[str, BeforeValidator(values.host)] = Field(
        default="127.0.0.1", description="The address the HTTP server listens on."
    )
    port: Annotated[int, BeforeValidator(values.whole(0, 65_535))] = Field(
        default=3000, description="The port the HTTP server listens on; 0 takes any free one."
    )
    stop_seconds: Annotated[float | None, BeforeValidator(values.seconds(0, 3600))] = Field(
        default=None,
        description="How many seconds a process that is told to stop waits for calls to Fincart in flight; unset, as "
        "long as one may take: `FINCART_TIMEOUT_SECONDS` and 15 more, to tell what its answer means.",
    )
    metrics_host: Annotated[str, BeforeValidator(values.host)] = Field(
        default="127.0.0.1", description="The address that Prometheus scrapes `/metrics` at."
    )
    metrics_port: Annotated[int | None, BeforeValidator(values.whole(0, 65_535))] = Field(
        default=None, description="The port for it; 0 takes any free one, unset there are no metrics."
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
    second_approval_above: Annotated[int | None, BeforeValidator(values.whole(0, 1_000_000))] = Field(
        default=None, description="More orders than this need a second person; 0 means always, unset never."
    )
    approvals_needed: Annotated[int, BeforeValidator(values.whole(1, 20))] = Field(
        default=1, description="How many other people must approve where a second person is needed."
    )
    emergency_users: People = Field(
        default=(), description="People who may go ahead alone in an emergency; needs `AUDIT_CHANNEL` for the notice."
    )
    type_to_confirm_above: Annotated[int | None, BeforeValidator(values.whole(0, 1_000_000))] = Field(
        default=None,
        description="Above so many orders every go-ahead and approval asks to type their number; unset never.",
    )
    max_orders_per_request: Annotated[int, BeforeValidator(values.whole(1, 100_000))] = Field(
        default=1000, description="How many orders one request may hold."
    )
    max_orders_per_person_per_day: Annotated[int | None, BeforeValidator(values.whole(1, 1_000_000))] = Field(
        default=None,
        description="How many orders one person's requests may go ahead with in a UTC day; unset for no limit.",
    )
    request_ttl_seconds: Annotated[int, BeforeValidator(values.whole(1, 7 * DAY))] = Field(
        default=900, description="After so many seconds an unconfirmed preview expires."
    )
    approval_ttl_seconds: Annotated[int, BeforeValidator(values.whole(1, 30 * DAY))] = Field(
        default=14_400, description="After so many seconds a request that waits for approval expires."
    )
    approval_valid_seconds: Annotated[int, BeforeValidator(values.whole(1, 7 * DAY))] = Field(
        default=3600,
        description="So many seconds after the last go-ahead nothing new is sent; what is left is `not sent`.",
    )
    undo_seconds: Annotated[int, BeforeValidator(values.whole(0, DAY))] = Field(
        default=0, description="So many seconds after the last go-ahead nothing is sent yet, and Undo takes it back."
    )
    hold_after_failed: Annotated[int, BeforeValidator(values.whole(0, 1_000_000))] = Field(
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
    audit_head_file: Annotated[Path | None, BeforeValidator(values.file_to_write)] = Field(
        default=None,
        description="A file on another disk or host to which the audit head is added, as `time sequence head`, at most "
        "once a second: a witness beside Slack.",
    )
    digest_channel: Channel = Field(
        default=None, description="The channel that the report of the last seven days is posted to once a week."
    )
    digest_at: WeeklyAt = Field(
        default=weekly.WeeklyTime(0, time(9)), description="When that is: a day of the week and a time in `TIMEZONE`."
    )
    timezone: Zone = Field(
        default="UTC", description="The time zone of that time, and of that report's days: `Europe/Berlin`."
    )
    ops_channel: Channel = Field(
        default=None,
        description="The channel for whoever runs the bot: a line when a hold begins or ends, a message is given up, "
        "or the history does not verify.",
    )
    auditor_users: People = Field(
        default=(), description="People who may read the history besides those who ask or approve."
    )
    contact: Annotated[str, BeforeValidator(values.line(200))] = Field(
        default="an administrator", description="Whom a refusal says to ask."
    )
    command_name: Annotated[str, BeforeValidator(values.command_name)] = Field(
        default="/cancel-orders", description="The slash command that the bot answers to, as the app in Slack has it."
    )
    installation_name: Annotated[str | None, BeforeValidator(values.installation_name)] = Field(
        default=None, description="What this installation is called, in the small print of every message: `staging`."
    )
    log_level: Annotated[str, BeforeValidator(values.one_of("DEBUG", "INFO", "WARNING", "ERROR"))] = Field(
        default="INFO", description="How much is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    log_format: Annotated[str, BeforeValidator(values.one_of("text", "json"))] = Field(
        default="text", description="How log lines are written: `text` or `json`."
    )

    @property
    def socket_mode(self) -> bool:
        """Tell whether Slack is reached through Socket Mode (`SLACK_APP_TOKEN` is set) and not over HTTP."""
        return self.slack_app_token is not None

    @property
    def stop_within(self) -> float:
        """Seconds to wait for calls in flight. By default a stop leaves none without its answer: after the call, ten
        seconds may be needed to tell whether a 403 is about the token."""
        return self.fincart_timeout_seconds + 15.0 if self.stop_seconds is None else self.stop_seconds

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the values that `load_settings` gathered and checked."""
        return (init_settings,)


NAMES: tuple[str, ...] = tuple(name.upper() for name in Settings.model_fields)
"""Every setting's name as the environment spells it, in the order of the documentation."""

SECRET_NAMES: frozenset[str] = frozenset(
    {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "FINCART_TOKEN", "DATABASE_URL"}
)
"""The settings whose values no message may show (`DATABASE_URL` may hold a password)."""

SUFFIX = "_FILE"
FILE_NAMES: tuple[str, ...] = tuple(f"{name}{SUFFIX}" for name in NAMES if name in SECRET_NAMES)
"""The secrets' other form: the path of a file that holds it."""


def check_of(name: str) -> Callable[[object], object]:
    """What reads and checks the text of this setting; it raises `Wrong`."""
    validators = (each for each in Settings.model_fields[name.lower()].metadata if isinstance(each, BeforeValidator))
    return cast("Callable[[object], object]", next(validators).func)
