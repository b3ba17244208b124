#version 330 core
#include "shading.glsl"

layout(location = 0) out int face_index;
layout(location = 1) out float depth;
#if POINT
layout(location = POINT_SLOT) out vec2 point;
#endif
#if NORMAL
layout(location = NORMAL_SLOT) out vec4 normal;
#endif
#if COLOR
layout(location = COLOR_SLOT) out vec4 color;
#endif

#if SURFACE
in vec3 world_normal;
in vec3 albedo;
in vec2 uv;
uniform mat3 normal_rotation;
uniform sampler2D surface_texture;
#endif
#if FACE_TABLE
uniform sampler2D face_table; // 4096 faces a row: colour, texture counted from 1
uniform int shown_texture;
#endif
#if SURFACE || POINT
in vec3 point_cam;
#endif
#if PIECES
flat in int face;
#endif

void main()
{
#if PIECES
    face_index = face;
#else
    face_index = gl_PrimitiveID;
#endif
#if FACE_TABLE
    vec4 own = texelFetch(face_table, ivec2(face_index % 4096, face_index / 4096), 0);
    int own_texture = int(own.a * 255.0 + 0.5);
#if TEXTURED
    if (max(own_texture, 1) != shown_texture)
        discard;
#endif
#endif
    depth = 1.0 / gl_FragCoord.w;
#if POINT
    point = point_cam.xy / point_cam.z;
#endif
#if SURFACE
    vec3 n = normal_rotation * world_normal;
    float size = length(n);
    n = size > 0.0 ? n / size : vec3(0.0);
    n = dot(n, point_cam) > 0.0 ? -n : n;
#endif
#if NORMAL
    normal = vec4(n, 1.0);
#endif
#if COLOR
#if FACE_TABLE && !VERTEX_COLORS
    vec3 base = own.rgb;
#else
    vec3 base = albedo;
#endif
#if TEXTURED
#if FACE_TABLE
    if (own_texture > 0)
#endif
        base = texture(surface_texture, uv).rgb;
#endif
    color = vec4(shade(base, n), 1.0);
#endif
}
