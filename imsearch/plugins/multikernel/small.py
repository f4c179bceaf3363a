"""Words for small objects, on which the claim is evaluated separately.

The rule: things that a hand can hold or a person wears on the head, and things mostly seen from afar (birds, boats,
kites, flags, traffic lights, signs).  Of COCO these are mostly members of its groups accessory, sports, kitchen, food,
electronic and indoor.  A word is left out when it mostly names a game, a scene or a pattern ("tennis", "leaf"), or when
Corel's pictures show it in close-up ("flowers", "plane").  The list was written before any result of this model was
known.
"""

from __future__ import annotations

_COCO = """
apple, baseball bat, baseball glove, bird, book, bottle, carrot, cell phone, clock, cup, fork, frisbee, handbag, kite,
knife, mouse, orange, remote, scissors, spoon, sports ball, tennis racket, tie, toothbrush, traffic light, vase,
wine glass
"""
_COREL5K = """
basket, birds, boats, butterfly, cheese, crab, flag, fruit, glass, hats, mushrooms, nest, pots, pottery, rose,
sailboats, shell, sign, stick, umbrella, vegetables
"""
_FLICKR8K = """
bag, ball, bird, boat, camera, flag, flower, frisbee, glasses, hat, helmet, leash, mask, paddle, sign, stick, toy,
umbrella
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


SMALL_OBJECTS = {"coco": _words(_COCO), "corel5k": _words(_COREL5K), "flickr8k": _words(_FLICKR8K)}
