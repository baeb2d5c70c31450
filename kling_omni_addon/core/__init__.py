"""Pure thinking: no clock, no chance, no network, no threads, no Blender.

The only files it reads are the package's own constant data in ``schemas/``.
"""
