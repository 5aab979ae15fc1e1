/* The cases of cases.py as an expert would write them for gcc: one loop each, in the stable form, with the parameters
 * as arguments. With -O3 -march=native -ffast-math gcc takes the vector functions of libmvec.
 *
 * The file includes itself, once for double and once for float. tgmath.h picks the function of the type (exp, expf);
 * constants are cast by R(), since a double constant would turn a loop over floats into one over doubles. */
#ifndef REAL

#include <tgmath.h>

#define LOOP(name, expression)                                                                                  \
    void NAME(name)(const REAL *restrict x, REAL *restrict out, long n, REAL p, REAL q) {                       \
        for (long i = 0; i < n; i++) {                                                                          \
            const REAL u = x[i];                                                                                \
            out[i] = (expression);                                                                              \
        }                                                                                                       \
    }
#define R(c) ((REAL)(c))

#define REAL double
#define NAME(name) name##_float64
#include __FILE__
#undef REAL
#undef NAME

#define REAL float
#define NAME(name) name##_float32
#define SINGLE
#include __FILE__

#else

/* log cosh(v) = |v| + log(1 + exp(-2|v|)) - log 2, which does not overflow. */
static inline REAL NAME(logcosh)(REAL v) {
    const REAL w = fabs(v);
    return w + log1p(exp(R(-2) * w)) - R(0.69314718055994531);
}

/* -softplus(v) - softplus(-v) */
static inline REAL NAME(sigmoid_log_det_at)(REAL v) {
    const REAL w = fabs(v);
    return -w - R(2) * log1p(exp(-w));
}

LOOP(exp_forward, exp(u))
LOOP(log_forward, log(u))
LOOP(sigmoid_forward, R(1) / (R(1) + exp(-u)))
LOOP(sigmoid_inverse, log(u / (R(1) - u)))
LOOP(sigmoid_log_det, NAME(sigmoid_log_det_at)(u))
LOOP(sigmoid_inverse_log_det, -log(u * (R(1) - u)))
LOOP(softplus_forward, fmax(u, R(0)) + log1p(exp(-fabs(u))))
LOOP(softplus_inverse, u + log(-expm1(-u)))
LOOP(softplus_log_det, fmin(u, R(0)) - log1p(exp(-fabs(u))))
LOOP(tanh_forward, tanh(u))
LOOP(tanh_log_det, R(-2) * NAME(logcosh)(u))
LOOP(power_forward, pow(u, p))
LOOP(ndtr_forward, R(0.5) * erfc((p - u) / q * R(0.70710678118654752)))
LOOP(sinh_arcsinh_forward, sinh((asinh(u) + p) * q))
LOOP(sinh_arcsinh_inverse, sinh(asinh(u) / q - p))
LOOP(sinh_arcsinh_log_det, NAME(logcosh)((asinh(u) + p) * q) - R(0.5) * log1p(u * u) + log(q))
LOOP(gumbel_forward, exp(-exp((p - u) / q)))
LOOP(gumbel_inverse, p - q * log(-log(u)))
LOOP(gumbel_log_det, (p - u) / q - exp((p - u) / q) - log(q))
/* x^p as exp(p log x): as accurate as pow while p log x is small, as it is inside (0, 1), and cheaper. */
LOOP(kumaraswamy_forward, -expm1(q * log1p(-exp(p * log(u)))))
LOOP(kumaraswamy_inverse, exp(log(-expm1(log1p(-u) / q)) / p))
LOOP(cubic_inverse, (cbrt(u) - q) / p)
LOOP(cubic_log_det, R(2) * log(fabs(p * u + q)) + log(R(3) * fabs(p)))

void NAME(kumaraswamy_log_det)(const REAL *restrict x, REAL *restrict out, long n, REAL p, REAL q) {
    const REAL constant = log(p * q);
    for (long i = 0; i < n; i++) {
        const REAL l = log(x[i]);
        out[i] = constant + (p - R(1)) * l + (q - R(1)) * log1p(-exp(p * l));
    }
}

