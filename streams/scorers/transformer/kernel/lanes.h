/* Sixteen numbers at once: what every part of the layer needs. All is fp32, in an order that depends on one row alone. */
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16
#define EACH _Pragma("GCC unroll 16") /* the loop is short, and its variable picks registers */

typedef __m512 floats;

/* e^x for x <= 88: 2^n by the exponent, the rest by a polynomial (Cephes' expf), two units in the last place. */
static inline floats exponential(floats x) {
    x = _mm512_max_ps(x, _mm512_set1_ps(-104.0f));
    const floats n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896341f)), _MM_FROUND_TO_NEAREST_INT);
    floats r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    floats p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
    return _mm512_scalef_ps(p, n);
}

/* x/2 · (1 + erf(x/√2)), erf by Abramowitz and Stegun 7.1.26: 1.5e-7 off at most. */
static inline floats gelu_exact(floats x) {
    const floats z = _mm512_mul_ps(_mm512_abs_ps(x), _mm512_set1_ps(0.70710678118654752f));
    const floats t = _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_fmadd_ps(z, _mm512_set1_ps(0.3275911f), _mm512_set1_ps(1.0f)));
    floats p = _mm512_set1_ps(1.061405429f);
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-1.453152027f));
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(1.421413741f));
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-0.284496736f));
    p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.254829592f));
    const floats rest = _mm512_mul_ps(_mm512_mul_ps(p, t), exponential(_mm512_sub_ps(_mm512_setzero_ps(), _mm512_mul_ps(z, z))));
    /* For x >= 0: x - x·rest/2. For x < 0: x·rest/2. */
    const floats half = _mm512_mul_ps(_mm512_mul_ps(x, _mm512_set1_ps(0.5f)), rest);
    return _mm512_mask_sub_ps(half, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ), x, half);
}

/* x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))), which is x · sigmoid of twice that: ALBERT's. */
static inline floats gelu_tanh(floats x) {
    const floats by = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.0713548162726f), _mm512_set1_ps(1.5957691216057f));
    const floats inner = _mm512_mul_ps(x, by);
    const floats e = exponential(_mm512_min_ps(_mm512_sub_ps(_mm512_setzero_ps(), inner), _mm512_set1_ps(88.0f)));
    return _mm512_div_ps(x, _mm512_add_ps(_mm512_set1_ps(1.0f), e));
}
