"""The certificates that devices were given."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table, held to its tenant like every other."""
    op.create_table(
        "certificates",
        identity("tenant"),
        text("serial", 40),
        identity("device"),
        text("root", 64),
        number("issued_at"),
        number("expires_at"),
        number("revoked_at", optional=True),
        sa.PrimaryKeyConstraint("tenant", "serial"),
    )
    op.create_index("certificates_by_device", "certificates", ["tenant", "device", "issued_at"], unique=False)
    hold_to_tenant("certificates")