/* (sigmoid(c/t) - sigmoid(-1/2t)) / (sigmoid(1/2t) - sigmoid(-1/2t)) = 1/2 + tanh(c/2t) / (2 tanh(1/4t)) */
void NAME(softfloor_forward)(const REAL *restrict x, REAL *restrict out, long n, REAL p, REAL q) {
    const REAL height = R(0.5) / tanh(R(0.25) / p), low = R(1) / (R(1) + exp(R(0.5) / p)), slope = R(0.5) / p;
    for (long i = 0; i < n; i++) {
        const REAL v = x[i] - R(0.5), step = floor(v);
        out[i] = step + (height * tanh((v - step - R(0.5)) * slope) + (low + R(0.5)));
    }
}

void NAME(softfloor_log_det)(const REAL *restrict x, REAL *restrict out, long n, REAL p, REAL q) {
    const REAL constant = -log(p * tanh(R(0.25) / p)), slope = R(1) / p;
    for (long i = 0; i < n; i++) {
        const REAL v = x[i] - R(0.5);
        out[i] = constant + NAME(sigmoid_log_det_at)((v - floor(v) - R(0.5)) * slope);
    }
}

/* Quantiles of the normal law: Wichura (1988), algorithm AS 241, PPND16 for double and PPND7 for float. Centre and
 * tail are both computed and one is selected, so that the loop vectorises; the far tail is rare and has a second loop. */
#ifdef SINGLE
#define CENTRE(r)                                                                                                  \
    ((((R(59.109374720) * r + R(159.29113202)) * r + R(50.434271938)) * r + R(3.3871327179)) /                    \
     (((R(67.187563600) * r + R(78.757757664)) * r + R(17.895169469)) * r + R(1)))
#define TAIL(r)                                                                                                    \
    ((((R(0.17023821103) * r + R(1.3067284816)) * r + R(2.7568153900)) * r + R(1.4234372777)) /                   \
     ((R(0.12021132975) * r + R(0.73700164250)) * r + R(1)))
#define FAR(r)                                                                                                     \
    ((((R(0.017337203997) * r + R(0.42868294337)) * r + R(3.0812263860)) * r + R(6.6579051150)) /                 \
     ((R(0.012258202635) * r + R(0.24197894225)) * r + R(1)))
#else
#define EIGHT(r, c7, c6, c5, c4, c3, c2, c1, c0)                                                                   \
    (((((((c7 * r + c6) * r + c5) * r + c4) * r + c3) * r + c2) * r + c1) * r + c0)
#define CENTRE(r)                                                                                                  \
    (EIGHT(r, 2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,  \
           1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0) /   \
     EIGHT(r, 5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,  \
           5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0))
#define TAIL(r)                                                                                                    \
    (EIGHT(r, 7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,                     \
           1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, \
           1.42343711074968357734e0) /                                                                             \
     EIGHT(r, 1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,                     \
           1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,                         \
           2.05319162663775882187e0, 1.0))
#define FAR(r)                                                                                                     \
    (EIGHT(r, 2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,                     \
           2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,                         \
           5.46378491116411436990e0, 6.65790464350110377720e0) /                                                   \
     EIGHT(r, 2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,                    \
           7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,                        \
           5.99832206555887937690e-1, 1.0))
#endif

void NAME(ndtr_inverse)(const REAL *restrict x, REAL *restrict out, long n, REAL p, REAL q) {
    for (long i = 0; i < n; i++) {
        const REAL u = x[i], d = u - R(0.5), tail = fmin(u, R(1) - u);
        const REAL r = R(0.180625) - d * d, s = sqrt(-log(tail)) - R(1.6);
        const REAL centre = d * CENTRE(r), outer = copysign(TAIL(s), d);
        out[i] = p + q * (r >= R(0) ? centre : outer);
    }
    for (long i = 0; i < n; i++) {
        const REAL u = x[i], tail = fmin(u, R(1) - u);
        if (tail < R(1.3887943864964021e-11)) { /* exp(-25) */
            const REAL s = sqrt(-log(tail)) - R(5);
            out[i] = p + q * copysign(FAR(s), u - R(0.5));
        }
    }
}

#undef CENTRE
#undef TAIL
#undef FAR
#endif
