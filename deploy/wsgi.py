"""What the web server loads: CKAN with the plugins of the file that `CKAN_INI` names."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app

application = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())

# What is loaded now stays: looking through all of it for garbage would halt every request for a tenth of a second.
gc.collect()
gc.freeze()
atexit.register(gc.unfreeze)
# A short request that comes back from Redis or Solr waits this long for one that computes, a page of CKAN's say.
sys.setswitchinterval(0.001)
