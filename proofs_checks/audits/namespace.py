"""Every audit under one name: ``audit.density(flow, inliers, outliers)``. An audit's
module is imported when it is called or described.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proofs_checks.audits import KINDS, Kind
from proofs_checks.audits.example_calls import with_line
from proofs_checks.errors import InputError


class Audit:
    """One audit. Call it with your objects, or with the path of a file that holds
    them.
    """

    def __init__(self, name: str, kind: Kind) -> None:
        self._kind = kind
        self.__name__ = self.__qualname__ = name

    @property
    def function(self) -> Callable[..., Any]:
        """The audit itself; asking for it imports what the audit needs."""
        return getattr(importlib.import_module(self._kind.module), self._kind.function)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return inspect.getdoc(self.function) or ""

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.function)

    def __call__(self, *objects: Any, **options: Any) -> Any:
        """The report: print it, or look at ``.findings``, ``.meaning``,
        ``.next_step`` and ``.figure()``.

        Args:
            objects: In the order that ``help(audit.NAME)`` shows, or one path of a file
                that holds them.
            options: Arguments by name, likewise.
        Raises:
            ValueError: an object or a file that the audit cannot read, and what to do.
        """
        one_file = len(objects) == 1 and isinstance(objects[0], (str, Path)) and not options
        if one_file and self._kind.reads != "data" and str(objects[0]).endswith(".py"):
            from proofs_checks.inputs.code_files import arguments

            return self._told(**arguments(Path(objects[0]), self.function))
        return self._told(*objects, **options)

    def _told(self, *objects: Any, **options: Any) -> Any:
        """The report, or a refusal that shows a line to write."""
        try:
            return self.function(*objects, **options)
        except InputError as refused:
            raise with_line(refused, self.__name__) from refused.__cause__

    def __repr__(self) -> str:
        return f"<audit {self.__name__}{self.__signature__}>"


class Audits:
    """The audits by name, with completion; ``help(audit.density)`` says what one takes.

    >>> from proofs_checks import audit
    >>> "density" in dir(audit)
    True
    """

    def __getattr__(self, name: str) -> Audit:
        if name.startswith("__") or name not in KINDS:
            raise AttributeError(f"There is no audit {name!r}; the audits are {', '.join(KINDS)}.")
        made = self.__dict__[name] = Audit(name, KINDS[name])
        return made

    def __dir__(self) -> list[str]:
        return sorted(KINDS)

    def __repr__(self) -> str:
        return f"<audits: {', '.join(KINDS)}>"


audit = Audits()
