"""Multipart forms with files kept in memory: the server's own parser would write large ones to the temporary folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from imsearch.webui.problem import Problem
from imsearch.webui.trying import Upload

FORM = "multipart/form-data"
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Form:
    """The files of the field ``file``, and the texts of the other fields by name."""

    files: list[Upload]
    fields: Mapping[str, list[str]]


class _InMemory(MultiPartParser):
    spool_max_size = 0  # never spool to disk


async def read_form(request: Request, most_files: int) -> Form:
    """Read a whole form.  Raises a 415, a 400 or a 422.

    Its size is not checked here: a guard around the application counts the bytes.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Problem(415, f"Send a form, as browsers do with files (Content-Type: {FORM}).")
    parser = _InMemory(request.headers, request.stream(), max_files=most_files, max_fields=_MOST_FIELDS)
    try:
        parsed = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"The form cannot be read: {error.message}") from error
    try:
        form = _sorted(parsed.multi_items())
    finally:
        await parsed.close()
    if not form.files:
        raise _wrong("file", "is missing: send at least one picture, with a file name")
    return form


def _sorted(items: Iterable[tuple[str, UploadFile | str]]) -> Form:
    files: list[Upload] = []
    fields: dict[str, list[str]] = {}
    for name, value in items:
        if not isinstance(value, UploadFile):
            fields.setdefault(name, []).append(value)
        elif name == "file":
            files.append(Upload(value.filename or "", value.file.read()))
            value.file.close()  # there is a second copy otherwise
        else:
            raise _wrong(name, "is not known here: send files in the field file")
    return Form(files, fields)


def _wrong(name: str, words: str) -> Problem:
    detail = f"{name} {words}."
    return Problem(
        422, f"The request cannot be understood. {detail}", errors=[{"at": ["body", name], "detail": detail}]
    )


def flat(fields: Mapping[str, list[str]], lists: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields as a model expects them: those in `lists` as lists, the last value of the others."""
    return {name: values if name in lists else values[-1] for name, values in fields.items()}
