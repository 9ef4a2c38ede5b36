"""Generated reference pages: `python -m docs.make` writes them, `--check` compares."""
