"""Time, threads and the record on disk. Knows nothing of requests or Blender."""
