"""Where the engine takes the indexes from."""

from imsearch.engine.stores.follow import Indexes as Indexes
