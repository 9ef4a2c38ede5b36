"""Generated reference pages: `python -m docs.make` writes them, `--check` says whether they are up to date."""
