"""`python -m pytest_modellab.cli`: the command `modellab` with this interpreter."""

import sys

from . import main

sys.exit(main())
