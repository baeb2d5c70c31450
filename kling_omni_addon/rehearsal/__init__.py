"""An offline Kling on 127.0.0.1: free, makes real clips, misbehaves on purpose."""
