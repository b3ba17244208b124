// Lens distortion on normalised coordinates (X / Z, Y / Z). LENS: 0 none, 1 Brown-Conrady, 2 Kannala-Brandt.
// Formulas: OpenCV, "Camera Calibration and 3D Reconstruction" and "Fisheye camera model".

#if LENS == 1
uniform vec3 lens_numerator;     // k1 k2 k3
uniform vec3 lens_denominator;   // k4 k5 k6
uniform vec2 lens_tangential;    // p1 p2
uniform vec4 lens_prism;         // s1 s2 s3 s4
uniform mat3 lens_tilt;          // homography of the tilted sensor

vec2 distort(vec2 xy)
{
    float r2 = dot(xy, xy);
    // Written as 1 + small parts so that the large part, xy itself, is added last and loses nothing.
    vec3 k = lens_numerator, d = lens_denominator;
    float top = r2 * (k.x + r2 * (k.y + r2 * k.z));
    float bottom = r2 * (d.x + r2 * (d.y + r2 * d.z));
    float gain = (top - bottom) / (1.0 + bottom);
    vec2 p = lens_tangential;
    vec2 shift = 2.0 * xy.x * xy.y * p + p.yx * (r2 + 2.0 * xy * xy) + r2 * (lens_prism.xz + r2 * lens_prism.yw);
    vec2 bent = xy + (xy * gain + shift);
#if TILTED
    vec3 tilted = lens_tilt * vec3(bent, 1.0);
    bent = tilted.xy / tilted.z;
#endif
    return bent;
}
#elif LENS == 2
uniform vec4 lens_theta;         // k1 k2 k3 k4

// Arc tangent of r >= 0 to 2 ulp: Cephes' atanf (S. L. Moshier). The built-in one may be off by 1e-4.
float angle_of(float r)
{
    float base = 0.0, x = r;
    if (r > 2.414213562373095) {
        base = 1.5707963267948966;
        x = -1.0 / r;
    } else if (r > 0.4142135623730950) {
        base = 0.7853981633974483;
        x = (r - 1.0) / (r + 1.0);
    }
    float z = x * x;
    return base + (((8.05374449538e-2 * z - 1.38776856032e-1) * z + 1.99777106478e-1) * z - 3.33329491539e-1) * z * x + x;
}

vec2 distort(vec2 xy)
{
    float r = length(xy);
    if (r == 0.0)
        return xy;
    float theta = angle_of(r);
    float t2 = theta * theta;
    vec4 k = lens_theta;
    float bent = theta + theta * (t2 * (k.x + t2 * (k.y + t2 * (k.z + t2 * k.w))));
    return xy * (bent / r);
}
#endif
