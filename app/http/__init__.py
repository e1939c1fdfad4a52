"""Files and thumbnails over HTTP, under signed addresses."""
