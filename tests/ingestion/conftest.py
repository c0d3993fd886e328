"""Lets tests here import the oracles, which lie beside this folder and belong to no package."""

import sys
from pathlib import Path

ORACLES = str(Path(__file__).resolve().parents[1] / "oracles")
if ORACLES not in sys.path:
    sys.path.append(ORACLES)
