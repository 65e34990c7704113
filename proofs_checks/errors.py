"""The errors that a person is meant to read. Each says what was expected, what came,
and what to do next."""

from __future__ import annotations


class PrealityError(Exception):
    """Something that preality can explain; the command line prints its message and no
    traceback."""


class InputError(PrealityError, ValueError):
    """An object handed in by a person does not meet a hypothesis; the message names
    which, and the next step."""


class CatalogueError(PrealityError):
    """A claim's page, of data or of code, is not well formed, or there is no such
    claim."""


class LedgerError(PrealityError):
    """The ledger cannot be read or written; it is never overwritten."""


class DeviceError(PrealityError):
    """The device that was asked for is not there."""
