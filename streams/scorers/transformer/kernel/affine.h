/* x·Wᵀ + bias in bytes: four products and their sum in one instruction (VNNI). Sums of integers are exact in any order. */
#pragma once
#include "gelu.h"
#include "rows.h"

#define TILE 12   /* tokens at once, and by them */
#define VECTORS 2 /* times LANES outputs: 24 sums, which leaves registers for what comes in */
#define PANEL (LANES * VECTORS)
#define LINE 64

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

/* What becomes of a sum before it is written. A constant wherever it is asked for, so that a tile holds no choice. */
enum after { NOTHING, ADDED, GELU };

/* Where results go: `group` columns side by side for all tokens, then the next ones. A tile's results lie near each other so. */
typedef struct {
    enum after after;
    float *to;
    int group, tokens;
    const float *added; /* to each result, laid as they are */
    const float (*gelu)[LANES];
    float *most; /* LANES per token, of whose largest no GELU's magnitude is more */
} Out;

/* What is fetched from memory during a tile: so many lines for every LANES inputs. */
typedef struct {
    const char *from;
    int lines;
} Ahead;

static inline __attribute__((always_inline)) void tile(
    const enum after after, const int rows, const Affine *map, int first, const uint8_t *bytes, const float *units, Out out, Ahead ahead) {
    const int inputs = map->inputs, outputs = map->outputs;
    const int8_t *weights = map->weights + (size_t)first * inputs;
    __m512i sums[TILE][VECTORS];
    size_t places[VECTORS];
    EACH for (int v = 0; v < VECTORS; v++)
        places[v] = (size_t)((first + v * LANES) / out.group) * out.group * out.tokens + (first + v * LANES) % out.group;
    EACH for (int r = 0; r < rows; r++)
        EACH for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_loadu_si512(map->start + first + v * LANES);
    for (int begin = 0, row = 0; begin < inputs; begin += LANES, row++) {
        if (row < rows)
            EACH for (int v = 0; v < VECTORS; v++) {
                if (after == ADDED) _mm_prefetch((const char *)(out.added + places[v] + (size_t)row * out.group), _MM_HINT_T0);
                _mm_prefetch((const char *)(out.to + places[v] + (size_t)row * out.group), _MM_HINT_T0);
            }
        for (int n = 0; n < ahead.lines; n++, ahead.from += LINE) _mm_prefetch(ahead.from, _MM_HINT_T1);
        for (int i = begin; i < begin + LANES; i += 4) {
            __m512i by[VECTORS];
            EACH for (int v = 0; v < VECTORS; v++) by[v] = _mm512_loadu_si512(weights + (size_t)i * PANEL + v * 64);
            EACH for (int r = 0; r < rows; r++) {
                int32_t at_once;
                __builtin_memcpy(&at_once, bytes + (size_t)r * inputs + i, 4);
                const __m512i four = _mm512_set1_epi32(at_once);
                EACH for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], four, by[v]);
            }
        }
    }
    EACH for (int v = 0; v < VECTORS; v++) {
        const int at = first + v * LANES;
        if (at >= outputs) break;
        const floats scale = _mm512_loadu_ps(map->scale + at), bias = _mm512_loadu_ps(map->bias + at);
        EACH for (int r = 0; r < rows; r++) {
            floats y = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][v]), scale);
            y = _mm512_fmadd_ps(y, _mm512_set1_ps(units[r]), bias);
            if (after == ADDED) y = _mm512_add_ps(y, _mm512_loadu_ps(out.added + places[v] + (size_t)r * out.group));
            if (after == GELU) {
                y = gelu(y, out.gelu);
                float *most = out.most + r * LANES;
                _mm512_storeu_ps(most, _mm512_max_ps(_mm512_abs_ps(y), _mm512_loadu_ps(most)));
            }
            _mm512_storeu_ps(out.to + places[v] + (size_t)r * out.group, y);
        }
    }
}

#define CASE(n) case n: tile(after, n, map, first, bytes, units, out, ahead); break
#define TILES(name, is) \
    static void name(int rows, const Affine *map, int first, const uint8_t *bytes, const float *units, Out out, Ahead ahead) { \
        enum { after = is }; \
        switch (rows) { \
            CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6); CASE(7); CASE(8); CASE(9); CASE(10); CASE(11); CASE(12); \
        } \
    }

TILES(plain, NOTHING)
TILES(with_added, ADDED)
TILES(with_gelu, GELU)

static void tile_of(int rows, const Affine *map, int first, const uint8_t *bytes, const float *units, Out out, Ahead ahead) {
    if (out.after == NOTHING) plain(rows, map, first, bytes, units, out, ahead);
    if (out.after == ADDED) with_added(rows, map, first, bytes, units, out, ahead);
    if (out.after == GELU) with_gelu(rows, map, first, bytes, units, out, ahead);
}

static Out from_row(Out out, int t) {
    const size_t numbers = (size_t)t * out.group;
    if (out.after == ADDED) out.added += numbers;
    if (out.after == GELU) out.most += (size_t)t * LANES;
    out.to += numbers;
    return out;
}

/* A panel of weights stays in the nearest caches for all tokens. The next is fetched meanwhile, a line now and then: many at once
   would wait for each other. After the last comes the first of `then`. Tiles are of one size, give or take one row. */
static void affine(const Affine *map, const Affine *then, Quantised in, Out out) {
    const int tiles = (in.tokens + TILE - 1) / TILE, steps = map->inputs / LANES;
    for (int first = 0; first < map->outputs; first += PANEL) {
        const int last = first + PANEL >= map->outputs;
        const Affine *from = last ? then : map;
        const int lines = from ? PANEL * from->inputs / LINE : 0, each = (lines + tiles * steps - 1) / (tiles * steps);
        const char *next = from ? (const char *)from->weights + (last ? 0 : (size_t)(first + PANEL) * map->inputs) : NULL;
        for (int n = 0, t = 0, rows; n < tiles; n++, t += rows) {
            const int fetched = n * each * steps;
            const Ahead ahead = {next + (size_t)fetched * LINE, fetched < lines ? each : 0};
            rows = in.tokens / tiles + (n < in.tokens % tiles);
            tile_of(rows, map, first, in.bytes + (size_t)t * map->inputs, in.units + t, from_row(out, t), ahead);
        }
    }
}
