"""Harvesting: sources, runs, schedule, guards. Reads with satudata_harvesters, keeps with the catalogue."""
