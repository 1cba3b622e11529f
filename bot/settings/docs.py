"""Writes `.env.example` and `docs/settings.md` from `Settings`, so that neither can say anything else."""

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
- Plain `http://` is accepted for loopback addresses only.
- No quotation marks around a value: an environment keeps them as a part of it, and so does an env file of Docker's. In
  `.env` one pair is taken off.
- In `DATABASE_URL`, `@`, `/`, `?`, `#` and `%` in a user name or password are percent-encoded: `p@ss` is `p%40ss`.

| setting | default | meaning |
|---|---|---|
"""
