"""Output of ``imsearch tag``: results, history, doubtful tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from imsearch.cli.common import count, say
from imsearch.cli.output import (
    make_table,
    near,
    print_json,
    print_table,
    printable,
    shorten,
    terminal_width,
)
from imsearch.engine.stores.changes import Change, Correction, Doubt, Verdict
from imsearch.views.as_json import answer_command, change_record, doubt_record
from imsearch.views.wording import tell_change

_DONE = {
    "add": "added to",
    "accept": "confirmed on",
    "reject": "rejected on",
    "remove": "taken back on",
    "clear": "open again on",
}
_SO_ALREADY = {"add": "is there already on", "accept": "is confirmed already on", "reject": "is rejected already on"}
_TOLD = 20


def tell_correction(done: Correction, pictures: Mapping[int, str], exact: bool = False) -> None:
    """Print what was done, tag by tag, and what was not and why.

    pictures: the user's name for each image.  exact: True if the tags were given in their exact spelling.
    """
    advice = "" if exact else "; --exact takes it as it is"
    for typed, names in done.names.items():
        if taken := [name for name in names if name != typed]:
            say(f"{printable(typed)} was taken for {' or '.join(map(printable, taken))}{advice}.")
    for name, number in Counter(name for _, name in done.changed).items():
        say(f"{printable(name)}: {_DONE[done.verdict]} {count(number, 'picture')}.")
    for name, number in Counter(name for _, name in done.unchanged).items():
        say(f"{printable(name)} {_SO_ALREADY[done.verdict]} {count(number, 'picture')}.")
    for pair in done.changed if done.said else ():
        if pair in done.said:
            say(f'{_pair(pair, pictures)}: {done.said[pair]} says so too; "imsearch tag reject" hides that.')
    for pair in done.refused[:_TOLD]:
        say(f"{_pair(pair, pictures)}: {_why_not(done, pair)}")
    if len(done.refused) > _TOLD:
        say(f"The same on {len(done.refused) - _TOLD} more.")


def _why_not(done: Correction, pair: tuple[int, str]) -> str:
    if done.verdict is Verdict.ACCEPT:
        return 'nobody suggested it. "imsearch tag add" adds it.'
    if pair in done.said:
        return f'{done.said[pair]} says so, not you. "imsearch tag reject" hides it.'
    return "you have not added it."


def _pair(pair: tuple[int, str], pictures: Mapping[int, str]) -> str:
    image, name = pair
    return f"{printable(name)} on {printable(pictures[image])}"


def print_history(changes: Sequence[Change], form: str) -> None:
    """Print changes as a table or JSON."""
    if form == "json":
        print_json({"changes": [change_record(change) for change in changes]})
    elif not changes:
        say('You have not changed any tags yet; "imsearch tag --help" tells how.')
    else:
        table = make_table("when", "what", "")
        for change in changes:
            when = f"{change.made_at.astimezone():%Y-%m-%d %H:%M}"
            table.add_row(
                when,
                printable(tell_change(change)),
                "undone" if change.undone else "",
                style="dim" if change.undone else "",
            )
        print_table(table)


def print_review(doubts: Sequence[Doubt], form: str, why_none: str) -> None:
    """Print doubtful tags as a table or JSON, with the commands that answer.

    why_none: the message if there are none.
    """
    if form == "json":
        print_json({"tags": [doubt_record(doubt) for doubt in doubts]})
        return
    if not doubts:
        say(why_none)
        return
    table = make_table("picture", "tag", ">probability", "source", "imsearch tag")
    table.columns[0].no_wrap = table.columns[-1].no_wrap = True
    room = max(16, terminal_width() // 4)
    for doubt in doubts:
        picture, tag = shorten(printable(near(doubt.image.path)), room), doubt.tag
        command = answer_command("accept", doubt).removeprefix("imsearch tag ")
        table.add_row(picture, tag.name, f"{tag.probability:.2f}", tag.source, command)
    print_table(table)
    say('Right: "imsearch tag accept ...", as the last column says.  Wrong: "reject" in place of "accept".')
