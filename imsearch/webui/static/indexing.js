// The run of indexing on the status page.
