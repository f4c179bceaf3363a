"""Words typed around those that matter: "pictures of a cat", "he sits on his bench"."""

from __future__ import annotations

FILLERS = frozenset(
    (
        *("a", "an", "the", "this", "that", "these", "those", "some", "any", "all", "each", "every", "both", "either"),
        *("photo", "photos", "picture", "pictures", "image", "images"),
        *("of", "in", "on", "at", "with", "without", "by", "from", "to", "for", "about", "as", "than", "like"),
        *("through", "into", "onto", "over", "under", "above", "below", "near", "off", "out", "up", "down", "along"),
        *("across", "around", "behind", "beside", "besides", "between", "among", "against", "toward", "towards"),
        *("upon", "within", "while", "during", "since", "before", "after", "until", "when", "where", "because"),
        *("if", "so", "and", "but", "or", "nor", "not", "also", "too", "very", "just", "only", "then", "there", "here"),
        *("i", "me", "my", "you", "your", "he", "him", "his", "she", "her", "it", "its", "we", "us", "our"),
        *("they", "them", "their", "who", "whom", "whose", "which", "what", "how", "another", "other", "others"),
        *("is", "are", "am", "was", "were", "be", "being", "been", "has", "have", "had", "having"),
        *("do", "does", "did", "doing", "will", "would", "can", "could", "should", "may", "might", "must"),
    )
)
"""Ignored unless there is nothing else, or they name a tag.

Closed word classes only: "two" and "red" have a meaning.
"""
