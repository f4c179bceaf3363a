"""Tables of what labels imply beyond their own word, for `imsearch.plugins.everyday.sources`.

Every name is in the lexicon, as a test checks.  Numbers are from 0 to 1: the confidence that
a tag is present, or absent.  They are estimates, not measured.
"""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("\n", " ").split(","))


IMPLIED: dict[str, dict[str, float]] = {
    "sea": {"water": 1.0},
    "ocean": {"water": 1.0, "sea": 0.9},
    "coast": {"water": 0.95, "sea": 0.85},
    "shore": {"water": 0.95},
    "bay": {"water": 0.95},
    "harbor": {"water": 0.95},
    "beach": {"sand": 0.85, "water": 0.7},
    "wave": {"water": 1.0},
    "coral reef": {"water": 0.9},
    "swimming": {"water": 0.9},
    "surfing": {"water": 1.0, "wave": 0.85, "surfboard": 0.85},
    "rafting": {"water": 1.0, "boat": 0.6},
    "skiing": {"snow": 0.95},
    "snowboard": {"snow": 0.9},
    "sled": {"snow": 0.85},
    "glacier": {"snow": 0.5},
    "forest": {"tree": 1.0},
    "palm tree": {"tree": 1.0},
    "street": {"road": 0.85},
    "crosswalk": {"street": 1.0, "road": 0.9},
    "traffic": {"road": 0.9, "car": 0.9},
    "city": {"building": 0.95},
    "skyline": {"building": 0.9},
    "skyscraper": {"city": 0.5},
    "suburb": {"house": 0.9, "building": 0.9},
    "football field": {"grass": 0.9, "field": 1.0},
    "lawn": {"grass": 1.0},
    "meadow": {"grass": 0.9},
    "park": {"tree": 0.9, "grass": 0.8},
    "dune": {"sand": 1.0},
    "desert": {"sand": 0.7},
    "sunset": {"sky": 0.9},
    "sunrise": {"sky": 0.9},
    "rainbow": {"sky": 0.8},
    "lightning": {"sky": 0.9, "storm": 0.9},
    "bedroom": {"bed": 0.9},
    "living room": {"couch": 0.9},
    "dining room": {"dining table": 0.95, "table": 0.95, "chair": 0.95},
    "kitchen": {"cabinet": 0.8},
    "room": {"interior": 1.0, "wall": 0.9, "floor": 0.7},
    "bride": {"wedding": 1.0},
    "birthday": {"party": 0.5},
}
"""Tag -> other tags its pictures show; whatever the source of the tag."""

IMPLIED_BY_SCENE: dict[str, dict[str, float]] = {
    "windmill": {"sky": 0.95, "outside": 1.0},
    "countryside": {"sky": 0.9, "grass": 0.7, "field": 0.6, "outside": 1.0},
    "landscape": {"sky": 0.85, "outside": 1.0},
    "desert": {"sky": 0.8, "outside": 1.0},
    "mountain": {"sky": 0.85, "outside": 1.0},
    "glacier": {"mountain": 0.4, "outside": 1.0},
    "sea": {"sky": 0.85, "outside": 1.0},
    "coast": {"sky": 0.85, "outside": 1.0},
    "house": {"sky": 0.7, "tree": 0.7, "outside": 1.0},
    "suburb": {"sky": 0.9, "tree": 0.8, "outside": 1.0},
    "campus": {"building": 0.9, "tree": 0.7, "sky": 0.7, "outside": 1.0},
    "highway": {"sky": 0.85, "road": 1.0, "outside": 1.0},
    "street": {"building": 0.9, "outside": 1.0},
    "skyscraper": {"sky": 0.9, "outside": 1.0},
    "city": {"outside": 0.7},
    "industry": {"building": 0.5},
    "auditorium": {"interior": 1.0, "seat": 0.8},
    "laundromat": {"interior": 1.0, "room": 0.8, "floor": 0.7},
    "aquarium": {"fish": 0.8, "water": 0.7},
    "store": {"interior": 0.9},
    "forest": {"outside": 1.0},
    "rainforest": {"outside": 1.0, "vegetation": 0.8},
    "waterfall": {"outside": 1.0},
    "park": {"outside": 1.0},
    "football field": {"outside": 0.9},
    "night": {"outside": 1.0},
    "daytime": {"outside": 1.0, "sky": 0.5},
}
"""The same for pictures of the scene sets, whose word names the whole picture."""

