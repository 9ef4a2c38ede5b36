"""Every subject's key under the newest sealing key: what a renewal of that key is worth.

Promises: repeatable, and a stop in between leaves each record under the old key or the new one, both of which the
vault reads. Records themselves are not sealed anew: their own keys stay. Older copies (backups) stay under the old key.
"""

from __future__ import annotations

from puhui.model.subject import KIND_OF_LETTER
from puhui.subjects.vault import Vault

_AT_ONCE = 5_000  # subjects in one transaction


def rewrap(vault: Vault) -> int:
    """Wrap what is under an older version; how many keys of subjects were. Cases of names are sealed anew too."""
    vault.seal_by_newest()
    letters = "".join(KIND_OF_LETTER)
    behind = [row.token for row in vault.store.every_record(letters) if row.wrapped_by != vault.seal_version]
    for at in range(0, len(behind), _AT_ONCE):
        with vault.batch():  # read again within: a record may have grown, or be gone
            rows = vault.store.records(behind[at : at + _AT_ONCE]).values()
            vault.store.replace([vault.rewrapped(row) for row in rows])
    with vault.batch():
        for case in vault.store.cases():
            vault.store.put_case(vault.resealed(case))
    vault.store.scrub()
    return len(behind)
