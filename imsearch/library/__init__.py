"""A library opened together with its plugins and settings: the one object the command line and the web pages hold."""

from imsearch.library.library import Library as Library
