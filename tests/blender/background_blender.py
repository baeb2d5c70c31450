"""The bpy module as a Blender of its own: ``background_blender.py install EXTENSION.zip``, then
``background_blender.py run FILM.blend SCRIPT.py``, which is ``blender --background FILM.blend --python SCRIPT.py``.

``BLENDER_USER_RESOURCES`` names the folder of the user. A bpy module starts with factory settings, so that the
installed extension has to be enabled by each process.
"""

from __future__ import annotations

import runpy
import sys

import bpy


def install(extension: str) -> None:
    """As a person does it."""
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=False)


def run(film: str, script: str) -> None:
    """Open the film and run the script on it."""
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.kling_omni")
    bpy.ops.wm.open_mainfile(filepath=film)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    if sys.argv[1] == "install":
        install(sys.argv[2])
    else:
        run(sys.argv[2], sys.argv[3])
