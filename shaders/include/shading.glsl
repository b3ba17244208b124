// A lamp at the camera's upper left and a soft sky, in camera axes (y down): a head is readable from every side.

vec3 shade(vec3 color, vec3 normal)
{
    const vec3 lamp = vec3(-0.35, -0.45, -0.82);
    float lambert = clamp(dot(normal, normalize(lamp)), 0.0, 1.0);
    float sky = 0.5 - 0.5 * normal.y;
    return color * (0.22 + 0.18 * sky + 0.65 * lambert);
}
