"""The made-up pictures that the questions of all languages ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shot:
    """Tags, the likeliest first, and when it was taken."""

    tags: tuple[str, ...]
    taken: str = ""


def _shot(tags: str, taken: str = "") -> Shot:
    return Shot(tuple(tags.split(", ")), taken)


PICTURES = {
    "dog on the beach": _shot("dog, beach, sea, sand"),
    "dogs in the snow": _shot("dog, snow, two"),
    "empty beach": _shot("beach, sea, palm tree"),
    "people on the beach": _shot("person, beach, swimming"),
    "red car": _shot("car, red car, street"),
    "blue car": _shot("car, blue car, street, snow"),
    "black dog": _shot("dog, black dog, grass"),
    "cat on a couch": _shot("cat, couch, sleeping"),
    "white cat": _shot("cat, white cat, window"),
    "birthday party": _shot("birthday, cake, candle, child", "2023-12-10T15:00:00"),
    "birthday in the garden": _shot("garden, birthday, balloon", "2023-06-10T15:00:00"),
    "christmas": _shot("christmas, candle", "2023-12-24T18:00:00"),
    "mountain lake": _shot("mountain, lake, boat", "2021-08-02T12:00:00"),
    "snowy mountains": _shot("mountain, snow, skiing", "2022-02-02T12:00:00"),
    "sunset at sea": _shot("sunset, sea, sky"),
    "horses on a meadow": _shot("horse, meadow, grass"),
    "boy with a bicycle": _shot("boy, bicycle, street"),
    "girl playing in the sand": _shot("girl, playing, sand, playground"),
    "child on a swing": _shot("child, swing, playground"),
    "woman in a red dress": _shot("woman, dress, red dress, dancing"),
    "man with glasses": _shot("man, glasses, hat"),
    "bride and groom": _shot("bride, groom, wedding, church"),
    "castle": _shot("castle, tower, forest"),
    "bridge over a river": _shot("bridge, river, city"),
    "city at night": _shot("city, night, skyscraper, light"),
    "bird in a tree": _shot("bird, tree, nest"),
    "butterfly on a flower": _shot("butterfly, flower, yellow flower"),
    "sunflowers": _shot("sunflower, field, sky"),
    "train": _shot("train, railroad, railway carriage"),
    "airplane": _shot("airplane, airport, runway"),
    "ship": _shot("ship, harbor"),
    "soccer": _shot("soccer, soccer ball, stadium, running"),
    "pizza": _shot("pizza, table, restaurant"),
    "coffee and cake": _shot("coffee, cake, cup"),
    "book": _shot("book, reading, bed"),
    "waterfall": _shot("waterfall, rock, rainforest"),
    "tent": _shot("tent, camping, fire"),
    "cow": _shot("cow, meadow, fence"),
    "elephant": _shot("elephant, tusks"),
    "traffic light": _shot("traffic light, street sign"),
    "rainbow": _shot("rainbow, rain"),
    "fireworks": _shot("fireworks, night", "2022-12-31T23:59:00"),
    "old market": _shot("market, fruit, vegetable"),
    "guitar": _shot("guitar, man, stage"),
    "baby": _shot("baby, bed, smile"),
    "hiking": _shot("hiking, backpack, trail, forest"),
    "brown bear": _shot("brown bear, bear, river"),
    "yellow umbrella": _shot("umbrella, yellow umbrella, rain"),
}