WEAK_KINDS = {("sunset", "sun"): 0.4, ("sunrise", "sun"): 0.5, ("rock face", "cliff"): 0.7, ("frozen", "ice"): 0.7}
"""Tag and kind where the kind is not always visible; otherwise a tag's kinds are as certain as the tag."""

ROOMS = _names(
    "kitchen, bathroom, bedroom, living room, dining room, entrance hall, office, laundromat, auditorium, store"
)
WILD = _names("forest, rainforest, bamboo forest, glacier, waterfall, desert, mountain")
OUTDOORS = (
    *WILD,
    *_names(
        "sea, coast, landscape, countryside, park, highway, street, city, suburb, skyscraper, house, campus, windmill,"
        "football field, stadium, sky, night, daytime, building"
    ),
)

_INDOOR_WORDS = {
    **dict.fromkeys(
        _names(
            "kitchen, bathroom, bedroom, living room, dining room, laundromat, auditorium, room, interior, bed, couch,"
            "dining table, toilet, sink, refrigerator, oven, microwave, bibimbap, apple pie, baklava, keyboard, laptop"
        ),
        1.0,
    ),
    **dict.fromkeys(_names("office, entrance hall, store, ceiling, carpet, curtain, television, shelf, pillow"), 0.7),
    **dict.fromkeys(_names("floor, food, aquarium"), 0.3),
}
_OUTDOOR_WORDS = {
    **dict.fromkeys(
        _names(
            "mountain, sea, ocean, beach, coast, shore, snow, forest, rainforest, bamboo forest, road, highway, street,"
            "desert, waterfall, glacier, canyon, cliff, hill, lake, river, field, meadow, football field, stadium,"
            "skyline, skyscraper, city, suburb, countryside, landscape, valley, wave, sunset, sunrise, windmill, rock,"
            "sand, dirt, sidewalk, harbor, bridge, park, campus, industry, crosswalk, traffic, airplane, boat, horse,"
            "cow, sheep, elephant, traffic light, fire hydrant, parking lot, cemetery, rainbow, lightning, volcano,"
            "tundra, plain, hillside, island, dune, outside"
        ),
        1.0,
    ),
    **dict.fromkeys(_names("grass, cloud, lawn, fence, house, car, bus, truck, train, water, mist, fog"), 0.8),
    **dict.fromkeys(_names("sky, building, tree, night, garden"), 0.4),
}
_TOWN_WORDS = {
    **dict.fromkeys(_names("city, skyline, skyscraper, street, sidewalk, suburb, campus, stadium, traffic"), 1.0),
    **dict.fromkeys(_names("car, bus, truck, highway, building, road, house, airport, fence, bridge"), 0.5),
}

_SELDOM = {
    "sunset": 0.3, "sunrise": 0.3, "storm": 0.3, "fog": 0.2, "night": 0.5, "rainbow": 0.5, "lightning": 0.5,
    "fireworks": 1.0, "galaxy": 0.7,
}  # fmt: skip
_PARTS_OF_TOWNS = _names("street, highway, city, suburb, skyscraper, campus, stadium, football field, house, park")

IMPOSSIBLE: tuple[tuple[tuple[str, ...], dict[str, float]], ...] = (
    (ROOMS, _OUTDOOR_WORDS),
    (OUTDOORS, _INDOOR_WORDS),
    (OUTDOORS, _SELDOM),
    (_PARTS_OF_TOWNS, {"snow": 0.4, "ice": 0.5, "beach": 0.6, "desert": 0.7, "glacier": 1.0, "mountain": 0.3}),
    (("sea", "coast"), {"beach": 0.3}),
    (WILD, _TOWN_WORDS),
    (("desert",), {"sea": 0.5, "snow": 0.7, "forest": 1.0, "water": 0.4, "grass": 0.4, "rainforest": 1.0}),
    (("rainforest", "bamboo forest"), {"sea": 1.0, "snow": 1.0, "desert": 1.0, "beach": 1.0, "glacier": 1.0}),
    (("food",), {**_OUTDOOR_WORDS, "kitchen": 0.3, "room": 0.3, "bathroom": 1.0, "bedroom": 1.0, "tree": 0.8}),
    (("fruit", "vegetable"), {**_OUTDOOR_WORDS, "bathroom": 1.0, "bedroom": 1.0, "kitchen": 0.5, "tree": 0.8}),
    (("aquarium",), {"kitchen": 1.0, "bathroom": 1.0, "bedroom": 1.0, "highway": 1.0, "street": 1.0, "desert": 1.0,
                     "mountain": 1.0, "snow": 1.0, "road": 1.0, "grass": 0.7, "sky": 0.7, "house": 1.0}),
)  # fmt: skip
"""Scene words -> tags that are absent, or rare, in their pictures."""

