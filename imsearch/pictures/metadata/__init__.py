"""What is said of a picture: in its EXIF, IPTC and XMP, and in files beside it."""
