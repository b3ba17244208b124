#version 330 core
#include "lens.glsl"
#include "camera.glsl"

layout(location = 0) in vec3 offset;
#if SURFACE
layout(location = 1) in vec3 vertex_normal;
layout(location = 2) in vec3 vertex_color;
layout(location = 3) in vec2 vertex_uv;
out vec3 world_normal;
out vec3 albedo;
out vec2 uv;
#endif
#if SURFACE || POINT
out vec3 point_cam;
#endif
#if PIECES
layout(location = 4) in int piece_face;
flat out int face;
#endif

void main()
{
    vec3 p = to_camera(offset);
    gl_Position = to_clip(p);
#if SURFACE
    world_normal = vertex_normal;
    albedo = vertex_color;
    uv = vertex_uv;
#endif
#if SURFACE || POINT
    point_cam = p;
#endif
#if PIECES
    face = piece_face;
#endif
}
