"""The OpenGL renderer: headless, through EGL."""
