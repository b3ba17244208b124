// From a vertex relative to the mesh's centre to clip space. Camera axes are OpenCV's: x right, y down, z forward.
// Clip y points DOWN the picture, so that row 0 of the framebuffer is the top row. Depth is near / z: 1 at the near
// plane, 0 at infinity.

uniform mat3 cam_rotation;
uniform vec3 cam_translation;
uniform vec3 clip_scale;         // 2 fx / width, 2 skew / width, 2 fy / height
uniform vec2 clip_center;        // (2 cx + 1) / width - 1, (2 cy + 1) / height - 1
uniform float near;

vec3 to_camera(vec3 offset)
{
    return cam_rotation * offset + cam_translation;
}

#if BOUNDED
uniform float valid_radius;      // vertices beyond it are cut off; 0 stands for "only what lies behind the camera"
uniform float clamp_radius;      // where vertices beyond are put, so that the cut edge has an end
#endif

vec4 to_clip(vec3 p)
{
#if LENS == 0
    vec2 clip = vec2(clip_scale.x * p.x + clip_scale.y * p.y, clip_scale.z * p.y) + clip_center * p.z;
    return vec4(clip, near, p.z);
#else
#if BOUNDED
    float across = length(p.xy);
    gl_ClipDistance[0] = valid_radius > 0.0 ? valid_radius * p.z - across : p.z;
    float w = max(p.z, near);
    vec2 xy = across > clamp_radius * w ? p.xy * (clamp_radius / across) : p.xy / w;
#else
    float w = p.z;
    vec2 xy = p.xy / w;
#endif
    vec2 bent = distort(xy);
    vec2 ndc = vec2(clip_scale.x * bent.x + clip_scale.y * bent.y, clip_scale.z * bent.y) + clip_center;
    return vec4(ndc * w, near, w);
#endif
}
