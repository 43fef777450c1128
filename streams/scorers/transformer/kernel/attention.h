/* Attention within one text, in fp32. Each result is one chain of sums over the text's own tokens. */
#pragma once
#include "lanes.h"

#define ASKING 6 /* rows at once, and by them */
#define WIDE 4   /* times LANES columns: 24 sums */

typedef struct {
    const float *at;
    size_t step; /* from row to row */
} Matrix;

/* out[rows][vectors of LANES] = left[rows][depth] · right[depth][…] */
static inline __attribute__((always_inline)) void block(
    const int rows, const int vectors, Matrix left, Matrix right, int depth, float *out, size_t out_step) {
    floats sums[ASKING][WIDE];
    EACH for (int r = 0; r < rows; r++)
        EACH for (int v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_ps();
    for (int d = 0; d < depth; d++) {
        floats by[WIDE];
        EACH for (int v = 0; v < vectors; v++) by[v] = _mm512_loadu_ps(right.at + d * right.step + v * LANES);
        EACH for (int r = 0; r < rows; r++) {
            const floats one = _mm512_set1_ps(left.at[r * left.step + d]);
            EACH for (int v = 0; v < vectors; v++) sums[r][v] = _mm512_fmadd_ps(one, by[v], sums[r][v]);
        }
    }
    EACH for (int r = 0; r < rows; r++)
        EACH for (int v = 0; v < vectors; v++) _mm512_storeu_ps(out + r * out_step + v * LANES, sums[r][v]);
}

#define COLUMNS(r, v) case v: block(r, v, left, right, depth, out, out_step); break
#define ROWS(r) case r: switch (vectors) { COLUMNS(r, 1); COLUMNS(r, 2); COLUMNS(r, 3); COLUMNS(r, 4); } break

/* The same for any number of rows and columns (a multiple of LANES). */
static void product(int rows, int columns, Matrix all, Matrix by, int depth, float *to, size_t out_step) {
    const int parts = (columns / LANES + WIDE - 1) / WIDE; /* of one width, give or take a vector: narrow ones are slow */
    for (int part = 0, c = 0, vectors; part < parts; part++, c += vectors * LANES) {
        vectors = columns / LANES / parts + (part < columns / LANES % parts);
        const Matrix right = {by.at + c, by.step};
        for (int at = 0; at < rows; at += ASKING) {
            const Matrix left = {all.at + at * all.step, all.step};
            float *out = to + at * out_step + c;
            switch (rows - at < ASKING ? rows - at : ASKING) { ROWS(1); ROWS(2); ROWS(3); ROWS(4); ROWS(5); ROWS(6); }
        }
    }
}

/* e^(row - its largest), over their sum; what lies behind `width` is left as it is. `scale` comes first. */
static void softmax(float *row, int width, float scale) {
    const floats by = _mm512_set1_ps(scale);
    const __mmask16 last = (__mmask16)(0xffffu >> ((LANES - width % LANES) % LANES));
    floats most = _mm512_set1_ps(-3.4e38f), sum = _mm512_setzero_ps();
    for (int i = 0; i < width; i += LANES)
        most = _mm512_mask_max_ps(most, i + LANES < width ? 0xffff : last, most, _mm512_loadu_ps(row + i));
    const floats top = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    for (int i = 0; i < width; i += LANES) {
        const floats e = exponential(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(row + i), top), by));
        sum = _mm512_mask_add_ps(sum, i + LANES < width ? 0xffff : last, sum, e);
        _mm512_storeu_ps(row + i, e);
    }
    const floats share = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(sum));
    for (int i = 0; i < width; i += LANES) _mm512_storeu_ps(row + i, _mm512_mul_ps(_mm512_loadu_ps(row + i), share));
}

#define PAIRED(half, x, y) _mm512_castpd_ps(_mm512_unpack##half##_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)))

/* Sixteen by sixteen numbers, turned over; `rows` of the source are there, the others read as 0. */
static void turned(const float *from, size_t from_step, int rows, float *to, size_t to_step) {
    floats a[LANES], b[LANES];
    EACH for (int i = 0; i < LANES; i++) a[i] = i < rows ? _mm512_loadu_ps(from + i * from_step) : _mm512_setzero_ps();
    EACH for (int i = 0; i < LANES; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    EACH for (int i = 0; i < LANES; i += 4) { /* a[4g + j]: columns j, 4 + j, 8 + j, 12 + j of the rows 4g to 4g + 3 */
        a[i] = PAIRED(lo, b[i], b[i + 2]);
        a[i + 1] = PAIRED(hi, b[i], b[i + 2]);
        a[i + 2] = PAIRED(lo, b[i + 1], b[i + 3]);
        a[i + 3] = PAIRED(hi, b[i + 1], b[i + 3]);
    }
    EACH for (int j = 0; j < 4; j++) {
        const floats even = _mm512_shuffle_f32x4(a[j], a[4 + j], 0x88), odd = _mm512_shuffle_f32x4(a[j], a[4 + j], 0xdd);
        const floats even2 = _mm512_shuffle_f32x4(a[8 + j], a[12 + j], 0x88), odd2 = _mm512_shuffle_f32x4(a[8 + j], a[12 + j], 0xdd);
        _mm512_storeu_ps(to + j * to_step, _mm512_shuffle_f32x4(even, even2, 0x88));
        _mm512_storeu_ps(to + (4 + j) * to_step, _mm512_shuffle_f32x4(odd, odd2, 0x88));
        _mm512_storeu_ps(to + (8 + j) * to_step, _mm512_shuffle_f32x4(even, even2, 0xdd));
        _mm512_storeu_ps(to + (12 + j) * to_step, _mm512_shuffle_f32x4(odd, odd2, 0xdd));
    }
}

/* A text's rows of the first head: `each` numbers side by side, then the next token's. The next head's are `per_head` numbers on. */
typedef struct {
    const float *at;
    size_t per_head;
    int tokens;
} Rows;

/* What the asking rows gather from all tokens of their text. */
static void attended(Rows query, Rows keys, Rows values, int width, int heads, float *turned_keys, float *shares, float *out) {
    const int each = width / heads, tokens = keys.tokens, padded = (tokens + LANES - 1) / LANES * LANES;
    const float scale = 1.0f / __builtin_sqrtf((float)each);
    for (int head = 0; head < heads; head++) {
        const float *key = keys.at + head * keys.per_head;
        for (int t = 0; t < tokens; t += LANES)
            for (int d = 0; d < each; d += LANES)
                turned(key + (size_t)t * each + d, each, tokens - t, turned_keys + (size_t)d * padded + t, padded);
        const Matrix asking = {query.at + head * query.per_head, each}, value = {values.at + head * values.per_head, each};
        product(query.tokens, padded, asking, (Matrix){turned_keys, padded}, each, shares, padded);
        for (int a = 0; a < query.tokens; a++) softmax(shares + (size_t)a * padded, tokens, scale);
        product(query.tokens, each, (Matrix){shares, padded}, value, tokens, out + head * each, width);
    }
}
