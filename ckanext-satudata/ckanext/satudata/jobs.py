"""What RQ workers run: each job carries only the id of work whose truth stands in Postgres."""

from __future__ import annotations

#: Queue of the harvests; its worker is started as `ckan jobs worker satudata`.
QUEUE = "satudata"


def harvest(run_id: str) -> None:
    """Do the work of one run; nothing happens where another worker has it or it has ended."""
    from ckanext.satudata.harvest import engine  # noqa: PLC0415 - the queue needs the name only

    engine.run(run_id)
