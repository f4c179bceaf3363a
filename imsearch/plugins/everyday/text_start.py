"""The vocabulary of the text encoder's table, and its initial vectors.

The initial vectors are those of WordLlama (https://github.com/dleemiller/WordLlama, MIT), static vectors of word pieces
in a package of that name; only its two files are read.  The words are those of the training captions, of the lexicon,
and the most frequent ones of English.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from gzip import decompress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.text_words import words_of

_INSTALL = "To train it, the package {0} is needed: pip install {0} tokenizers"
_TWICE = 2
"""Minimum number of captions that contain a word."""


def choose_words(captions: Iterable[str], lexicon: Lexicon, most: int) -> list[str]:
    """Return at most `most` words: those of captions, of the lexicon, and then by their frequency in English."""
    counts = Counter(word for caption in captions for word in words_of(caption))
    found = dict.fromkeys(word for word, count in counts.most_common() if count >= _TWICE)
    found |= dict.fromkeys(word for spelling in lexicon.spellings for word in words_of(spelling))
    package = _folder("spellchecker", "pyspellchecker")
    english: dict[str, int] = json.loads(decompress((package / "resources" / "en.json.gz").read_bytes()))
    frequent = sorted(english, key=english.__getitem__, reverse=True)
    found |= dict.fromkeys(word for word in frequent if words_of(word) == [word] and len(word) > 1)
    return list(found)[:most]


def first_vectors(words: list[str]) -> NDArray[np.float32]:
    """Return WordLlama's vectors of these words ``(words, 256)``: the mean for a word of several pieces."""
    package = _folder("wordllama", "wordllama")
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelError(_INSTALL.format("wordllama")) from error
    pieces = Tokenizer.from_file(str(package / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tensors = load_file(package / "weights" / "l2_supercat_256.safetensors")
    vectors = tensors["embedding.weight"].astype(np.float32)
    encoded = pieces.encode_batch(words, add_special_tokens=False)
    return np.stack([vectors[each.ids].mean(axis=0) for each in encoded])


def _folder(module: str, package: str) -> Path:
    found = find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise ModelError(_INSTALL.format(package))
    return Path(found.submodule_search_locations[0])
