"""An edition counts as known from its release on where it waited for one."""

from django.db import migrations, models
from django.db.models import F


def known_since_commit(apps, schema_editor):
    editions = apps.get_model("records", "Edition").objects
    editions.exclude(state="awaiting_release").update(known_at=F("committed_at"))


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [
        migrations.AddField("edition", "known_at", models.DateTimeField(null=True)),
        migrations.RunPython(known_since_commit, migrations.RunPython.noop),
    ]
