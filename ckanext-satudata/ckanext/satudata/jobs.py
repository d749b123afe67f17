"""What RQ workers run: each job carries only the id of work whose truth stands in Postgres.

The queue is `harvest.schedule.QUEUE`; its worker is started as `ckan jobs worker satudata`.
"""

from __future__ import annotations

from ckanext.satudata.harvest import engine


def harvest(run_id: str) -> None:
    """Do the work of one run; nothing happens where another worker has it or it has ended."""
    engine.run(run_id)
