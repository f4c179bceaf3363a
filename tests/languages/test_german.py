"""Questions as people type them in German."""

from __future__ import annotations

import pytest

from tests.languages.support import Ask, check

QUESTIONS = (
    ("hund am strand", "dog beach", "dog on the beach"),
    ("Hunde am Strand", "dogs beach", "dog on the beach"),
    ("zwei hunde im schnee", "two dogs snow", "dogs in the snow"),
    ("rotes auto", "red car", "red car"),
    ("mein Auto ist rot", "red car", "red car"),
    ("blaue autos auf der straße", "blue car street", "blue car"),
    ("blaue autos auf der strasse", "blue car street", "blue car"),
    ("der schwarze hund", "black dog", "black dog"),
    ("#Hund, schwarz", "black dog", "black dog"),
    ("hund, der schwarz ist", "black dog", "black dog"),
    ("katze auf dem sofa", "cat couch", "cat on a couch"),
    ("schlafende Katze", "sleeping cat", "cat on a couch"),
    ("weiße Katze am Fenster", "white cat window", "white cat"),
    ("weisse katze", "white cat", "white cat"),
    ("kindergeburtstag", "child birthday", "birthday party"),
    ("geburtstag im dezember", "birthday december", "birthday party"),
    ("geburtstagskuchen mit kerzen", "birthday cake candles", "birthday party"),
    ("Luftballons im Garten", "balloons garden", "birthday in the garden"),
    ("weihnachten", "christmas", "christmas"),
    ("bergsee mit boot", "lake boat", "mountain lake"),
    ("boot auf dem see in den bergen", "boat lake mountain", "mountain lake"),
    ("skifahren in den alpen", "skiing mountain", "snowy mountains"),
    ("sonnenuntergang am meer", "sunset sea", "sunset at sea"),
    ("pferde auf der wiese", "horse meadow", "horses on a meadow"),
    ("junge mit fahrrad", "boy bicycle", "boy with a bicycle"),
    ("mädchen spielt im sand", "girl playing sand", "girl playing in the sand"),
    ("maedchen auf dem spielplatz", "girl playground", "girl playing in the sand"),
    ("kind auf der schaukel", "child swing", "child on a swing"),
    ("frau im roten kleid", "woman red dress", "woman in a red dress"),
    ("mann mit brille und hut", "man glasses hat", "man with glasses"),
    ("der mann hat eine brille", "man glasses", "man with glasses"),
    ("hochzeit in der kirche", "wedding church", "bride and groom"),
    ("Braut und Bräutigam", "bride groom", "bride and groom"),
    ("schloss im wald", "castle forest", "castle"),
    ("Schlösser und Türme", "castle tower", "castle"),
    ("brücke über den fluss", "bridge river", "bridge over a river"),
    ("stadt bei nacht", "city night", "city at night"),
    ("vögel im baum", "bird tree", "bird in a tree"),
    ("schmetterling auf einer gelben blume", "butterfly yellow flower", "butterfly on a flower"),
    ("sonnenblumenfeld", "sunflower field", "sunflowers"),
    ("flugzeug am flughafen", "airplane airport", "airplane"),
    ("schiffe im hafen", "ships harbor", "ship"),
    ("fußballspiel im stadion", "soccer stadium", "soccer"),
    ("kaffee und kuchen", "coffee cake", "coffee and cake"),
    ("wasserfall im regenwald", "waterfall rainforest", "waterfall"),
    ("zelten mit lagerfeuer", "camping fire", "tent"),
    ("kühe auf der wiese", "cow meadow", "cow"),
    ("ampel", "traffic light", "traffic light"),
    ("feuerwerk an silvester", "fireworks", "fireworks"),
    ("obst oder gemüse auf dem markt", "fruit OR vegetable market", "old market"),
    ("gelber Regenschirm", "yellow umbrella", "yellow umbrella"),
    ("wandern mit rucksack", "hiking backpack", "hiking"),
    ("braunbär am fluss", "brown bear river", "brown bear"),
    ("strand -menschen", "beach -person", "empty beach"),
    ("+strand +hund", "+beach +dog", "dog on the beach"),
    ("strand ohne menschen", "beach without people", "empty beach"),
    ("ein zug, kein auto", "train without car", "train"),
    ("niemand am strand", "nobody beach", "empty beach"),
    ("Berge im August 2021", "mountain august 2021", "mountain lake"),
    ("berge im winter", "mountain in winter", "snowy mountains"),
    ("weihnachten 2023", "christmas 2023", "christmas"),
)


@pytest.mark.parametrize(("question", "english", "picture"), QUESTIONS)
def test_question(ask: Ask, question: str, english: str, picture: str) -> None:
    check(ask, "de", question, english, picture)
