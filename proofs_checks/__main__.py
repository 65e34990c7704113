"""``python -m proofs_checks``: the command ``preality`` where no script is
installed."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from proofs_checks.cli import main
    except KeyboardInterrupt:  # before anything began
        sys.exit(130)
    sys.exit(main())
