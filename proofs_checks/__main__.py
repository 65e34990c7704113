"""``python -m proofs_checks``: the command ``preality`` where no script is installed."""

from __future__ import annotations

import sys

from proofs_checks.cli import main

if __name__ == "__main__":
    sys.exit(main())
