/* What is done to one token's row: its norm, and its bytes. Widths are multiples of LANES. */
#pragma once
#include "lanes.h"

#define LEVELS 127.0f
#define MIDDLE 128

/* Write the row, of whose numbers none is larger than the largest of `most`, as bytes round MIDDLE.
   Return what one step of them is worth. */
static inline float in_steps(const float *row, int width, floats most, uint8_t *bytes) {
    const float unit = _mm512_reduce_max_ps(_mm512_max_ps(most, _mm512_set1_ps(LEVELS * 1e-12f))) / LEVELS;
    const floats steps = _mm512_set1_ps(1.0f / unit);
    const __m512i middle = _mm512_set1_epi32(MIDDLE);
    for (int i = 0; i < width; i += LANES) {
        const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(row + i), steps));
        _mm_storeu_si128((__m128i *)(bytes + i), _mm512_cvtusepi32_epi8(_mm512_add_epi32(whole, middle)));
    }
    return unit;
}

/* The same for a row that was not looked at. */
static inline float quantised(const float *row, int width, uint8_t *bytes) {
    floats most = _mm512_setzero_ps();
    for (int i = 0; i < width; i += LANES) most = _mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(row + i)), most);
    return in_steps(row, width, most, bytes);
}

/* Layer norm in place. */
static inline void normed(float *row, int width, const float *gain, const float *shift, float epsilon) {
    floats sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
    for (int i = 0; i < width; i += LANES) sum = _mm512_add_ps(sum, _mm512_loadu_ps(row + i));
    const floats mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / (float)width);
    for (int i = 0; i < width; i += LANES) {
        const floats apart = _mm512_sub_ps(_mm512_loadu_ps(row + i), mean);
        squares = _mm512_fmadd_ps(apart, apart, squares);
    }
    const float variance = _mm512_reduce_add_ps(squares) / (float)width;
    const floats by = _mm512_set1_ps(1.0f / __builtin_sqrtf(variance + epsilon));
    for (int i = 0; i < width; i += LANES) {
        const floats apart = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(row + i), mean), by);
        _mm512_storeu_ps(row + i, _mm512_fmadd_ps(apart, _mm512_loadu_ps(gain + i), _mm512_loadu_ps(shift + i)));
    }
}
