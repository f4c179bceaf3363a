"""The source of corrections for `imsearch.engine.engine`."""

from imsearch.engine.stores.corrections import Corrections as Corrections
