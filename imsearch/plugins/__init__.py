"""Plugins: the hooks they may implement, the manager that loads them, and the models that come with imsearch."""
