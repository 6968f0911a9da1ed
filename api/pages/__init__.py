"""Pages: HTML made of documents of the API. Whatever a document holds is text on them."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(name: str, /, **context: Any) -> str:
    """Return a page that stands alone: no script, nothing from elsewhere."""
    return _environment.get_template(name).render(**context)
