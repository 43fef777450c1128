/* x·Wᵀ + bias in bytes: four products and their sum in one instruction (VNNI). Sums of integers are exact in any order. */
#pragma once
#include "rows.h"

#define TILE 12   /* tokens at once, and by them */
#define VECTORS 2 /* times LANES outputs: 24 sums, which leaves registers for what comes in */
#define PANEL (LANES * VECTORS)

enum after { NOTHING, GELU_EXACT, GELU_TANH };

typedef struct {
    const int8_t *weights; /* panels of PANEL outputs, each by four inputs: [outputs / PANEL][inputs / 4][PANEL][4] */
    const int32_t *start;  /* per output: -MIDDLE times the sum of its weights */
    const float *scale;    /* per output */
    const float *bias;
    int32_t inputs, outputs; /* multiples of LANES; the last panel may be filled up with zeros */
} Affine;

typedef struct {
    const uint8_t *bytes;
    const float *units; /* what one step of a row is worth */
    int tokens;
} Quantised;

typedef struct {
    const float *added; /* to each result, in its place; or NULL */
    enum after after;
    float *to;
} Out;

static inline __attribute__((always_inline)) void tile(
    const int rows, const Affine *map, int first, const uint8_t *bytes, const float *units, Out out) {
    const int inputs = map->inputs, outputs = map->outputs;
    const int8_t *weights = map->weights + (size_t)first * inputs;
    __m512i sums[TILE][VECTORS];
    EACH for (int r = 0; r < rows; r++)
        EACH for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_loadu_si512(map->start + first + v * LANES);
    for (int i = 0; i < inputs; i += 4) {
        __m512i by[VECTORS];
        EACH for (int v = 0; v < VECTORS; v++) by[v] = _mm512_loadu_si512(weights + (size_t)i * PANEL + v * 64);
        EACH for (int r = 0; r < rows; r++) {
            int32_t at_once;
            __builtin_memcpy(&at_once, bytes + (size_t)r * inputs + i, 4);
            const __m512i four = _mm512_set1_epi32(at_once);
            EACH for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], four, by[v]);
        }
    }
    EACH for (int v = 0; v < VECTORS; v++) {
        const int at = first + v * LANES;
        if (at >= outputs) break;
        const floats scale = _mm512_loadu_ps(map->scale + at), bias = _mm512_loadu_ps(map->bias + at);
        EACH for (int r = 0; r < rows; r++) {
            floats y = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][v]), scale);
            y = _mm512_fmadd_ps(y, _mm512_set1_ps(units[r]), bias);
            if (out.added) y = _mm512_add_ps(y, _mm512_loadu_ps(out.added + (size_t)r * outputs + at));
            if (out.after == GELU_EXACT) y = gelu_exact(y);
            if (out.after == GELU_TANH) y = gelu_tanh(y);
            _mm512_storeu_ps(out.to + (size_t)r * outputs + at, y);
        }
    }
}

#define CASE(n) case n: tile(n, map, first, bytes, units, out); break

static void tile_of(int rows, const Affine *map, int first, const uint8_t *bytes, const float *units, Out out) {
    switch (rows) {
        CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6); CASE(7); CASE(8); CASE(9); CASE(10); CASE(11); CASE(12);
    }
}

static Out from_row(Out out, size_t numbers) {
    return (Out){out.added ? out.added + numbers : NULL, out.after, out.to + numbers};
}

/* A panel of weights stays in the nearest caches for all tokens, while the next is fetched from memory piece by piece. */
static void affine(const Affine *map, Quantised in, Out out) {
    const size_t panel = (size_t)PANEL * map->inputs, piece = panel * TILE / (in.tokens + TILE - 1) + 64;
    for (int first = 0; first < map->outputs; first += PANEL) {
        const char *next = (const char *)map->weights + (size_t)(first + PANEL) * map->inputs;
        size_t fetched = first + PANEL < map->outputs ? 0 : panel;
        for (int t = 0; t < in.tokens; t += TILE) {
            for (size_t end = fetched + piece; fetched < panel && fetched < end; fetched += 64)
                _mm_prefetch(next + fetched, _MM_HINT_T1);
            const int rows = in.tokens - t < TILE ? in.tokens - t : TILE;
            tile_of(rows, map, first, in.bytes + (size_t)t * map->inputs, in.units + t, from_row(out, (size_t)t * map->outputs));
        }
    }
}
