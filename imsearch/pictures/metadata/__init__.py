"""Metadata: EXIF, IPTC, XMP and sidecar files, one reader a format."""
