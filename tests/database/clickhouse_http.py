"""ClickHouse's HTTP interface over a real embedded engine, in a process of its own, so that the server path can run
where no server does: `python -m tests.database.clickhouse_http FOLDER` prints its port.

It speaks what clickhouse-connect speaks: statement in the body or in `query` with data behind it, `param_x` binding,
settings as parameters (an unknown one is refused), compressed bodies and answers, basic authentication, error codes in
headers. As on a server, a request has no state of another one and holds one statement; GET only reads; a query id runs
once at a time. What the embedded engine has not: users (a dictionary's USER and PASSWORD are checked here, then left
out) and query ids (`system.processes` is answered from the requests that run; the one that asks is among them).
"""

import base64
import gzip
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import lz4.frame

USER, PASSWORD = "billing", "p@ss'word"

# Parameters of a request that are not settings.
TRANSPORT = {
    "query", "database", "default_format", "query_id", "session_id", "wait_end_of_query", "client_protocol_version",
    "enable_http_compression", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
}  # fmt: skip

INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.*?)\sFORMAT\s+(\w+)[ \t]*(?:\n|$)", re.IGNORECASE | re.DOTALL)
FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
DICTIONARY = re.compile(r"CREATE (?:OR REPLACE )?DICTIONARY (\w+)")
RELOAD = re.compile(r"SYSTEM RELOAD DICTIONARY \w+\.(\w+)")
CREDENTIALS = re.compile(r" USER '((?:[^'\\]|\\.)*)' PASSWORD '((?:[^'\\]|\\.)*)'")
TOKEN = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|;|\S", re.DOTALL)
STATUS = {"516": 403, "497": 403, "60": 404, "81": 404, "62": 400, "115": 400}
DECODERS = {
    "lz4": lz4.frame.decompress,
    "gzip": gzip.decompress,
}


class Refused(Exception):
    """An error as the server words it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message}")


class Engine:
    """The embedded engine; each request has a connection of its own."""

    def __init__(self, folder: str) -> None:
        import chdb  # only in the server's own process: an engine and a fork do not go together

        connect: Any = chdb.connect
        self._connect: Callable[[], Any] = lambda: connect(folder)
        self._keeper = self._connect()
        self._running: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self.password = PASSWORD
        # What each dictionary logs in with.
        self._passwords: dict[str, str] = {}

    def execute(
        self, statement: bytes, parameters: Mapping[str, str], started: Callable[[], None] = lambda: None
    ) -> tuple[bytes, str]:
        """Run one statement and return its rows as bytes and their format; `started` is called once it counts as
        running."""
        query_id = parameters.get("query_id") or f"unnamed-{threading.get_ident()}"
        with self._lock:
            if query_id in self._running:
                raise Refused(216, f"Query with id = {query_id} is already running.")
            kind = "Insert" if re.match(rb"\s*INSERT\b", statement, re.IGNORECASE) else "Select"
            self._running[query_id] = kind, time.monotonic()
        connection = self._connect()
        try:
            started()
            self._prepare(connection, parameters)
            return self._run(connection, statement, parameters)
        finally:
            connection.close()
            with self._lock:
                del self._running[query_id]

    def _prepare(self, connection: Any, parameters: Mapping[str, str]) -> None:
        if parameters.get("database"):
            connection.query(f"USE `{parameters['database']}`", "TSV")
        for name, value in parameters.items():
            if name not in TRANSPORT and not name.startswith("param_"):
                connection.query(f"SET {name} = {_quoted(value)}", "TSV")

    def _run(self, connection: Any, statement: bytes, parameters: Mapping[str, str]) -> tuple[bytes, str]:
        values = {name[6:]: value for name, value in parameters.items() if name.startswith("param_")}
        insert = INSERT.match(statement)
        if insert is not None and statement[insert.end() :].strip():
            with tempfile.NamedTemporaryFile() as file:
                file.write(statement[insert.end() :])
                file.flush()
                into, name = insert[1].decode(), insert[2].decode()
                connection.query(f"{into} FROM INFILE {_quoted(file.name)} FORMAT {name}", "TSV")
            return b"", name
        text = self._as_on_a_server(statement.decode())
        found = FORMAT.search(text)
        name = found[1] if found else parameters.get("default_format", "TabSeparated")
        return connection.query(text, name, values).bytes() or b"", name

    def _as_on_a_server(self, text: str) -> str:
        tokens = [token for token in TOKEN.findall(text) if not token.startswith(("--", "/*"))]
        if ";" in tokens[:-1]:
            raise Refused(62, "Syntax error (Multi-statements are not allowed)")
        text = self._as_dictionaries_log_in(text)
        with self._lock:
            processes = ", ".join(
                f"({_quoted(query_id)}, {_quoted(kind)}, {time.monotonic() - started:.6f})"
                for query_id, (kind, started) in sorted(self._running.items())
            )
        columns = "query_id String, query_kind String, elapsed Float64"
        return text.replace("system.processes", f"values({_quoted(columns)}, {processes})")

    def _as_dictionaries_log_in(self, text: str) -> str:
        """Refuse a dictionary that is loaded with a password which is not the server's."""
        if created := DICTIONARY.search(text):
            for user, password in CREDENTIALS.findall(text):
                self._passwords[created[1]] = _unescaped(password)
                assert user == USER
        if (loaded := RELOAD.match(text)) and self._passwords.get(loaded[1], self.password) != self.password:
            raise Refused(516, f"{USER}: Authentication failed: password is incorrect")
        return CREDENTIALS.sub("", text)


