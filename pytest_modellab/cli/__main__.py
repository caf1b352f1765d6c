"""`python -m pytest_modellab.cli`: the command `modellab` of this very interpreter."""

import sys

from . import main

sys.exit(main())
