"""The profile of a run in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.indexer.profile import Profile


def tell_bound(profile: Profile) -> str:
    """Return a sentence about what bounds a run: ``The model bounds this run: it was at work 97 % of the time.``"""
    line = profile.bound
    share = _percent(profile.share(line))
    match line:
        case "scan":
            return f"Looking for pictures bounds this run: it took {share} of the time."
        case "load":
            return f"Building the models bounds this run: it took {share} of the time. A run does it once."
        case "decode":
            return f"Decoding bounds this run: {_waited(profile)}; {_more_workers(profile)}."
        case "cluster":
            return f"The cluster bounds this run: it was waited for {share} of the time; more workers would help."
        case "model":
            helps = "; a GPU (--device cuda) would help" if profile.device == "cpu" else ""
            return f"The model bounds this run: it was at work {share} of the time{helps}."
        case "post":
            return f"Making tags of what the model computes bounds this run: it took {share} of the time of its thread."
        case _:
            return f"Writing bounds this run: catalog and indexes were written {share} of the time."


def tell_busy(profile: Profile) -> str:
    """Return ``decode 62 %, model 97 %, write 8 % of 4.2 s``: how long each line of work was not waiting."""
    shares = ", ".join(f"{line} {_percent(profile.share(line))}" for line in profile.busy)
    return f"{shares} of {profile.seconds:.1f} s"


def profile_rows(profile: Profile) -> list[tuple[str, str, str, str]]:
    """Return the stages, each with its seconds, milliseconds a picture, and share of the work of all threads.

    Annotators follow their stage where there are several.
    """
    whole = sum(profile.stages.values())
    rows = []
    for stage, seconds in profile.stages.items():
        rows.append(_row(stage, seconds, whole, profile.pictures))
        for name, own in profile.annotators.items() if len(profile.annotators) > 1 else ():
            if stage in own:
                rows.append(_row(f"  {name}", own[stage], whole, profile.pictures))
    return rows


def _row(name: str, seconds: float, whole: float, pictures: int) -> tuple[str, str, str, str]:
    each = f"{1000 * seconds / pictures:.2f}" if pictures else "-"
    return name, f"{seconds:.2f}", each, _percent(seconds / whole if whole else 0.0)


def _waited(profile: Profile) -> str:
    return f"the model waited for pictures {_percent(1 - profile.share('model'))} of the time"


def _more_workers(profile: Profile) -> str:
    if profile.workers < profile.processors:
        return "more workers (--workers) would help"
    return f"all {profile.processors} processors were used" if profile.processors > 1 else "there is one processor"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
