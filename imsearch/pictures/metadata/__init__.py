"""Metadata of pictures: EXIF, IPTC, XMP, and sidecar files."""
