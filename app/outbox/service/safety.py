"""Safe mode: nothing of a company leaves, whatever asks for it. A restored backup wakes in it; it is also the brake
for emergencies. The go of every message reads it, so at most the calls that are on the wire go on.
"""

from sqlalchemy import update

from app.accounts.models import Tenant
from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import read_session, transaction
from app.core.facts import emit
from app.core.permissions import require
from app.outbox.service.queueing import wake


def in_safe_mode() -> bool:
    return read_session().get_one(Tenant, current_actor().tenant_id, populate_existing=True).safe_mode


def set_safe_mode(on: bool) -> bool:
    """False when it was so already. Off: what waited goes on at its pace; what a restore holds stays held."""
    require("settings.manage")
    mine = update(Tenant).where(Tenant.id == current_actor().tenant_id, Tenant.safe_mode.is_(not on))
    with transaction() as session:
        changed = session.execute(
            mine.values(safe_mode=on, updated_at=clock.now()), execution_options={"synchronize_session": False}
        )
        if not changed.rowcount:
            return False
        audit("tenant.safe_mode", "tenant", current_actor().tenant_id, {"safe_mode": [not on, on]})
        emit("tenant.safe_mode", on=on)
        wake()
    return True
