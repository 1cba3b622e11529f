"""A file of the form, as Slack tells of it, and why one cannot be fetched."""

from typing import Any

import pytest

from bot.domain.files.not_fetched import NotFetched, Trouble
from bot.slack.results import NO_ACCESS, Failure, RateLimited, Refused, Unanswered
from bot.slack.shared_file import SharedFile, not_fetched, shared_file

FILE = {"id": "F1", "name": "orders.csv", "size": 7, "url_private": "https://files.example/a"}
READ = SharedFile("F1", "orders.csv", 7, "https://files.example/a")


@pytest.mark.parametrize(
    ("more", "file"),
    [
        ({}, READ),
        (
            {"url_private_download": "https://files.example/b"},
            SharedFile("F1", "orders.csv", 7, "https://files.example/b"),
        ),
        ({"name": "", "title": "Orders"}, SharedFile("F1", "Orders", 7, "https://files.example/a")),
        ({"title": "Orders"}, READ),
        ({"size": "7"}, SharedFile("F1", "orders.csv", 0, "https://files.example/a")),
        ({"mode": "hosted", "file_access": "visible", "is_external": False}, READ),
    ],
)
def test_a_file_is_what_slack_tells_of_it(more: dict[str, Any], file: SharedFile) -> None:
    assert file == shared_file({**FILE, **more})


def test_of_a_file_of_which_slack_says_nothing_nothing_is_known() -> None:
    assert SharedFile("", "", 0, None) == shared_file({})


@pytest.mark.parametrize(
    ("told", "trouble"),
    [
        ({"is_external": True, "external_type": "gdrive"}, NotFetched(Trouble.EXTERNAL, "Google Drive")),
        ({"mode": "external", "external_type": "onedrive"}, NotFetched(Trouble.EXTERNAL, "OneDrive")),
        ({"mode": "external", "external_type": "dropbox"}, NotFetched(Trouble.EXTERNAL, "Dropbox")),
        ({"mode": "external", "external_type": "a<b>"}, NotFetched(Trouble.EXTERNAL)),
        ({"mode": "external"}, NotFetched(Trouble.EXTERNAL)),
        ({"mode": "tombstone"}, NotFetched(Trouble.GONE)),
        ({"mode": "hidden_by_limit"}, NotFetched(Trouble.GONE)),
        ({"file_access": "file_not_found"}, NotFetched(Trouble.GONE)),
        ({"file_access": "access_denied"}, NotFetched(Trouble.NOT_VISIBLE)),
        ({"file_access": "check_file_info"}, None),
    ],
)
def test_a_file_that_cannot_be_had_says_why(told: dict[str, Any], trouble: NotFetched | None) -> None:
    assert trouble == shared_file({**FILE, **told}).trouble


@pytest.mark.parametrize(
    ("failure", "trouble"),
    [
        (RateLimited(30), NotFetched(Trouble.LIMITED, "30")),
        (Refused("missing_scope", "files:read"), NotFetched(Trouble.SCOPE, "files:read")),
        (Refused("not_slacks_host"), NotFetched(Trouble.EXTERNAL)),
        (Refused("redirected"), NotFetched(Trouble.EXTERNAL)),
        (Refused("file_deleted"), NotFetched(Trouble.GONE)),
        (Refused("http_404"), NotFetched(Trouble.GONE)),
        (Refused("http_403"), NotFetched(Trouble.NOT_VISIBLE)),
        (Refused("http_401"), NotFetched(Trouble.TOKEN)),
        *((Refused(code), NotFetched(Trouble.TOKEN)) for code in sorted(NO_ACCESS)),
        (Refused("too_large"), NotFetched(Trouble.REFUSED, "too_large")),
        (Unanswered("no answer"), NotFetched(Trouble.NO_ANSWER)),
    ],
)
def test_every_failure_comes_down_to_what_a_person_can_do(failure: Failure, trouble: NotFetched) -> None:
    assert trouble == not_fetched(failure)
