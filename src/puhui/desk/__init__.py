"""The stories of officers' work: adopt packs, build a snapshot, look at a figure, release, roll back, erase."""
