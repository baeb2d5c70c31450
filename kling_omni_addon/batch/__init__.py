"""Many shots at once, from a manifest: one line a shot. What renders and edits is in ``blender/batch``."""
