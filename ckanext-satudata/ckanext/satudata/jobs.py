"""What RQ workers run: each job carries only the id of work whose truth stands in Postgres."""

from __future__ import annotations

#: Queue of the harvests; the worker is started as `ckan jobs worker satudata`.
QUEUE = "satudata"
