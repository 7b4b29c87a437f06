"""With which settings the hub ran last, so that a change of them is put on record."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table; the settings at the next start are those that later ones are compared with."""
    op.create_table(
        "setting_digests",
        identity("tenant"),
        text("name", 200),
        text("digest", 16),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    hold_to_tenant("setting_digests")
