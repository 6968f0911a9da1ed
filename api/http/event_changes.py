"""What an amendment may say: the same as an event, and nothing else is looked at (SEMANTICS §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from pydantic import Field

from api.events import EventLimits, decode_events, repeated_name
from api.http.problem import ProblemError

# An event that is stored may be moved back further than a new one may be late.
ANY_AGE = timedelta(days=100 * 366)


@dataclass(frozen=True, slots=True)
class EventChange:
    """What an amended event says from now on; what is left out stays. `properties` are all of them."""

    event_time: Annotated[str | None, Field(description="RFC 3339 with an offset.")] = None
    properties: Annotated[dict[str, Any] | None, Field(description="As an event has them.")] = None


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    event_time: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    properties: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_change(
    body: bytes, limits: EventLimits, now: datetime
) -> tuple[datetime | None, Mapping[str, str] | None]:
    """Return the time and the properties that an amendment gives, checked as an event's are.

    Raises ProblemError 422 `invalid_body` with the field and the reason.
    """
    try:
        change = msgspec.json.decode(body, type=_Change)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise _refused(None, f"The body is not a change of an event: {_plain(error)}.") from None
    repeated = repeated_name(body)
    if repeated is not None:
        raise _refused(repeated, f"{repeated} is given more than once; send it once.", "duplicate_field")
    if change.event_time is msgspec.UNSET and change.properties is msgspec.UNSET:
        raise _refused(None, "Give event_time, properties or both.")
    event = {
        "event_id": "amended",
        "customer_id": "amended",
        "event_type": "amended",
        "event_time": now if change.event_time is msgspec.UNSET else change.event_time,
        "properties": {} if change.properties is msgspec.UNSET else change.properties,
    }
    text = msgspec.json.encode([event])
    decoded = decode_events(text, "application/json", replace(limits, max_late=ANY_AGE), now)
    for rejection in decoded.rejections:
        raise _refused(rejection.field, rejection.message, rejection.code)
    row = decoded.table.to_pylist()[0]
    return (
        None if change.event_time is msgspec.UNSET else row["event_time"].astimezone(UTC),
        None if change.properties is msgspec.UNSET else dict(row["properties"]),
    )


def _plain(error: Exception) -> str:
    """Return what the decoder says, without what was sent."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _refused(field: str | None, message: str, code: str = "invalid_body") -> ProblemError:
    return ProblemError(
        422,
        "invalid_body",
        "The body is not what this route takes.",
        errors=[{"code": code, "field": field or "", "message": message}],
    )
