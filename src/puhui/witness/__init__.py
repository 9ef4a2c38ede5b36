"""The second office: follows the log and co-signs what is consistent."""