OUTSIDE_FAMILY = frozenset(_names("watch, jug, van, candle, roof, balcony"))
"""Tags below a kind in the lexicon that are not part of exhaustive labels of the kind."""

SELDOM_LABELLED = {"pole": 0.3, "sign": 0.3}
"""Thin or small things: confidence of their absence from an exhaustive set."""

NEAR = tuple(
    frozenset(_names(group))
    for group in (
        "sea, ocean, beach, coast, shore, wave, water, bay, harbor, island, horizon, surfing, cliff, rock, sand",
        "lake, river, stream, pond, water, canal, rapids, waterfall, pool, puddle, body of water, fountain, swimming",
        "street, road, city, town, sidewalk, highway, building, skyscraper, skyline, traffic, crosswalk, store, shop",
        "suburb, house, street, building, city, cottage, lawn, garden",
        "mountain, hill, hillside, glacier, snow, cliff, rock, rock face, slope, peak, mountain range, valley, canyon",
        "mountain, landscape, countryside, forest, sea, lake, field, meadow, valley, desert, hill, nature, plain",
        "forest, tree, bush, plant, leaf, vegetation, rainforest, bamboo forest, branch, trunk, log, garden, park",
        "field, grass, lawn, meadow, park, garden, courtyard, football field, playground, countryside, stadium",
        "path, trail, sidewalk, road, street, ground, dirt",
        "park, waterfall, windmill, campus, landscape, fountain, bench",
        "campus, building, house, landscape",
        "windmill, landscape, countryside, building",
        "sky, cloud, sun, sunset, sunrise, airport, football field, desert, campus, bamboo forest, horizon, landscape",
        "desert, highway, landscape, dune, sand, canyon",
        "highway, countryside, landscape, industry, sky",
        "industry, city, skyscraper, building, suburb",
        "coast, countryside, landscape",
        "living room, dining room, kitchen, entrance hall, room, restaurant",
        "stadium, football field, crowd, football, soccer, team, game",
        "stairs, steps, ledge, railing, rail",
        "rail, railing, fence, bridge, gate, wall",
        "race, racing, track, cycling, motocross, racing car, hurdle, running",
        "store, shop, market, restaurant, cafe, grocery store",
        "running, chasing, playing, catching, walking, jumping, throwing, race",
        "soccer, football, ball, soccer ball, goal, team, game, sport, kicking, rugby, athlete, playing",
        "baseball, baseball player, ball, athlete, game, playing, baseball bat, baseball glove, catching, throwing",
        "basketball, hoop, ball, court, game, playing, athlete, team",
        "tennis, tennis ball, ball, racket, tennis racket, court, game, playing, athlete",
        "smile, laughing, face, posing, camera, looking, eye, head",
        "ramp, skateboard, stunt, jumping, midair, flying, rail, skating, rollerblades",
        "skiing, snow, slope, skis, snowboard, sled, winter, mountain, ice",
        "wedding, bride, party, birthday, church, dancing, dress, suit, ceremony, pair, cake, family",
        "party, festival, concert, band, crowd, stage, musician, dancing, music, parade, fireworks",
        "standing, posing, looking, waiting, watching, walking, leaning, holding, carrying",
        "sitting, bench, chair, seat, couch, lying, kneeling, reading",
        "fire, smoke, explosion, fireworks, barbecue, smoking",
        "lightning, storm, tornado, night, sky, cloud, rain, wet, puddle, umbrella",
        "stone, rock, pebble, brick, wall, stone wall, rocky, climbing, cliff, mountain, concrete",
        "shirt, t-shirt, coat, jacket, sweater, sweatshirt, vest, uniform, suit, dress, costume, clothes, wearing",
        "hat, cap, helmet, cowboy hat, bandanna",
        "swimsuit, bikini, swimming trunks, shorts, wetsuit, swimming, pool",
        "glasses, sunglasses, goggles",
        "bag, backpack, purse, handbag, suitcase",
        "sled, inner tube, raft, canoe, boat, paddle, rafting, floating",
        "hiking, backpack, trail, mountain, walking, climbing, camping, tent",
        "swing, playground, slide, rope, playing",
        "drink, glass, cup, bottle, beer, coffee, alcohol, eating, food, meal, restaurant, table",
        "boat, sail, mast, sailboat, ship, canoe, harbor, dock, pier, ferry",
        "flying, flight, midair, jumping, airplane, bird",
        "window, door, doorway, entrance, gate, building, facade",
        "child, boy, girl, baby, family", "woman, girl, mother, bride", "man, boy, father",
        "cucumber, zucchini", "orange, mandarin", "nectarine, peach", "lemon, lime", "pepper, bell pepper",
        "fruit, vegetable, food, dessert",
        "soldier, military, uniform, gun, camouflage, police, guard",
        "wolf, dog, husky, fox", "mule deer, deer, elk, white-tailed deer, caribou, moose, antelope",
        "sailboat, sail, mast, boat, ship", "monument, statue, sculpture, tomb, temple, ruins",
    )
)  # fmt: skip
"""Groups of tags that one picture may well show or be described by, so that one is no evidence against another."""

