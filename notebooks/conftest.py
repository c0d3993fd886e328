"""Notebooks run by a test train on a few days only; set the variable yourself to run them whole."""

from __future__ import annotations

import os

os.environ.setdefault("WORKBENCH_NOTEBOOK_DAYS", "3")
