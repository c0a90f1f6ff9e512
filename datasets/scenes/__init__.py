"""Street scenes of our own with exact truth: meshes in numpy, pictures by Blender, clips by composition.

Only `render` touches Blender (`bpy`), and only when it is asked for a picture; everything else runs on numpy, OpenCV
and PyAV. See `datasets/scenes/README.md` for how a clip is made.
"""
