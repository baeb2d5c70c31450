"""The network: requests and PyJWT live here. Knows nothing of threads or Blender."""
