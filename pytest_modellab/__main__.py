"""`python -m pytest_modellab`: the command `modellab` with this interpreter."""

import sys

from .cli import main

sys.exit(main())
