"""Names from before the catalog was one class, for modules that still ask here."""

from typing import TypeAlias

from imsearch.engine.stores.pieces import pieces as pieces
from imsearch.engine.stores.sql.catalog import Catalog

CatalogBase: TypeAlias = Catalog
