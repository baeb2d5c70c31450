"""Elements of the library that are made of Blender's own objects and collections."""
