"""What Blender does for a batch: render the frames of its shots, and put their clips into one edit."""