class Faults:
    """What is to go wrong with the next insert into a table, once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, str] = {}

    def arrange(self, table: str, fault: str) -> None:
        with self._lock:
            self._next[table] = fault

    def take(self, statement: bytes) -> str | None:
        found = re.match(rb"\s*INSERT\s+INTO\s+`?(?:\w+`?\.`?)?(\w+)", statement, re.IGNORECASE)
        with self._lock:
            return self._next.pop(found[1].decode(), None) if found else None


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    engine: Engine
    faults = Faults()
    seen: list[dict[str, str]] = []  # noqa: RUF012 - one list for the whole process, on purpose

    def do_GET(self) -> None:
        self._answer(read_only=True)

    def do_POST(self) -> None:
        self._answer(read_only=False)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        pass

    def _answer(self, read_only: bool) -> None:
        body = self._body()
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        path = urlsplit(self.path).path
        if path == "/faults":
            self.faults.arrange(parameters["table"], parameters["fault"])
            return self._send(200, b"", {})
        if path == "/password":
            self.engine.password = parameters["to"]
            return self._send(200, b"", {})
        if path == "/seen":
            return self._send(200, json.dumps(self.seen).encode(), {})
        if path == "/ping":
            return self._send(200, b"Ok.\n", {})
        try:
            self._authenticate(parameters)
            statement = self._statement(body, parameters)
            if read_only and not re.match(rb"\s*(SELECT|WITH|SHOW|DESCRIBE)\b", statement, re.IGNORECASE):
                raise Refused(164, "Cannot execute query in readonly mode.")
            return self._execute(statement, parameters)
        except Exception as error:
            return self._send_error(str(error))

    def _execute(self, statement: bytes, parameters: dict[str, str]) -> None:
        self.seen.append({**parameters, "statement": statement[:20_000].decode(errors="replace")})
        fault = self.faults.take(statement)
        if fault == "drop before":
            return self._drop()
        if fault == "drop during":
            return self._execute_unheard(statement, parameters)
        data, name = self.engine.execute(statement, parameters)
        if fault == "drop after":
            return self._drop()
        headers = {"X-ClickHouse-Format": name, "X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Summary": "{}"}
        accepted = self.headers.get("Accept-Encoding", "")
        if parameters.get("enable_http_compression") == "1" and "lz4" in accepted:
            data, headers["Content-Encoding"] = lz4.frame.compress(data), "lz4"
        return self._send(200, data, headers)

    def _execute_unheard(self, statement: bytes, parameters: dict[str, str]) -> None:
        """Lose the connection, and work on for a while."""

        def lose() -> None:
            self._drop()
            time.sleep(0.5)

        self.engine.execute(statement, parameters, lose)

    def _drop(self) -> None:
        """Close the connection without a word, as a lost network does."""
        self.close_connection = True
        self.connection.shutdown(2)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            data = b"".join(parts)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        encoding = self.headers.get("Content-Encoding")
        return bytes(DECODERS[encoding](data)) if encoding else data

    def _authenticate(self, parameters: dict[str, str]) -> None:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        user, _, password = (
            base64.b64decode(secret).decode().partition(":") if kind == "Basic" else ("", "", "")
        )
        user = self.headers.get("X-ClickHouse-User") or user or parameters.pop("user", "")
        password = self.headers.get("X-ClickHouse-Key") or password or parameters.pop("password", "")
        if (user, password) != (USER, self.engine.password):
            raise Refused(
                516, f"{user}: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)"
            )

    def _statement(self, body: bytes, parameters: dict[str, str]) -> bytes:
        if self.headers.get("Content-Type", "").startswith("multipart/form-data"):
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            for part in message_from_bytes(head + body).walk():
                name, content = (
                    part.get_param("name", header="Content-Disposition"),
                    part.get_payload(decode=True),
                )
                if isinstance(name, str) and isinstance(content, bytes):
                    parameters[name] = content.decode()
            body = b""
        query = parameters.pop("query", "").encode()
        return query + b"\n" + body if query else body

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_error(self, message: str) -> None:
        found = re.search(r"Code: (\d+)", message)
        code = found[1] if found else "1000"
        self._send(STATUS.get(code, 500), message.encode(), {"X-ClickHouse-Exception-Code": code})


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _unescaped(text: str) -> str:
    return text.replace("\\'", "'").replace("\\\\", "\\")


class Server:
    """A running server, as tests see it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def fail(self, table: str, fault: str) -> None:
        """Make the next insert into `table` lose its connection: "drop before", "drop during" or "drop after" it."""
        self._get(f"/faults?table={table}&fault={fault.replace(' ', '%20')}")

    def change_password(self, password: str) -> None:
        """Take `password`, and no other, from now on."""
        self._get(f"/password?to={quote(password, safe='')}")

    def seen(self) -> list[dict[str, str]]:
        """Return every request so far: its parameters, and the statement under "statement"."""
        found: list[dict[str, str]] = json.loads(self._get("/seen"))
        return found

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as response:
            content: bytes = response.read()
            return content


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """Start a server over an engine in `folder`, and end it afterwards."""
    command = [sys.executable, "-m", "tests.database.clickhouse_http", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    try:
        yield Server(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Serve until ended."""
    Handler.engine = Engine(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
