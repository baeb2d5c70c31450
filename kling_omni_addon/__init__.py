"""Kling Omni inside Blender: shoot frames, write a prompt, get the clip on the timeline.

Nothing here reaches bpy before Blender asks for it, so every other room loads in a plain Python.
"""


def register() -> None:
    """Put everything the extension has into Blender. Called by Blender on enabling."""
    from .blender import registration

    registration.register()


def unregister() -> None:
    """Take all of it out again and leave no trace. Called by Blender on disabling."""
    from .blender import registration

    registration.unregister()
