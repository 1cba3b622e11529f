"""What a request's ids were read from: `request.source` is read and written only here."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from storage.models import Request


class IdSource(BaseModel):
    """What was read, as far as the requester is told. Field names are stored: never rename one."""

    model_config = ConfigDict(frozen=True)

    duplicates: tuple[str, ...] = ()
    """Duplicate ids that were dropped."""
    file_name: str | None = None
    column: str | None = None
    """The column that was read: its header, or `column 2`."""
    blank_rows: int = 0
    set_aside: tuple[tuple[str, str | None], ...] = ()
    """Ids unlike a Fincart id, each with its label: sent only if the requester includes them."""

    @classmethod
    def of(cls, request: Request) -> Self:
        """The source of this request's ids."""
        return cls.model_validate_json(request.source or "{}")

    def to_json(self) -> str:
        """As the row stores it."""
        return self.model_dump_json(exclude_defaults=True)
