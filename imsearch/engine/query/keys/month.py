"""``month:12``: taken in this month of any year."""

from imsearch.engine.query.moments import MONTHS
from imsearch.keys import BadValue, InMonths, Key, Months


def _months(text: str) -> Months:
    first, dots, last = text.partition("..")
    offset = len(first) + 2
    numbers = [_month(part, at) for part, at in ((first, 0), (last, offset))[: 2 if dots else 1]]
    low, high = numbers[0], numbers[-1]
    return Months(tuple((low + step - 1) % 12 + 1 for step in range((high - low) % 12 + 1)))


def _month(text: str, offset: int) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 12:
        raise BadValue(
            f"month: takes a number from 1 to 12, or a range: month:12 or month:11..2; not {text!r}.", offset
        )
    return int(text)


def _told(text: str) -> str:
    first, dots, last = text.partition("..")
    return f"from {_named(first)} to {_named(last)}" if dots else f"in {_named(first)}"


def _named(number: str) -> str:
    return MONTHS[int(number) - 1]


KEY = Key(
    "month",
    hint="of any year: month:12",
    example="month:5..7",
    read=_months,
    predicate=lambda months: InMonths(months.numbers),
    told=_told,
)
