"""How one machine runs the catalogue: every service, the set-up, the demo, the services of the tests.

Runs on the system's Python before any virtual environment exists, so it imports nothing but the standard library; the
modules that load CKAN (`catalogue`, `wsgi`) run inside the environment.
"""
