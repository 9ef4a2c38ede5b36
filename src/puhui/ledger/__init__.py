"""The log: entries, sequencer, tiles, checkpoints, checking."""
