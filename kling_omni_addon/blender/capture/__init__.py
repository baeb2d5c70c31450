"""Pictures for a shot: from the camera, the view, a strip, an image."""
