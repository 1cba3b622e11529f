"""Posts to a payload's `response_url`: five uses within 30 minutes, private unless told otherwise."""

from typing import Any

from bot.sandbox.slack.core import Core
from bot.sandbox.slack.faults import Call, SlackError
from bot.sandbox.slack.methods import Answer, struck
from bot.sandbox.slack.state import Post, ResponseUrl, Source

Json = dict[str, Any]

MOST_USES = 5
LIFETIME_SECONDS = 30 * 60


def post(core: Core, url: str, body: Json) -> Answer:
    """Answer one post as (HTTP status, headers, body). Raises `ConnectionDropped` or `NoAnswer` on such a fault."""
    with core.changing():
        fault = core.faults.take("response_url")
        status, answer = (200, {"ok": True}) if fault and not fault.applied else _post(core, url, body)
        headers: dict[str, str] = {}
        outcome = str(answer.get("error", "ok"))
        if fault:
            status, outcome, headers, answer = struck(fault)
        core.log.add(Call("response_url", {**body, "url": url}, core.now(), status, outcome))
        core.faults.interrupt(fault)
    return status, headers, answer


def _post(core: Core, url: str, body: Json) -> tuple[int, Json]:
    entry = core.state.response_urls.get(url.rsplit("/", 1)[-1])
    if entry is None:
        return 404, {"ok": False, "error": "not_found"}
    if core.now() - entry.created > LIFETIME_SECONDS:
        return 404, {"ok": False, "error": "expired_url"}
    if entry.uses >= MOST_USES:
        return 404, {"ok": False, "error": "used_url"}
    entry.uses += 1
    try:
        _apply(core, entry, body)
    except SlackError as error:
        return 400, {"ok": False, "error": error.code, **error.extra}
    return 200, {"ok": True}


def _apply(core: Core, entry: ResponseUrl, body: Json) -> None:
    original = core.state.posts.get(entry.ts)
    if body.get("delete_original"):
        if original is None:
            raise SlackError("delete_original_not_supported")
        original.deleted = True
        return
    if body.get("replace_original") and original is not None:
        if original.deleted:
            raise SlackError("message_not_found")
        core.change_post(original, *core.checked_content(body))
        return
    add_answer(core, entry, body, Source.RESPONSE_URL)


def add_answer(core: Core, entry: ResponseUrl, body: Json, source: Source) -> Post:
    """The bot's answer as a new message: private, unless `response_type` is `in_channel`."""
    kind = body.get("response_type", "ephemeral")
    if kind not in ("ephemeral", "in_channel"):
        raise SlackError("invalid_response_type")
    text, blocks = core.checked_content(body)
    return core.add_post(
        entry.channel,
        core.state.bot_user,
        text,
        blocks,
        only_for=entry.user if kind == "ephemeral" else "",
        thread_ts=str(body.get("thread_ts") or entry.thread_ts),
        source=source,
    )
