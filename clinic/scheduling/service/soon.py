"""Having a worker do at once what the clock would come round to."""

from __future__ import annotations

from clinic.core import queue
from clinic.core.db import after_commit

LOOK_TASK = "clinic.scheduling.tasks.look_for_waiting"


def look_soon(facility_id: int) -> None:
    """Once this has committed, have a worker look what can be offered here; without one the clock does."""
    after_commit(lambda: queue.enqueue(LOOK_TASK, facility_id))
