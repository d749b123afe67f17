"""Pages: what the public, OPD editors and the Walidata see of datasets, sources, runs and reviews."""
