"""Questions as people type them in French."""

from __future__ import annotations

import pytest

from tests.languages.support import Ask, check

QUESTIONS = (
    ("chien sur la plage", "dog beach", "dog on the beach"),
    ("deux chiens dans la neige", "two dogs snow", "dogs in the snow"),
    ("voiture rouge", "red car", "red car"),
    ("une voiture qui est rouge", "red car", "red car"),
    ("voitures bleues dans la rue", "blue car street", "blue car"),
    ("l\u2019herbe et le chien noir", "grass black dog", "black dog"),
    ("le chien noir", "black dog", "black dog"),
    ("chat sur le canapé", "cat couch", "cat on a couch"),
    ("chat sur le canape", "cat couch", "cat on a couch"),
    ("chat endormi", "sleeping cat", "cat on a couch"),
    ("chat blanc à la fenêtre", "white cat window", "white cat"),
    ("anniversaire en décembre", "birthday december", "birthday party"),
    ("gâteau d'anniversaire avec des bougies", "birthday cake candles", "birthday party"),
    ("ballons dans le jardin", "balloons garden", "birthday in the garden"),
    ("Noël", "christmas", "christmas"),
    ("noel", "christmas", "christmas"),
    ("bateau sur un lac de montagne", "boat lake mountain", "mountain lake"),
    ("skier à la montagne", "skiing mountain", "snowy mountains"),
    ("coucher de soleil sur la mer", "sunset sea", "sunset at sea"),
    ("chevaux dans un pré", "horse meadow", "horses on a meadow"),
    ("garçon à vélo", "boy cycling", "boy with a bicycle"),
    ("petit garçon avec une bicyclette", "boy bicycle", "boy with a bicycle"),
    ("fille qui joue dans le sable", "girl playing sand", "girl playing in the sand"),
    ("enfant sur la balançoire", "child swing", "child on a swing"),
    ("femme en robe rouge", "woman red dress", "woman in a red dress"),
    ("homme avec des lunettes et un chapeau", "man glasses hat", "man with glasses"),
    ("mariage à l'église", "wedding church", "bride and groom"),
    ("la mariée et le marié", "bride groom", "bride and groom"),
    ("château dans la forêt", "castle forest", "castle"),
    ("châteaux et tours", "castle tower", "castle"),
    ("pont sur la rivière", "bridge river", "bridge over a river"),
    ("ville la nuit", "city night", "city at night"),
    ("gratte-ciel", "skyscraper", "city at night"),
    ("oiseau dans un arbre", "bird tree", "bird in a tree"),
    ("papillon sur une fleur jaune", "butterfly yellow flower", "butterfly on a flower"),
    ("champ de tournesols", "sunflower field", "sunflowers"),
    ("chemin de fer", "railroad", "train"),
    ("avion à l'aéroport", "airplane airport", "airplane"),
    ("navires au port", "ships harbor", "ship"),
    ("match de foot au stade", "soccer stadium", "soccer"),
    ("pizza au restaurant", "pizza restaurant", "pizza"),
    ("tasse de café et gâteau", "coffee cup cake", "coffee and cake"),
    ("lire au lit", "reading bed", "book"),
    ("chute d'eau", "waterfall", "waterfall"),
    ("tente et feu de camp", "tent fire", "tent"),
    ("des vaches derrière la clôture", "cow fence", "cow"),
    ("éléphant", "elephant", "elephant"),
    ("feux tricolores", "traffic light", "traffic light"),
    ("arc-en-ciel", "rainbow", "rainbow"),
    ("feu d'artifice", "fireworks", "fireworks"),
    ("fruits ou légumes au marché", "fruit OR vegetable market", "old market"),
    ("parapluie jaune sous la pluie", "yellow umbrella rain", "yellow umbrella"),
    ("randonnée avec un sac à dos", "hiking backpack", "hiking"),
    ("ours brun dans une rivière", "brown bear river", "brown bear"),
    ("plage -personne", "beach -person", "empty beach"),
    ("+plage +chien", "+beach +dog", "dog on the beach"),
    ("plage sans personne", "beach without people", "empty beach"),
    ("montagne en août 2021", "mountain august 2021", "mountain lake"),
    ("montagnes en hiver", "mountain in winter", "snowy mountains"),
    ("noël 2023", "christmas 2023", "christmas"),
)


@pytest.mark.parametrize(("question", "english", "picture"), QUESTIONS)
def test_question(ask: Ask, question: str, english: str, picture: str) -> None:
    check(ask, "fr", question, english, picture)
