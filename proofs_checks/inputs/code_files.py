"""Python files handed in by path: claims, and objects to audit. They are code and are
run; whatever they raise is told to their author."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from proofs_checks.errors import InputError, PrealityError
from proofs_checks.inputs.files import file_label, is_file, quoted_name
from proofs_checks.wording import error_line

PREFIX = "preality_file_"


def modules_of_files() -> list[ModuleType]:
    """The modules of files that were handed in and did not raise."""
    return [module for name, module in list(sys.modules.items()) if name.startswith(PREFIX)]


def run_file(path: Path, *, what: str, error: type[PrealityError] = InputError) -> ModuleType:
    """The module that a Python file makes.

    Args:
        what: How the file is called in messages ("claim file", "audit file"). error:
            What is raised.
    """
    if not is_file(path):
        raise error(f"There is no {what} {quoted_name(path)}.")
    hashed = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]
    name = f"{PREFIX}{what.replace(' ', '_')}_{re.sub('[^a-zA-Z0-9_-]', '_', path.stem)}_{hashed}"
    spec = importlib.util.spec_from_file_location(name, path.absolute())
    if spec is None or spec.loader is None:
        raise error(f"{quoted_name(path)} is not a Python file; a {what} is, and ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as raised:  # whatever a stranger's file raises has to be told to its author
        sys.modules.pop(name, None)
        raise error(f"The {what} {file_label(path)} raised {error_line(raised)}") from raised
    return module


def arguments(path: Path, function: Callable[..., Any]) -> dict[str, Any]:
    """The names of an audit file that are parameters of ``function``, as its arguments.

    Raises:
        InputError: a parameter without a default is not defined; the message lists
            which, and names that look like it.
    """
    module = run_file(path, what="audit file")
    given = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    wanted = inspect.signature(function).parameters
    missing = [name for name, parameter in wanted.items() if parameter.default is parameter.empty and name not in given]
    if missing:
        spare = [name for name in given if name not in wanted]  # a name that the audit takes is no other one misspelt
        close = sorted({near for name in missing for near in difflib.get_close_matches(name, spare, n=2, cutoff=0.6)})
        hint = f" It defines {', '.join(close)}: rename." if close else ""
        optional = [name for name, parameter in wanted.items() if parameter.default is not parameter.empty]
        raise InputError(
            f"{file_label(path)} does not define {', '.join(missing)}.{hint} The audit also takes {', '.join(optional)}."
        )
    return {name: given[name] for name in wanted if name in given}
