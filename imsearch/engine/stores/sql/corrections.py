"""Where `imsearch.engine.engine` takes corrections from."""

from imsearch.engine.stores.corrections import Corrections as Corrections
