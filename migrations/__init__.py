"""Bringing a store to the schema this version of Runrate expects, and deploying compiled rules to it."""

from migrations.apply import migrate
from migrations.deploy import (
    deploy_objects,
    deploy_rating,
    has_positional_prices,
    rating_for,
    reload_dictionaries,
)

__all__ = [
    "deploy_objects",
    "deploy_rating",
    "has_positional_prices",
    "migrate",
    "rating_for",
    "reload_dictionaries",
]
