"""Validation errors of requests, in plain words in place of pydantic's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a JSON object",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_type": "must be a whole number",
    "json_invalid": "is not valid JSON: {error}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt:,}",
    "greater_than_equal": "must be {ge:,} or more",
    "less_than": "must be less than {lt:,}",
    "less_than_equal": "must be {le:,} or less",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_pattern_mismatch": "holds characters that are not allowed, such as line breaks",
    "string_too_long": "must have at most {max_length:,} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be a text",
    "string_unicode": "holds something that is no text",
    "too_long": "must hold {max_length:,} at most",
    "too_short": "must hold {min_length:,} at least",
}


def told(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the location of each pydantic error and a sentence about it: ``{"at": ["query", "n"], "detail": ...}``."""
    return [{"at": [str(part) for part in each["loc"]], "detail": _sentence(each)} for each in errors]


def _sentence(error: Mapping[str, Any]) -> str:
    where, *path = error["loc"]
    if error["type"] == "json_invalid":
        path = []
    name = ".".join(map(str, path)) or ("The body" if where == "body" else str(where))
    words = _WORDS.get(error["type"])
    if words is None:
        return f"{name}: {error['msg']}."
    return f"{name} {words.format(**error.get('ctx', {}))}."
