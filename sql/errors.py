"""What can go wrong between us and the engine, as three exceptions.

EngineError
├── StoreInUse        another process owns the folder
└── EngineBusy        out of memory, disk or connections: the same call may work later
"""

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


class EngineBusy(EngineError):
    """The engine is out of memory, disk space or connections for now."""


# Error codes of the engine that say "later", not "never": memory limit, disk full, too many queries or parts,
# timeouts and lost connections.
_BUSY = ("Code: 241", "Code: 243", "Code: 202", "Code: 252", "Code: 159", "Code: 209", "Code: 210")


def as_engine_error(error: Exception) -> EngineError:
    """Map whatever the client raised to one of ours."""
    if isinstance(error, EngineError):
        return error
    text = str(error)
    if any(code in text for code in _BUSY) or isinstance(error, (ConnectionError, TimeoutError)):
        return EngineBusy(text)
    return EngineError(text)
