"""Least rights on PostgreSQL: what the bot's role may do with each table, granted by the owner of the tables.

A role with these rights, and no others, can serve, check, back up and verify. It can add to the history and not change
it, and it can make, alter or drop no table.
"""

from sqlalchemy import Connection, text

_ADDED = "SELECT, INSERT"
_CHANGED = "SELECT, INSERT, UPDATE"  # SELECT … FOR UPDATE needs UPDATE, too
_REMOVED = "SELECT, INSERT, UPDATE, DELETE"

RIGHTS = {
    "alembic_version": "SELECT",
    "archived_request": "SELECT",
    "attempt": _REMOVED,
    "audit_event": _ADDED,
    "commit_mark": _REMOVED,
    "database_place": _CHANGED,
    "decision": _REMOVED,
    "delivery": _REMOVED,
    "edit_pace": _CHANGED,
    "event_text": _ADDED,
    "hold": _REMOVED,
    "in_flight": "SELECT, INSERT, DELETE",
    "known_order": _ADDED,
    "log_rest": _REMOVED,
    "ops_notice": _REMOVED,
    "order_line": _REMOVED,
    "process": _REMOVED,
    "quota": _CHANGED,
    "request": _CHANGED,
    "slack_message": _REMOVED,
    "verification": _CHANGED,
}
"""Each table with what the bot does to its rows."""

_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_ROLE = text("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = :role")
_CONNECTS = text(
    "SELECT quote_ident(datname) AS quoted, has_database_privilege(pg_roles.oid, pg_database.oid, 'CONNECT') AS may"
    " FROM pg_roles, pg_database WHERE rolname = :role AND datname = current_database()"
)
_SCHEMA = text(
    "SELECT quote_ident(nspname) AS quoted, has_schema_privilege(pg_roles.oid, nspname, 'USAGE') AS used,"
    " has_schema_privilege(pg_roles.oid, nspname, 'CREATE') AS created"
    " FROM pg_roles, pg_namespace WHERE rolname = :role AND"
    " pg_namespace.oid = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('audit_event'))"
)
_SEQUENCES = text(
    "SELECT CAST(CAST(objid AS regclass) AS text) FROM pg_depend"
    " WHERE refobjid = to_regclass(:name) AND deptype IN ('a', 'i')"
    " AND objid IN (SELECT oid FROM pg_class WHERE relkind = 'S')"
)
_OWNS = text(
    "SELECT EXISTS (SELECT FROM pg_roles, pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE rolname = :role AND (pg_has_role(pg_roles.oid, relowner, 'MEMBER')"
    " OR pg_has_role(pg_roles.oid, nspowner, 'MEMBER'))"
    " AND pg_class.oid IN (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name))"
)
"""Whether a role is the owner of one of these tables or of its schema, is in a role that is, or is a superuser."""
_HELD = text(
    "SELECT name, action FROM pg_roles, unnest(CAST(:names AS text[]), CAST(:actions AS text[]))"
    " WITH ORDINALITY AS asked(name, action, at)"
    " WHERE rolname = :role AND to_regclass(name) IS NOT NULL AND :held = CASE"
    " WHEN :held AND action IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')"
    " THEN has_any_column_privilege(pg_roles.oid, name, action)"
    " ELSE has_table_privilege(pg_roles.oid, name, action) END ORDER BY at"
)
"""Which of these rights a role has, on some column at least; or which it has not on the whole table."""


class CannotGrant(Exception):
    """The role cannot be given exactly these rights; the text says why and what to do."""


