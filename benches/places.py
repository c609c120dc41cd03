"""Where things are: the tree, and what is built and made for a run. Creates nothing."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / "target" / "bench"
CLIENTS = HERE / "clients"
LIBRARY = ROOT / "target" / "release" / "librq.so"
RESULTS = HERE / "results.json"
