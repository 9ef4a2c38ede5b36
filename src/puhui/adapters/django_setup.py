"""Set Django up for the zone's tables: settings from the home, migrations applied. Nothing else configures it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor


def connect(database: dict[str, Any]) -> None:
    """Point Django at a database and bring its tables up to date. Repeatable with another database."""
    connections["default"].close()
    connections.databases["default"] = connections.configure_settings({"default": dict(database)})["default"]
    del connections["default"]  # the next use makes a connection of the new database's kind
    if _behind():
        call_command("migrate", verbosity=0, interactive=False)


def sqlite(path: Path) -> dict[str, Any]:
    """An SQLite file that survives the loss of power: write-ahead log, every commit synced."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # removed bytes are overwritten: a destroyed key must not stand in a free page
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000; "
            "PRAGMA secure_delete=ON;",
            "transaction_mode": "IMMEDIATE",
        },
    }


def scrub() -> None:
    """Take older copies of removed bytes out of SQLite's write-ahead log. Other databases see to it themselves."""
    connection = connections["default"]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def postgresql(url: dict[str, Any]) -> dict[str, Any]:
    """A PostgreSQL database by its parts: NAME, USER, HOST, PORT (the password comes from PGPASSFILE)."""
    return {"ENGINE": "django.db.backends.postgresql", **url}


def _behind() -> bool:
    executor = MigrationExecutor(connections["default"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def postgresql_parts(url: str) -> dict[str, Any]:
    """`postgresql://user@host:port/name`, or `…@/name?host=/socket/folder`, as Django's settings.

    A password in it has no place and is left out: it comes from PGPASSFILE.
    """
    parts = urlsplit(url)
    socket = parse_qs(parts.query).get("host", [""])[0]
    host = socket or parts.hostname or ""
    return postgresql(
        {"NAME": parts.path.lstrip("/"), "USER": parts.username or "", "HOST": host, "PORT": str(parts.port or "")}
    )


# models can only be imported once settings exist: whoever imports this module first makes them
if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["puhui.records"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        TIME_ZONE="UTC",
    )
    django.setup()
