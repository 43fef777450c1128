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
