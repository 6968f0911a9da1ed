"""Who may call: the keys of a store, kept in memory, and the check that every route under /v1 makes."""

import hmac
import math
import os
import pwd
import threading
import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.http.problem import ProblemError
from api.operations.keys import key_hash, stored_keys
from api.store import Store

# A key made or revoked by another process counts after this long at the latest.
REFRESH_SECONDS = 30
# Unknown keys make us look again, but not more often than this.
RETRY_SECONDS = 1
_MAX_KEY_LENGTH = 200

_bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer rr_…`")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="`X-API-Key: rr_…`")


@dataclass(frozen=True, slots=True)
class _StoredKey:
    salt: str
    key_hash: str


class KeyRing:
    """The keys of a store, kept in memory. Safe for many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._keys: dict[str, _StoredKey] = {}
        self._read_at = -math.inf

    def holds_now(self, key: str) -> bool | None:
        """Say whether `key` is good by what is in memory; None where memory is too old to say."""
        identity = _parts(key)
        if identity is None:
            return False
        age = time.monotonic() - self._read_at
        if age > (REFRESH_SECONDS if identity[0] in self._keys else RETRY_SECONDS):
            return None
        return self._is_good(*identity)

    def holds(self, key: str) -> bool:
        """Say whether `key` is good; reads the stored keys anew where needed."""
        with self._lock:
            found = self.holds_now(key)
            if found is None:
                self._keys = {
                    row["key_id"]: _StoredKey(row["salt"], row["key_hash"])
                    for row in stored_keys(self._store)
                    if not row["revoked"]
                }
                self._read_at = time.monotonic()
                identity = _parts(key)
                found = identity is not None and self._is_good(*identity)
        return found

    def forget(self) -> None:
        """Read the stored keys anew before the next answer: one was made or revoked."""
        # A read that began before the change ends before this; what it found does not stay.
        with self._lock:
            self._read_at = -math.inf

    def _is_good(self, key_id: str, secret: str) -> bool:
        stored = self._keys.get(key_id)
        return stored is not None and hmac.compare_digest(stored.key_hash, key_hash(stored.salt, secret))


async def require_key(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> None:
    """Let a request with a good key pass, and keep who calls. Raises ProblemError 401 `invalid_api_key`."""
    keys: KeyRing | None = request.app.state.keys
    if keys is None:
        request.state.actor = _LOCAL_ACTOR
        return
    key = bearer.credentials if bearer is not None else header
    if key is None:
        raise _refused("Send an API key: `Authorization: Bearer rr_…` or `X-API-Key: rr_…`.")
    holds = keys.holds_now(key)
    if holds is None:
        holds = await run_in_threadpool(keys.holds, key)
    if not holds:
        raise _refused("The API key is unknown or revoked.")
    request.state.actor = f"key:{key.split('_')[1]}"


def _local_actor() -> str:
    """Who runs this process, by the system's own account: the environment may say anything."""
    try:
        return f"user:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"user:{os.getuid()}"


_LOCAL_ACTOR = _local_actor()


def _parts(key: str) -> tuple[str, str] | None:
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != "rr" or not key_id or not secret or len(key) > _MAX_KEY_LENGTH or not key.isascii():
        return None
    return key_id, secret


def _refused(detail: str) -> ProblemError:
    return ProblemError(401, "invalid_api_key", detail, headers={"WWW-Authenticate": "Bearer"})