def grant(connection: Connection, role: str) -> None:
    """Give a role the rights of the bot and take away every other that it had here.

    Raises `CannotGrant` where there is no such role, or where it would still have others; the caller rolls back.
    """
    quoted = connection.execute(_ROLE, {"role": role}).scalar()
    if quoted is None:
        raise CannotGrant(f"there is no role {role!r}: CREATE ROLE makes one, and its name is typed as it is stored")
    if _owns(connection, role, list(RIGHTS)):
        raise CannotGrant(
            f"the role {role!r} owns the tables or their schema, is in a role that does, or is a superuser: it could "
            "give itself every right. Name another role, for the bot alone"
        )
    for name, rights in RIGHTS.items():
        _run(connection, f"REVOKE ALL ON TABLE {name} FROM {quoted}")
        _run(connection, f"GRANT {rights} ON TABLE {name} TO {quoted}")
        for sequence in connection.execute(_SEQUENCES, {"name": name}).scalars().all():
            _run(connection, f"REVOKE ALL ON SEQUENCE {sequence} FROM {quoted}")
            # SELECT is what pg_dump needs.
            _run(connection, f"GRANT USAGE, SELECT ON SEQUENCE {sequence} TO {quoted}")
    _open_the_way(connection, role, quoted)
    if more := _beyond(connection, role):
        raise CannotGrant(
            f"the role {role!r} may also {more}, as a member of another role or as everybody: take that away"
        )


def _open_the_way(connection: Connection, role: str, quoted: str) -> None:
    """Let the role reach the tables, and make none beside them. Changes only what is not so already."""
    database = connection.execute(_CONNECTS, {"role": role}).one()
    if not database.may:
        _run(connection, f"GRANT CONNECT ON DATABASE {database.quoted} TO {quoted}")
    schema = connection.execute(_SCHEMA, {"role": role}).one()
    if not schema.used:
        _run(connection, f"GRANT USAGE ON SCHEMA {schema.quoted} TO {quoted}")
    if schema.created:
        _run(connection, f"REVOKE CREATE ON SCHEMA {schema.quoted} FROM {quoted}")
    if connection.execute(_SCHEMA, {"role": role}).one().created:
        raise CannotGrant(
            f"the role {role!r} may make tables in the schema {schema.quoted}, as a member of another role or as "
            f"everybody: run REVOKE CREATE ON SCHEMA {schema.quoted} FROM PUBLIC as its owner"
        )


def _run(connection: Connection, statement: str) -> None:
    # Without parameters, since a quoted name may have a percent sign.
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _beyond(connection: Connection, role: str) -> str:
    pairs = [(name, action) for name in RIGHTS for action in _ALL if action not in RIGHTS[name].split(", ")]
    return ", ".join(f"{action} on {name}" for name, action in _held(connection, role, pairs, held=True)[:3])


def lacking(connection: Connection) -> str:
    """Which rights this connection's role lacks, and what to do; empty if none, and on SQLite."""
    if connection.dialect.name != "postgresql":
        return ""
    role = role_of(connection)
    pairs = [(name, action) for name, rights in RIGHTS.items() for action in rights.split(", ")]
    found = ", ".join(f"{action} on {name}" for name, action in _held(connection, role, pairs, held=False)[:3])
    return f"the role {role} may not {found}: run migrate --grant-to {role} as the tables' owner" if found else ""


def changes_history(connection: Connection) -> bool:
    """Whether this connection's role may change, delete or empty audit events, or take away what keeps it from that."""
    role = role_of(connection)
    pairs = [("audit_event", action) for action in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")]
    return _owns(connection, role, ["audit_event"]) or bool(_held(connection, role, pairs, held=True))


def role_of(connection: Connection) -> str:
    """The role of this connection."""
    return str(connection.execute(text("SELECT current_user")).scalar_one())


def _owns(connection: Connection, role: str, names: list[str]) -> bool:
    return bool(connection.execute(_OWNS, {"role": role, "names": names}).scalar_one())


def _held(connection: Connection, role: str, pairs: list[tuple[str, str]], *, held: bool) -> list[tuple[str, str]]:
    names, actions = ([pair[at] for pair in pairs] for at in (0, 1))
    given = {"role": role, "names": names, "actions": actions, "held": held}
    return [(row.name, row.action) for row in connection.execute(_HELD, given)]
