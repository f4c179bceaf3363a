"""The guards of an application, in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imsearch.webui.guard.bodies import MB, Bodies, Limits
from imsearch.webui.guard.compression import Compression
from imsearch.webui.guard.gate import Gate
from imsearch.webui.guard.hosts import Hosts
from imsearch.webui.guard.memory import GivesBack
from imsearch.webui.guard.security import HEADERS, Guard, Security
from imsearch.webui.guard.sub_path import SubPath

if TYPE_CHECKING:
    from imsearch.settings import Settings
    from imsearch.webui.guard.access import Access


def guards(settings: Settings, access: Access | None, hosts: Hosts | None, prefix: str = "") -> list[Guard]:
    """Return the guards, the outermost first.

    access: requires a token; None lets in everybody, which is only for loopback.  hosts: the server's host names;
    by default those of loopback.  prefix: the sub-path of a proxy below which all addresses are, or "".
    """
    hosts = hosts or Hosts()
    limits = Limits(upload=settings.upload_limit * MB)
    found: list[Guard] = [
        GivesBack,
        partial(SubPath, headers=HEADERS, prefix=prefix),
        partial(Security, hosts=hosts, open_to_all=access is None),
    ]
    if access is not None:
        found += [partial(Gate, access=access)]
    return [*found, partial(Bodies, limits=limits), Compression]
