"""The file of an archive, as docs/audit.md describes it: JSON lines in gzip, ended by the SHA-256 of all before.

Needs neither database nor settings, and only Python's standard library.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

FORMAT = "cancel-orders archive 1"
GENESIS = "0" * 64


class BadArchive(Exception):
    """The file is not what an archive was written as; the text says why."""


def _end(digest: str) -> bytes:
    """The last member: the hash of all bytes before it, uncompressed, so that there is one way to write it."""
    line = f'{{"sha256":"{digest}"}}\n'.encode()
    size = len(line).to_bytes(2, "little")
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01" + size + bytes(0xFF - each for each in size)
    return head + line + zlib.crc32(line).to_bytes(4, "little") + len(line).to_bytes(4, "little")


END_BYTES = len(_end(GENESIS))


class ArchiveWriter:
    """Writes an archive, line by line. A context manager; the file is whole and on the disk once it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._gzip = gzip.GzipFile(filename="", mode="wb", fileobj=self, mtime=0)

    def write(self, content: bytes) -> int:
        """Called by gzip: write compressed bytes."""
        self._digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        """Called by gzip."""
        self._file.flush()

    def line(self, **values: Any) -> None:
        """Write a line: an object with these keys."""
        self._gzip.write(json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_text).encode() + b"\n")

    def end(self) -> None:
        """Write the end, and have the file on the disk."""
        self._gzip.close()
        self._file.write(_end(self._digest.hexdigest()))
        self._file.flush()
        os.fsync(self._file.fileno())


def _text(value: Any) -> str:
    return str(value.isoformat())


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """An event as an archive holds it."""

    seq: int
    payload: str
    prev_hash: str
    hash: str

    @property
    def is_whole(self) -> bool:
        """Whether its content matches its hash."""
        content = f"{self.seq}\n{self.prev_hash}\n{self.payload}".encode()
        return self.hash == hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose bytes are those that were written. Made by `open_archive`."""

    path: Path
    sha256: str
    """Of the whole file."""
    header: Mapping[str, Any]

    @property
    def first(self) -> int:
        """The number of its first event."""
        return int(self.header["first"])

    @property
    def last(self) -> int:
        """The number of its last event."""
        return int(self.header["last"])

    @property
    def number(self) -> int:
        """Which archive of its history it is, from 1."""
        return int(self.header["number"])

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """Every line after the first, without the end."""
        with gzip.open(self.path, "rt", encoding="utf-8", newline="\n") as lines:
            next(lines)
            for line in lines:
                values = json.loads(line)
                if "sha256" in values:
                    return
                yield values

    def events(self) -> Iterator[ArchivedEvent]:
        """The events of the chain from `first` to `last`."""
        for values in self.lines():
            if "event" not in values:
                return
            yield ArchivedEvent(**values["event"])


def open_archive(path: Path) -> Archive:
    """Open an archive and check its bytes. Raises `BadArchive`, and `OSError` where it cannot be read."""
    content, whole = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        left = os.fstat(file.fileno()).st_size - END_BYTES
        if left <= 0:
            raise BadArchive(f"{path} is no archive, or cut off")
        while left:
            chunk = file.read(min(left, 1 << 20))
            if not chunk:
                raise BadArchive(f"{path} is cut off")
            content.update(chunk)
            left -= len(chunk)
        whole, end = content.copy(), file.read()
    if end != _end(content.hexdigest()):
        raise BadArchive(f"{path} is not as it was written: its bytes do not match the SHA-256 at its end")
    whole.update(end)
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            header = json.loads(next(lines))
    except (OSError, EOFError, StopIteration, ValueError, zlib.error) as error:
        raise BadArchive(f"{path} is no archive: {error}") from None
    if header.get("format") != FORMAT:
        raise BadArchive(f"{path} is no archive of the format {FORMAT!r}")
    return Archive(path, whole.hexdigest(), header)


def check_events(archive: Archive) -> None:
    """Check the chain of the file's events. Raises `BadArchive` and names the first bad event."""
    seq, before = archive.first - 1, str(archive.header["prev_hash"])
    for event in archive.events():
        if event.seq != seq + 1:
            raise BadArchive(f"{archive.path}: event {seq + 1} is missing")
        if event.prev_hash != before:
            raise BadArchive(f"{archive.path}: event {event.seq} does not follow from the event before it")
        if not event.is_whole:
            raise BadArchive(f"{archive.path}: the content of event {event.seq} does not match its hash")
        seq, before = event.seq, event.hash
    for values in archive.lines():
        if "earlier" in values and not ArchivedEvent(**values["earlier"]).is_whole:
            number = values["earlier"]["seq"]
            raise BadArchive(f"{archive.path}: the content of event {number} does not match its hash")
    if (seq, before) != (archive.last, archive.header["head"]):
        raise BadArchive(f"{archive.path}: its events end at {seq}, not at {archive.last}")
