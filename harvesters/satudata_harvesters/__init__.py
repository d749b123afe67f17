"""How an application is read: guarded HTTP, connectors, mapping, preview. Pure Python and requests, no CKAN."""
