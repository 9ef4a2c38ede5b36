"""Names of the tables that one delivery's rooms share in the scratch database."""

NUMBERED = "numbered"  # the staged rows with `line`, the number of their record
