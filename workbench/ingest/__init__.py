"""From tables to a dataset on disk: read, check, order, encode, commit.

The package and the public function share a name, so the package itself can be called:
``workbench.ingest(tables, schema, path)`` is ``workbench.ingest.build.ingest``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Ingest(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        from workbench.ingest.build import ingest

        return ingest(*args, **options)


sys.modules[__name__].__class__ = _Ingest
