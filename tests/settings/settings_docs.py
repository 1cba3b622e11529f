"""What `.env.example` and `docs/settings.md` are to be, of `Settings`."""

from bot.settings.fields import SECRET_NAMES, Settings

_REQUIRED = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FINCART_TOKEN", "ALLOWED_USERS")
"""Left open in `.env.example`: what a first start in Socket Mode needs."""


def settings_table() -> tuple[tuple[str, str, str], ...]:
    """Every setting: its name, default as it would be written (empty for none), and meaning."""
    return tuple(
        (name.upper(), _written(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    )


def render_env_example() -> str:
    """The text of `.env.example`."""
    lines = [
        "# Settings of the cancel-orders bot. Copy this file to .env and fill in what stands open.",
        "# The environment wins over .env. An empty value counts as unset. A name not in this list is refused.",
    ]
    for name, default, meaning in settings_table():
        lines += ["", f"# {meaning}"]
        lines.append(f"{name}=" if name in _REQUIRED else f"# {name}={default}")
    return "\n".join(lines) + "\n"


def render_settings_markdown() -> str:
    """The text of `docs/settings.md`."""
    rows = (_row(*entry) for entry in settings_table())
    return _HEAD + "\n".join(rows) + "\n"


def _row(name: str, default: str, meaning: str) -> str:
    secret = " Secret." if name in SECRET_NAMES else ""
    return f"| `{name}` | {f'`{default}`' if default else '–'} | {meaning}{secret} |"


def _written(default: object) -> str:
    match default:
        case None | ():
            return ""
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


_HEAD = """\
# Settings

Settings are read once, at the start, from the environment and from the file `.env` in the current directory. The
environment wins; an empty value counts as unset. Whatever is missing, wrong, contradictory or misspelt is named with
its fix before anything starts, all of it at once. In `.env` every unknown name is refused; in the environment, which
other programs share, only names that look like one of these.

- `serve` needs `SLACK_BOT_TOKEN`, `FINCART_TOKEN`, one of `SLACK_APP_TOKEN` (Socket Mode) and `SLACK_SIGNING_SECRET`
  (HTTP; with both, Socket Mode), and somebody who is allowed: `ALLOWED_USERS`, `ALLOWED_USERGROUPS` or, said aloud,
  `ALLOW_EVERYONE=true`. `audit` needs `DATABASE_URL` alone, and no mistake in another setting keeps it from starting.
- Ids, never names: a name can change hands. Of a person with several ids, in an Enterprise Grid, either will do.
  Lists are comma-separated; spaces do not matter.
- Refused as contradictory: `ALLOW_EVERYONE=true` beside a list of who may ask (the list would narrow nothing);
  `SECOND_APPROVAL_ABOVE` where fewer than `APPROVALS_NEEDED` other people are named for some requester (a user group,
  or everybody, cannot be counted and is taken to be enough); `APPROVALS_NEEDED` above 1 without
  `SECOND_APPROVAL_ABOVE`; `EMERGENCY_USERS` without `AUDIT_CHANNEL`, or naming somebody who may not ask;
  `UNDO_SECONDS` not below `APPROVAL_VALID_SECONDS`.
- `REASONS` takes up to 100 reasons of up to 75 characters, as Slack's menus do: each once in any case, without
  quotation marks, semicolons or punctuation at its end. One that is taken off the list stays with the requests that
  carry it.
- A secret can be kept in a file: `FINCART_TOKEN_FILE`, `SLACK_BOT_TOKEN_FILE`, `SLACK_APP_TOKEN_FILE`,
  `SLACK_SIGNING_SECRET_FILE` and `DATABASE_URL_FILE` name it. Fincart's token, the bot's token and the signing secret
  are read anew when their file changes; for five minutes after that Slack may sign with either secret. What cannot be
  used leaves the secret of before in force, and the log says so. Both forms at once are refused.
- `COMMAND_NAME` is a slash, then small letters, digits, `-` and `_`, 32 characters in all at most, as Slack's schema of
  manifests has it; `INSTALLATION_NAME` is a line of up to 40 characters. Two installations in one workspace need
  different commands ([operations/two-installations.md](operations/two-installations.md)).
- `DIGEST_AT` is a day of the week and a time of 24 hours (`Mon 09:00`, `friday 17:30`), in `TIMEZONE`, a name of the tz
  database (`Europe/Berlin`), whatever its clocks are set to. A report that was missed is posted once the bot runs
  again, the latest alone; the first one ever is the next that falls due, or one missed by less than a day.
- Plain `http://` is accepted for loopback addresses only.
- No quotation marks around a value: an environment keeps them as a part of it, and so does an env file of Docker's. In
  `.env` one pair is taken off.
- In `DATABASE_URL`, `@`, `/`, `?`, `#` and `%` in a user name or password are percent-encoded: `p@ss` is `p%40ss`.
  It may name several servers, as libpq has it: `postgresql+psycopg://user@a:5432,b:5432/name`
  ([operations/failover.md](operations/failover.md)).
  PostgreSQL on another host is connected to by TLS (`sslmode=require`), unless the URL has an `sslmode`:
  `?sslmode=verify-full&sslrootcert=system` also makes sure of the server, `?sslmode=disable` needs a private network.
  `?prepare_threshold=none` at its end switches prepared statements off, which PgBouncer needs no word for.

| setting | default | meaning |
|---|---|---|
"""
