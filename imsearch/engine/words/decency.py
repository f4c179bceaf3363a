"""Words that are never suggested, although users may search for them: each has an embarrassing meaning."""

from __future__ import annotations

_UNSUGGESTED = frozenset(
    (
        *("anal", "anus", "arse", "ass", "asses", "bastard", "bitch", "bitches", "bollocks", "boner", "boob", "boobs"),
        *("bugger", "bum", "butt", "chink", "clit", "cock", "cocks", "coon", "crap", "cum", "cunt", "damn", "dick"),
        *("dicks", "dildo", "dyke", "dykes", "fag", "fags", "faggot", "fart", "fuck", "gook", "hoe", "hoes", "hooker"),
        *("horny", "jerk", "jizz", "kike", "knob", "midget", "nazi", "negro", "nigger", "nude", "nudes", "nudity"),
        *("orgasm", "orgy", "paki", "pecker", "pee", "penis", "piss", "poo", "poop", "porn", "prick", "prostitute"),
        *("pussy", "queer", "rape", "rapist", "retard", "screw", "scrotum", "semen", "sex", "sexy", "shag", "shit"),
        *("slag", "slut", "sperm", "spic", "strip", "stripper", "suicide", "testicle", "thong", "tit", "tits", "titty"),
        *(
            "tramp",
            "tranny",
            "turd",
            "twat",
            "underage",
            "urine",
            "vagina",
            "vulva",
            "wank",
            "wanker",
            "whore",
            "whores",
        ),
    )
)


def is_suggestible(text: str) -> bool:
    """Return False for a text with such a word in it; only whole words count, so that "cocktail" is fine."""
    return _UNSUGGESTED.isdisjoint(text.replace(":", " ").replace("-", " ").split())
