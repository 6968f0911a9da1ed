"""A client of a ClickHouse server, by DSN: `clickhouse[s]://user:password@host:port/database?option=value`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = {"clickhouse": "http", "http": "http", "clickhouses": "https", "https": "https"}

# Ports of ClickHouse's native protocol, and the HTTP ports beside them.
NATIVE_PORTS = {9000: 8123, 9440: 8443}

CERTIFICATES = ("ca_cert", "client_cert", "client_cert_key")

# What a DSN may say after the question mark.
OPTIONS = frozenset({"connect_timeout", "send_receive_timeout", "compress", "verify", *CERTIFICATES})


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is and who we are there."""

    interface: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, dsn: str) -> "ServerAddress":
        """Read a DSN. User, password and database are percent-encoded; the user is `default` and the port 8123
        (8443 with TLS) where the DSN names none. Raises ValueError, which never quotes the password."""
        parts = urlsplit(dsn)
        interface = SCHEMES[parts.scheme]
        if not parts.hostname:
            raise ValueError("the DSN names no host; write clickhouse://user:password@host:8123/database")
        port = parts.port or (8443 if interface == "https" else 8123)
        if port in NATIVE_PORTS:
            raise ValueError(
                f"port {port} is that of ClickHouse's native protocol; Runrate speaks HTTP, "
                f"usually on port {NATIVE_PORTS[port]}"
            )
        options = tuple(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := sorted({name for name, _ in options} - OPTIONS):
            raise ValueError(
                f"the DSN has an unknown option {unknown[0]!r}; it may have {', '.join(sorted(OPTIONS))}"
            )
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        database = unquote(parts.path.strip("/"))
        return cls(interface, parts.hostname, port, user or "default", password, database, options)


def connect(address: ServerAddress, database: str | None, settings: Mapping[str, Any]) -> Any:
    """Open a client of clickhouse-connect. It has no session: requests of several threads stay apart."""
    import clickhouse_connect  # the driver takes 0.4 s to load: only for those who open a store

    options: dict[str, Any] = dict(address.options)
    return clickhouse_connect.get_client(
        interface=address.interface,
        host=address.host,
        port=address.port,
        username=address.user,
        password=address.password,
        database=database,
        settings=dict(settings),
        autogenerate_session_id=False,
        pool_mgr=_pool(address),
        **options,
    )


@cache
def _pool(address: ServerAddress) -> Any:
    """Return connections that never send an insert twice.

    clickhouse-connect repeats a streamed insert when the server closes the connection late, though it may have been
    stored. Usage has an identity and bears that; prices and contracts would be there twice.
    """
    from clickhouse_connect.driver.httputil import get_pool_manager
    from urllib3.exceptions import HTTPError

    given = dict(address.options)
    files: dict[str, Any] = {name: given[name] for name in CERTIFICATES if name in given}
    verify = given.get("verify", "true").lower() not in {"0", "false", "no"}
    pool = get_pool_manager(verify=verify, **files)
    request = pool.request

    def request_once(method: str, url: str, **arguments: Any) -> Any:
        try:
            return request(method, url, **arguments)
        except HTTPError as error:
            if isinstance(arguments.get("body"), (bytes, str, type(None))):
                raise
            # Not as the driver's sign of a late close, which is what makes it repeat the request.
            raise HTTPError(str(error)) from None

    pool.request = request_once
    return pool
