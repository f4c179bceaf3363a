"""Questions as people type them in Spanish."""

from __future__ import annotations

import pytest

from tests.languages.support import Ask, check

QUESTIONS = (
    ("perro en la playa", "dog beach", "dog on the beach"),
    ("Perros en la playa", "dogs beach", "dog on the beach"),
    ("dos perros en la nieve", "two dogs snow", "dogs in the snow"),
    ("coche rojo", "red car", "red car"),
    ("un carro de color rojo", "red car", "red car"),
    ("coches rojos", "red car", "red car"),
    ("coches azules en la calle", "blue car street", "blue car"),
    ("el perro negro", "black dog", "black dog"),
    ("perro que es negro", "black dog", "black dog"),
    ("gato en el sofá", "cat couch", "cat on a couch"),
    ("gato en el sofa", "cat couch", "cat on a couch"),
    ("gato durmiendo", "sleeping cat", "cat on a couch"),
    ("gata blanca en la ventana", "white cat window", "white cat"),
    ("cumpleaños en diciembre", "birthday december", "birthday party"),
    ("pastel de cumpleaños con velas", "cake birthday candles", "birthday party"),
    ("globos en el jardín", "balloons garden", "birthday in the garden"),
    ("navidad", "christmas", "christmas"),
    ("barca en el lago", "boat lake", "mountain lake"),
    ("montañas y lago", "mountain lake", "mountain lake"),
    ("esquiar en la montaña", "skiing mountain", "snowy mountains"),
    ("puesta de sol en el mar", "sunset sea", "sunset at sea"),
    ("atardecer junto al mar", "sunset sea", "sunset at sea"),
    ("caballos en el prado", "horse meadow", "horses on a meadow"),
    ("niño con bicicleta", "boy bicycle", "boy with a bicycle"),
    ("niña jugando en la arena", "girl playing sand", "girl playing in the sand"),
    ("ninas en el parque infantil", "girl playground", "girl playing in the sand"),
    ("niño en el columpio", "child swing", "child on a swing"),
    ("mujer con vestido rojo", "woman red dress", "woman in a red dress"),
    ("hombre con gafas y sombrero", "man glasses hat", "man with glasses"),
    ("boda en la iglesia", "wedding church", "bride and groom"),
    ("los novios", "groom", "bride and groom"),
    ("castillo en el bosque", "castle forest", "castle"),
    ("castillos y torres", "castle tower", "castle"),
    ("puente sobre el río", "bridge river", "bridge over a river"),
    ("ciudad de noche", "city night", "city at night"),
    ("pájaros en un árbol", "bird tree", "bird in a tree"),
    ("mariposa sobre una flor amarilla", "butterfly yellow flower", "butterfly on a flower"),
    ("campo de girasoles", "field sunflower", "sunflowers"),
    ("aviones en el aeropuerto", "airplane airport", "airplane"),
    ("barcos en el puerto", "ship harbor", "ship"),
    ("partido de fútbol en el estadio", "soccer stadium", "soccer"),
    ("café y tarta", "coffee cake", "coffee and cake"),
    ("cascada en la selva", "waterfall rainforest", "waterfall"),
    ("acampada con hoguera", "camping fire", "tent"),
    ("vacas en el prado", "cow meadow", "cow"),
    ("semáforos", "traffic light", "traffic light"),
    ("fuegos artificiales por la noche", "fireworks night", "fireworks"),
    ("fruta o verdura en el mercado", "fruit OR vegetable market", "old market"),
    ("paraguas amarillo", "yellow umbrella", "yellow umbrella"),
    ("senderismo con mochila", "hiking backpack", "hiking"),
    ("oso pardo en el río", "brown bear river", "brown bear"),
    ("playa -gente", "beach -person", "empty beach"),
    ("+playa +perro", "+beach +dog", "dog on the beach"),
    ("playa sin gente", "beach without people", ""),
    ("coche o moto amarilla", "car OR yellow motorcycle", ""),
    ("guitarrista con guitarra", "guitar", "guitar"),
    ("elefantes", "elephant", "elephant"),
    ("arco iris después de la lluvia", "rainbow rain", "rainbow"),
)


@pytest.mark.parametrize(("question", "english", "picture"), QUESTIONS)
def test_question(ask: Ask, question: str, english: str, picture: str) -> None:
    check(ask, "es", question, english, picture)
