"""Metadata: EXIF, IPTC, XMP and sidecar files, one reader for each format."""
