"""An institution's node: asks, keeps and verifies answers. Never imports the zone."""
