"""Datasets in Postgres and Solr: tables, bulk write, index, review, change log. Knows nothing of harvesting or HTTP."""
