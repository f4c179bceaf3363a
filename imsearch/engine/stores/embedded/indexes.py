"""The source of the engine's indexes."""

from imsearch.engine.stores.follow import Indexes as Indexes
