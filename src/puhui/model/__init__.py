"""The words of the house: frozen data, refusals, no I/O. Imports nothing else of ours."""
