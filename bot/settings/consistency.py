"""Checks the settings together: nothing needed is missing, nothing contradicts."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass

from bot.settings.fields import Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the settings concerned, what is wrong, and the fix. Never holds a secret's value."""

    name: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. {self.fix}"


def missing(settings: Settings) -> tuple[Problem, ...]:
    """Return what `serve` lacks: tokens, a way to reach Slack, somebody who is allowed to ask."""
    return tuple(problem for names, problem in _missing(settings))


def contradictions(settings: Settings, without: Set[str] = frozenset()) -> tuple[Problem, ...]:
    """Return the contradictions between settings, without those about the names in `without`."""
    problems = (problem for names, rule in _RULES if not names & without for problem in rule(settings))
    return tuple(problems)


def missing_besides(settings: Settings, without: Set[str]) -> tuple[Problem, ...]:
    """Like `missing`, without problems about the names in `without` (which are set, but wrongly)."""
    return tuple(problem for names, problem in _missing(settings) if not names & without)


def _missing(settings: Settings) -> Iterator[tuple[frozenset[str], Problem]]:
    if settings.slack_bot_token is None:
        fix = "Copy the token that starts with xoxb- from OAuth & Permissions in Slack's app settings."
        yield frozenset({"SLACK_BOT_TOKEN"}), Problem("SLACK_BOT_TOKEN", "missing", fix)
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        fix = (
            "For Socket Mode set SLACK_APP_TOKEN (xapp-…; needs no public address); "
            "for HTTP set SLACK_SIGNING_SECRET instead."
        )
        problem = Problem("SLACK_APP_TOKEN", "missing, and so is SLACK_SIGNING_SECRET", fix)
        yield frozenset({"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"}), problem
    if settings.fincart_token is None:
        fix = "Copy it from Fincart's merchant portal: profile menu, Access Token."
        yield frozenset({"FINCART_TOKEN"}), Problem("FINCART_TOKEN", "missing", fix)
    if not (settings.allow_everyone or settings.allowed_users or settings.allowed_usergroups):
        channels = " (ALLOWED_CHANNELS alone allows nobody)" if settings.allowed_channels else ""
        fix = "Name people in ALLOWED_USERS or groups in ALLOWED_USERGROUPS, or say ALLOW_EVERYONE=true."
        problem = Problem("ALLOWED_USERS", f"nobody may ask: this and ALLOWED_USERGROUPS are empty{channels}", fix)
        yield frozenset({"ALLOWED_USERS", "ALLOWED_USERGROUPS", "ALLOW_EVERYONE"}), problem


def _everyone_and_a_list(settings: Settings) -> Iterator[Problem]:
    if settings.allow_everyone and (settings.allowed_users or settings.allowed_usergroups):
        yield Problem(
            "ALLOW_EVERYONE",
            "is true, so that the people and groups of ALLOWED_USERS and ALLOWED_USERGROUPS would narrow nothing",
            "Remove ALLOW_EVERYONE to let only those ask, or remove the lists to let everybody.",
        )


def _enough_approvers(settings: Settings) -> Iterator[Problem]:
    if settings.second_approval_above is None:
        return
    possible = _fewest_others(settings)
    if possible is not None and possible < settings.approvals_needed:
        whose = "APPROVER_USERS" if settings.approver_users else "ALLOWED_USERS"
        others = "1 other person" if settings.approvals_needed == 1 else f"{settings.approvals_needed} other people"
        yield Problem(
            "SECOND_APPROVAL_ABOVE",
            f"needs {others} to approve, and {whose} leaves {possible} for some requester",
            f"Name more people in {whose}, name a user group, or lower APPROVALS_NEEDED.",
        )


def _fewest_others(settings: Settings) -> int | None:
    """Return how few named people could approve any requester's request; None if the settings alone cannot tell (a
    group, or everybody)."""
    approvers = set(settings.approver_users or settings.allowed_users)
    if settings.approver_usergroups:
        return None
    if not settings.approver_users and (settings.allow_everyone or settings.allowed_usergroups or not approvers):
        return None
    asks_too = bool(approvers) if settings.allow_everyone else bool(approvers & set(settings.allowed_users))
    return len(approvers) - asks_too


def _approvals_never_needed(settings: Settings) -> Iterator[Problem]:
    if settings.approvals_needed > 1 and settings.second_approval_above is None:
        yield Problem(
            "APPROVALS_NEEDED",
            "is set, and no request ever needs approval while SECOND_APPROVAL_ABOVE is unset",
            "Set SECOND_APPROVAL_ABOVE (0 means always), or remove APPROVALS_NEEDED.",
        )


def _emergency_unseen(settings: Settings) -> Iterator[Problem]:
    if settings.emergency_users and settings.audit_channel is None:
        yield Problem(
            "EMERGENCY_USERS",
            "is set without AUDIT_CHANNEL, where every emergency is to be told",
            "Set AUDIT_CHANNEL to a channel's id, or remove EMERGENCY_USERS.",
        )


def _emergency_of_nobody(settings: Settings) -> Iterator[Problem]:
    if settings.allow_everyone or settings.allowed_usergroups or not settings.allowed_users:
        return
    # A U… and a W… id may be one person in an Enterprise Grid: only Slack knows.
    kinds = {user[0] for user in settings.allowed_users}
    strangers = [user for user in settings.emergency_users if user not in settings.allowed_users and kinds == {user[0]}]
    if strangers:
        yield Problem(
            "EMERGENCY_USERS",
            f"names {', '.join(strangers)}, not allowed to ask at all",
            "Add them to ALLOWED_USERS too, or remove them from EMERGENCY_USERS.",
        )


def _undo_outlives_approval(settings: Settings) -> Iterator[Problem]:
    if settings.undo_seconds >= settings.approval_valid_seconds:
        yield Problem(
            "UNDO_SECONDS",
            f"is {settings.undo_seconds}, and after APPROVAL_VALID_SECONDS={settings.approval_valid_seconds} "
            "nothing is sent: no order would ever be",
            "Make UNDO_SECONDS the smaller by far.",
        )


_RULES: tuple[tuple[frozenset[str], Callable[[Settings], Iterator[Problem]]], ...] = (
    (frozenset({"ALLOW_EVERYONE", "ALLOWED_USERS", "ALLOWED_USERGROUPS"}), _everyone_and_a_list),
    (
        frozenset(
            {
                "SECOND_APPROVAL_ABOVE",
                "APPROVALS_NEEDED",
                "APPROVER_USERS",
                "APPROVER_USERGROUPS",
                "ALLOW_EVERYONE",
                "ALLOWED_USERS",
                "ALLOWED_USERGROUPS",
            }
        ),
        _enough_approvers,
    ),
    (frozenset({"SECOND_APPROVAL_ABOVE", "APPROVALS_NEEDED"}), _approvals_never_needed),
    (frozenset({"EMERGENCY_USERS", "AUDIT_CHANNEL"}), _emergency_unseen),
    (frozenset({"EMERGENCY_USERS", "ALLOWED_USERS", "ALLOWED_USERGROUPS", "ALLOW_EVERYONE"}), _emergency_of_nobody),
    (frozenset({"UNDO_SECONDS", "APPROVAL_VALID_SECONDS"}), _undo_outlives_approval),
)
