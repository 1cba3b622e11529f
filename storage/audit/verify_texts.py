"""PURE: holds the texts of people to the events that have their hashes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage.audit.texts import StoredText, hash_of, read_text, text_hash
from storage.enums import EventKind

GONE = "gone"
"""Stands in place of a text that is not there, until the event that erased it."""


class WrongText(NamedTuple):
    """A text that is not as the events tell: the event's number, and what is wrong."""

    seq: int
    why: str


@dataclass(slots=True)
class CheckedTexts:
    """Texts by hash, and what events tell of them."""

    texts: Mapping[str, StoredText] = field(default_factory=dict)
    hashes: dict[str, int] = field(default_factory=dict)
    """Hashes, and the events that have them."""
    erased: dict[str, int] = field(default_factory=dict)
    """Those that were erased, and by which event."""

    def read(self, seq: int, kind: str, details: dict[str, Any]) -> None:
        """Note what an event tells of texts, and put them, or `GONE`, in place of their hashes in its details."""
        if kind == EventKind.ERASED.value:
            self.erased |= dict.fromkeys(details["texts"], seq)
        for key, value in details.items():
            if (its_hash := hash_of(value)) is not None:
                self.hashes[its_hash] = seq
                text = self.texts.get(its_hash)
                details[key] = GONE if text is None else read_text(key, text.text)

    def wrong(self, last: int) -> WrongText | None:
        """A text that is not as the events up to `last` tell; None if all are."""
        for its_hash, text in self.texts.items():
            name = f"the text {its_hash[:16]}"
            if its_hash not in self.hashes:
                return WrongText(last, f"no event tells of {name}")
            if its_hash in self.erased:
                return WrongText(self.erased[its_hash], f"{name} is there, though it was erased")
            if text_hash(*text) != its_hash:
                return WrongText(self.hashes[its_hash], f"{name} is not what was typed")
        gone = [its_hash for its_hash in self.hashes if its_hash not in self.texts and its_hash not in self.erased]
        return WrongText(self.hashes[gone[0]], f"the text {gone[0][:16]} is missing") if gone else None
