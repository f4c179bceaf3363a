"""Facts and changes in words, as the command line and the web pages tell them."""
