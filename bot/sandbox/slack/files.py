"""The stand-in's files: the two-step upload, the look-up, and downloads that need a token."""

import base64
import re
from typing import Any

from bot.sandbox.slack.core import Core
from bot.sandbox.slack.faults import SlackError
from bot.sandbox.slack.state import File

Json = dict[str, Any]

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to your workspace</body></html>"
_CHANNEL_ID = re.compile(r"[CGDZ][A-Z0-9]{8,}")
Download = tuple[int, dict[str, str], bytes]


def get_upload_url(core: Core, params: Json) -> Json:
    """`files.getUploadURLExternal`: step one of an upload."""
    name, length = str(params.get("filename") or ""), int(params.get("length") or 0)
    if not name or length <= 0:
        raise SlackError("missing_argument")
    file = File(core.state.new_id("F"), name, core.state.bot_user, length=length)
    core.state.files[file.id] = file
    return {"upload_url": f"{core.base_url}/upload/{file.id}", "file_id": file.id}


def upload(core: Core, url: str, content: bytes) -> tuple[int, bytes]:
    """Step two: the bytes, posted to the upload URL. Answers 200, or 404 or 400 for what Slack would refuse."""
    file = core.state.files.get(url.rsplit("/", 1)[-1])
    if file is None or file.uploaded:
        return 404, b"not found"
    if len(content) != file.length:
        return 400, b"length does not match"
    file.content, file.uploaded = base64.b64encode(content).decode(), True
    return 200, f"OK - {len(content)}".encode()


def complete_upload(core: Core, params: Json) -> Json:
    """`files.completeUploadExternal`: step three; shares the files where `channel_id` says, which is never a person."""
    wanted = params.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    target = params.get("channel_id")
    if target is not None and not _CHANNEL_ID.fullmatch(str(target)):
        pattern = f"must match {_CHANNEL_ID.pattern} [json-pointer:/channel_id]"
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {pattern}"]})
    done = []
    for entry in wanted:
        file = core.state.files.get(str(entry.get("id")))
        if file is None or not file.uploaded or file.complete:
            raise SlackError("file_not_found")
        done.append((file, str(entry.get("title") or file.name)))
    channel = core.postable_channel(target) if target else None
    for file, title in done:
        file.complete, file.title = True, title
    if channel is not None:
        ids = [file.id for file, _ in done]
        thread = str(params.get("thread_ts") or "")
        comment = str(params.get("initial_comment") or "")
        core.add_post(channel.id, core.state.bot_user, comment, None, files=ids, thread_ts=thread)
    return {"files": [file_json(core, file) for file, _ in done]}


def files_info(core: Core, params: Json) -> Json:
    """`files.info`."""
    file = core.state.files.get(str(params.get("file")))
    if file is None or not file.complete:
        raise SlackError("file_not_found")
    return {"file": file_json(core, file)}


def download(core: Core, url: str, token: str | None) -> Download:
    """The bytes, or 200 with an HTML login page where token or scope is missing, as Slack does."""
    if token != core.state.bot_token or core.state.refuses_token or "files:read" not in core.state.scopes:
        return 200, {"Content-Type": "text/html; charset=utf-8"}, LOGIN_PAGE
    file = core.state.files.get(url.split("/files/")[-1].split("/")[0])
    if file is None or not file.complete or file.external_type:
        return 404, {"Content-Type": "text/html"}, b"not found"
    return 200, {"Content-Type": file.mimetype}, base64.b64decode(file.content)


def file_in_payload(core: Core, file: File) -> Json:
    """A file as payloads show it: of one shared through Slack Connect, that `files.info` is to be asked."""
    if file.connected:
        return {"id": file.id, "created": 1, "mode": "file_access", "file_access": "check_file_info"}
    return file_json(core, file)


def file_json(core: Core, file: File) -> Json:
    """A file as the Web API shows it. Of one that another service keeps there is only that service's own address."""
    url = f"{core.base_url}/files/{file.id}/{file.name}"
    if file.external_type:
        url = f"https://{file.external_type}.example.com/{file.id}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rsplit(".", 1)[-1].lower(),
        "size": file.length,
        "mode": "external" if file.external_type else "hosted",
        "is_external": bool(file.external_type),
        "external_type": file.external_type,
        "user": file.user,
        "url_private": url,
        **({} if file.external_type else {"url_private_download": url.replace(file.id, f"{file.id}/download", 1)}),
    }
