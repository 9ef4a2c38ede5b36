"""What of a home the settings decide: who keeps its keys, where its journals have their second copy."""

from __future__ import annotations

from pathlib import Path

from puhui.adapters.journal_file import FileJournal
from puhui.adapters.keys_opened import open_keys
from puhui.adapters.log_opened import Epoch
from puhui.adapters.settings_toml import ZoneSettings
from puhui.model.keys import KeyStore

KEYS, VAULT = "keys", "vault"  # folders of the home
ERASURES, STOPS = "erasures.journal", "stops.journal"  # in the folder of the vault


def keys_of(home: Path, settings: ZoneSettings) -> KeyStore:
    """The zone's keys. Raises KeysRefused."""
    return open_keys(home / KEYS, settings.keys)


def journal_of(home: Path, settings: ZoneSettings, name: str = ERASURES) -> FileJournal:
    """The journal of that name: ERASURES or STOPS."""
    return FileJournal(home / VAULT / name, Path(settings.journals) if settings.journals else None)


def epochs_of(settings: ZoneSettings) -> list[Epoch]:
    """The zone's logs, oldest first: one, and another one for each backup that was restored."""
    origin = f"puhui/{settings.city}/{settings.zone}"
    begun = settings.epochs
    sizes = [*(one.size for one in begun), None]
    keys = [1, *(one.key for one in begun)]
    names = [origin, *(f"{origin}/{number}" for number in range(2, len(sizes) + 1))]
    return [Epoch(name, key, size) for name, key, size in zip(names, keys, sizes, strict=True)]
