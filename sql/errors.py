"""What can go wrong between us and the engine, as five exceptions.

EngineError
├── StoreInUse        another process owns the folder
├── AccessRefused     the server does not take the user or password
└── EngineBusy        out of memory, disk or connections: the same call may work later
    └── ConnectionLost    the server did not answer: what was asked may have been done, or be under way
"""

import re
from pathlib import Path


class EngineError(Exception):
    """The engine refused or failed a statement. The message is the engine's own, for operators only."""


class StoreInUse(EngineError):
    """Another process owns the embedded store's folder."""

    def __init__(self, folder: Path, owner: str) -> None:
        super().__init__(
            f"process {owner} already owns {folder}. One process owns an embedded store: talk to it over HTTP "
            "(--url), or stop it first"
        )
        self.folder = folder
        self.owner = owner


class AccessRefused(EngineError):
    """A user or password is wrong, or the user may not do this."""


class EngineBusy(EngineError):
    """The engine is out of memory, disk space or connections for now."""


class ConnectionLost(EngineBusy):
    """The connection to the server broke, or never was: whether the statement ran, or still runs, is unknown."""


# Error codes of the engine that say "later", not "never": memory limit, disk full, too many queries or parts, timeouts
# and lost connections, and a repeat of an insert that still runs.
_BUSY = {159, 202, 209, 210, 216, 241, 243, 252}

# Those that say who we are not: unknown user, wrong or missing password, access denied, authentication failed.
_REFUSED = {192, 193, 194, 497, 516}

_CODE = re.compile(r"\bCode: (\d+)")


def as_engine_error(error: Exception) -> EngineError:
    """Map whatever the client raised to one of ours."""
    if isinstance(error, EngineError):
        return error
    text = str(error)
    code = getattr(error, "code", None)
    if not isinstance(code, int):
        found = _CODE.search(text)
        code = int(found[1]) if found else None
    if code is None and (_transport_failed(error) or isinstance(error, (ConnectionError, TimeoutError))):
        return ConnectionLost(f"the server does not answer: {text}")
    if code in _REFUSED:
        return AccessRefused(text)
    return EngineBusy(text) if code in _BUSY else EngineError(text)


def _transport_failed(error: Exception) -> bool:
    from urllib3.exceptions import HTTPError  # loaded by the driver already

    return isinstance(error, HTTPError) or isinstance(error.__cause__, HTTPError)
