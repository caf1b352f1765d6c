"""The catalog: models, devices, data sets, limits, grades and mirrors, from YAML."""

from .catalog import Catalog
from .errors import CatalogError, Problem
from .load import load

__all__ = ["Catalog", "CatalogError", "Problem", "load"]
