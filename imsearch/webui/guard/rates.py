"""Rate limits for requests and token attempts per client address.  In memory only: a restart resets them."""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from imsearch.webui.problem import Problem


class Rates:
    """Sliding windows of one minute.

    wrong: wrong tokens of one address.  wrong_of_all: of all addresses together.  requests: of one address; a page
    full of thumbnails takes a hundred.
    """

    def __init__(self, wrong: int = 5, wrong_of_all: int = 100, requests: int = 6000) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._wrong = RateLimitItemPerMinute(wrong, namespace="wrong")
        self._wrong_of_all = RateLimitItemPerMinute(wrong_of_all, namespace="all")
        self._requests = RateLimitItemPerMinute(requests, namespace="requests")

    def count_request(self, client: str) -> None:
        """Count a request of this address; raises Problem 429 above the limit."""
        who = _neighbourhood(client)
        if not self._limiter.hit(self._requests, who):
            raise self._too_many(self._requests, who, "Too many requests came from this address.")

    def check_wrong(self, client: str) -> None:
        """Raise Problem 429 after too many wrong tokens of this address, or of all; then no token is accepted."""
        for limit, who in ((self._wrong, _neighbourhood(client)), (self._wrong_of_all, "")):
            if not self._limiter.test(limit, who):
                raise self._too_many(limit, who, "Too many wrong tokens were given.")

    def count_wrong(self, client: str) -> None:
        """Count a wrong token of this address."""
        self._limiter.hit(self._wrong, _neighbourhood(client))
        self._limiter.hit(self._wrong_of_all, "")

    def _too_many(self, limit: RateLimitItem, who: str, told: str) -> Problem:
        seconds = max(1, math.ceil(self._limiter.get_window_stats(limit, who).reset_time - time.time()))
        return Problem(429, f"{told} Try again in {seconds} s.", {"Retry-After": str(seconds)})


def _neighbourhood(client: str) -> str:
    """Return an address; for IPv6 its /64 network, in which each device has as many addresses as it likes."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return client
