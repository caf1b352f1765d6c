"""The catalog: models, devices, data sets, limits, grades and mirrors, from YAML."""

from .errors import CatalogError, Problem
from .load import Catalog, load

__all__ = ["Catalog", "CatalogError", "Problem", "load"]
