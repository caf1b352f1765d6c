"""Starts the worker in an interpreter that this package isn't installed for: `python bootstrap.py`.

The package is registered by its path, and nothing else of its folder can be imported: neither other packages of the
session's site-packages nor another installed version of this one. Standard library only.
"""

import sys


def main() -> None:
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this folder, before anything is imported from it by mistake

    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    package = Path(__file__).resolve().parent.parent
    spec = spec_from_file_location(
        "pytest_modellab", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)

    from pytest_modellab.runner import worker

    worker.main()


if __name__ == "__main__":
    main()
