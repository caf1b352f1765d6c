"""Benchmark speech models with pytest: spec -> case -> run -> record -> verdict -> scorecard.

This module stays free of imports: a worker process loads it beside its engine and nothing else.
"""

__version__ = "0.1.0"
