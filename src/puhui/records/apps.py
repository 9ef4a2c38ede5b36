"""The Django app of the zone's tables."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "puhui.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
