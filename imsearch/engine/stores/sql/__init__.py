"""The statements of a catalog on SQL: schema, migrations, reading, recording, the journal. No dialect."""
