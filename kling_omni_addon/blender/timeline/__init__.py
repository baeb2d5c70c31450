"""Strips that are ours on Blender's timeline."""