BACKGROUND = frozenset(
    _names(
        "sky, tree, grass, water, sea, ocean, sidewalk, building, wall, floor, plant, fence, ceiling, rock, window, "
        "table, door, dirt, ground, shadow, shade, light, outside, interior, room, nature, landscape, land, plain, "
        "horizon, leaf, bush, branch, shrub, moss, vegetation, trunk, stone, wood, glass, metal, steel, brick, pebble, "
        "concrete, roof, pole, post, column, pillar, railing, reflection, silhouette, close-up, detail, texture, "
        "pattern, design, architecture, decoration, art, daytime, winter, autumn, furniture, clothes, display, figure, "
        "model, paper, curtain, carpet, spray"
    )
)
"""Often present without being named: a missing caption word or keyword is hardly evidence of absence."""

PLACES = frozenset(
    _names("mountain, hill, city, town, street, road, park, garden, field, house, lake, river, path, cloud, sun, food")
)
"""Named where it matters and left out where it does not: a missing word is weak evidence of absence."""

SMALL_KINDS = frozenset(_names("clothes, furniture, tableware, container, electronics, jewelry, cosmetics, shoe, hat"))
SMALL = frozenset(
    _names(
        "hair, hand, face, head, eye, beard, mouth, arm, leg, foot, ear, nose, teeth, tongue, tail, wings, collar, "
        "watch, glasses, sunglasses, bag, backpack, ball, bottle, cup, chair, stick, rope, sign, flower, car, shoe, "
        "standing, smile, necklace, person, man, woman, child, boy, girl, flag, steps, stairs, vehicle"
    )
)
"""Often left unnamed: a missing word is hardly evidence of absence."""

UNNAMED = BACKGROUND | SMALL | PLACES

READ_AS: dict[str, str] = {
    **dict.fromkeys(
        _names(
            "orange, match, matches, coach, fall, falls, falling, light, lights, left, fan, fans, tank, chest, range, "
            "lounge, square, squares, fair, rubber, mat, pick, picks, cricket, bow, deck, step, exhibit, screen, "
            "wagon, scale, pet, pets, straw, land, lands, pack, plain, turn, turns, row, rows, perch, sites, shades, "
            "figure, figures, spot, spots, boxers, present, presents, key, course, model, models, grill, metro, hall, "
            "lane, country, home, past, can, cans"
        ),
        "",
    ),
    "watch": "watching",
    "watches": "watching",
    "watched": "watching",
    "onlookers": "spectator",
    "bicyclist": "cycling",
    "bicyclists": "cycling",
    "biker": "cycling",
    "motorcyclist": "motorcycle",
    "snow-covered": "snow",
    "ballplayer": "baseball player",
    "backyard": "courtyard",
}
"""Caption words with another meaning than in a search: their meaning, or none."""

NOT_ON_COREL = frozenset(
    _names(
        "television, laptop, computer, keyboard, computer mouse, remote control, mobile phone, microwave, oven, "
        "toaster, refrigerator, hair dryer, toothbrush, sink, toilet, parking meter, stop sign, suitcase, skateboard, "
        "frisbee"
    )
)
"""Not among the themes of Corel's photo CDs; the black frame of the slides looks like a screen."""
