"""Set Django up for the zone's tables: settings from the home, migrations applied. The only module that configures it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections


def connect(database: dict[str, Any]) -> None:
    """Point Django at a database and bring its tables up to date. Repeatable with another database."""
    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["puhui.records"],
            DATABASES={"default": database},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
            TIME_ZONE="UTC",
        )
        django.setup()
    else:
        connections["default"].close()
        connections["default"].settings_dict.update(database)
    if _behind():
        call_command("migrate", verbosity=0, interactive=False)


def sqlite(path: Path) -> dict[str, Any]:
    """An SQLite file that survives the loss of power: write-ahead log, every commit synced."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;",
            "transaction_mode": "IMMEDIATE",
        },
    }


def postgresql(url: dict[str, Any]) -> dict[str, Any]:
    """A PostgreSQL database by its parts: NAME, USER, HOST, PORT (the password comes from PGPASSFILE)."""
    return {"ENGINE": "django.db.backends.postgresql", **url}


def _behind() -> bool:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["default"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
