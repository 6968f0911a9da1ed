"""JSON answers. What a read returns is encoded as it is: its dataclasses are the documented shape."""

from typing import Any

import msgspec
from starlette.responses import Response


def json_response(content: Any, status: int = 200) -> Response:
    """Return `content` (dataclasses, lists, dictionaries, texts) as JSON."""
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json")
