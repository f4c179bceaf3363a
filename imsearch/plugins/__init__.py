"""Plugins: the hook specifications, the manager that loads plugins, and the models that come with imsearch."""
