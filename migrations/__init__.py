"""Bringing a store to the schema this version of Runrate expects, and deploying compiled rules to it."""

from migrations.apply import migrate
from migrations.deploy import (
    RatingTypeMismatch,
    check_rating,
    deploy_cohort,
    deploy_features,
    deploy_objects,
    deploy_rating,
    rated_usage_view,
    rating_for,
    reload_dictionaries,
)

__all__ = [
    "RatingTypeMismatch",
    "check_rating",
    "deploy_cohort",
    "deploy_features",
    "deploy_objects",
    "deploy_rating",
    "migrate",
    "rated_usage_view",
    "rating_for",
    "reload_dictionaries",
]
