/* One layer of a transformer over a flat row of tokens, in int8 with a scale per token. See affine.py: the same arithmetic. */
#include "affine.h"
#include "attention.h"

typedef struct {
    Affine query, keys_values, mixed, wide, narrow;
    const float *mixed_gain, *mixed_shift, *gain, *shift;
    float mixed_epsilon, epsilon;
    int32_t heads, gelu; /* gelu: 0 exact, 1 with tanh */
} Layer;

static void *taken(char **space, size_t bytes) {
    char *found = (char *)(((uintptr_t)*space + 63) / 64 * 64);
    *space = found + bytes;
    return found;
}

/* Return the bytes that `run` needs beside what it is given. */
size_t room(const Layer *layer, int tokens, int longest) {
    const size_t width = layer->query.inputs, wide = layer->wide.outputs, padded = (longest + LANES - 1) / LANES * LANES;
    const size_t rows = tokens * sizeof(float), lines = 9 * LINE; /* each of nine parts begins with one */
    const size_t numbers = 1 + LANES + wide + 4 * width;
    return tokens * wide + rows * numbers + (width / layer->heads + padded) * padded * sizeof(float) + lines;
}

static Quantised in_bytes(const float *rows, int tokens, int width, uint8_t *bytes, float *units) {
    for (int t = 0; t < tokens; t++)
        units[t] = quantised(rows + (size_t)t * width, width, bytes + (size_t)t * width);
    return (Quantised){bytes, units, tokens};
}

/* The same for rows of whose numbers none is larger than the largest of its LANES in `most`. */
static Quantised known_in_bytes(const float *rows, const float *most, int tokens, int width, uint8_t *bytes, float *units) {
    for (int t = 0; t < tokens; t++)
        units[t] = in_steps(rows + (size_t)t * width, width, _mm512_loadu_ps(most + (size_t)t * LANES), bytes + (size_t)t * width);
    return (Quantised){bytes, units, tokens};
}

/* Write what becomes in one layer of every token of the texts that end at `ends`, or, if `first`, of the first of each.
   `out` may be `hidden`. */
static void through(
    const Layer *layer, const Layer *next, const float *hidden, const int32_t *ends, int texts, int first, char *space, float *out) {
    const int width = layer->query.inputs, wide = layer->wide.outputs, tokens = ends[texts - 1], rows = first ? texts : tokens;
    int longest = 0;
    for (int n = 0, start = 0; n < texts; start = ends[n++]) longest = ends[n] - start > longest ? ends[n] - start : longest;
    const size_t padded = (longest + LANES - 1) / LANES * LANES;
    uint8_t *bytes = taken(&space, (size_t)tokens * wide);
    float *units = taken(&space, (size_t)tokens * 4), *broad = taken(&space, (size_t)tokens * wide * 4);
    float *query = taken(&space, (size_t)tokens * width * 4), *mixed = taken(&space, (size_t)tokens * width * 4);
    float *most = taken(&space, (size_t)tokens * LANES * 4), *keys_values = taken(&space, (size_t)tokens * 2 * width * 4);
    float *turned_keys = taken(&space, (width / layer->heads) * padded * 4), *shares = taken(&space, padded * padded * 4);

    const int each = width / layer->heads;
    Quantised in = in_bytes(hidden, tokens, width, bytes, units);
    affine(&layer->keys_values, &layer->query, in, (Out){.to = keys_values, .group = each, .tokens = tokens});
    if (first) {
        for (int n = 0, start = 0; n < texts; start = ends[n++])
            __builtin_memcpy(broad + (size_t)n * width, hidden + (size_t)start * width, (size_t)width * 4);
        hidden = broad; /* read for the last time before `broad` is written */
        in = in_bytes(hidden, texts, width, bytes, units);
    }
    affine(&layer->query, &layer->mixed, in, (Out){.to = query, .group = each, .tokens = rows});
    for (int n = 0, start = 0; n < texts; start = ends[n++]) {
        const int asks = first ? n : start, length = ends[n] - start;
        const Rows keys = {keys_values + (size_t)start * each, (size_t)tokens * each, length};
        const Rows values = {keys.at + (size_t)tokens * width, keys.per_head, length};
        const Rows asking = {query + (size_t)asks * each, (size_t)rows * each, first ? 1 : length};
        attended(asking, keys, values, width, layer->heads, turned_keys, shares, mixed + (size_t)asks * width);
    }
    in = in_bytes(mixed, rows, width, bytes, units);
    affine(&layer->mixed, &layer->wide, in, (Out){.after = ADDED, .added = hidden, .to = query, .group = width, .tokens = rows});
    for (int t = 0; t < rows; t++)
        normed(query + (size_t)t * width, width, layer->mixed_gain, layer->mixed_shift, layer->mixed_epsilon);
    __builtin_memset(most, 0, (size_t)rows * LANES * 4);
    const float(*gelu)[LANES] = layer->gelu ? tanh_gelu : exact_gelu;
    in = in_bytes(query, rows, width, bytes, units);
    affine(&layer->wide, &layer->narrow, in, (Out){.after = GELU, .gelu = gelu, .to = broad, .group = wide, .tokens = rows, .most = most});
    const Affine *then = next ? &next->keys_values : NULL;
    in = known_in_bytes(broad, most, rows, wide, bytes, units);
    affine(&layer->narrow, then, in, (Out){.after = ADDED, .added = query, .to = out, .group = width, .tokens = rows});
    for (int t = 0; t < rows; t++) normed(out + (size_t)t * width, width, layer->gain, layer->shift, layer->epsilon);
}

/* The same through all layers; `first` counts for the last. Overwrites `hidden`. */
void run(const Layer *const *layers, int count, float *hidden, const int32_t *ends, int texts, int first, char *space, float *out) {
    for (int n = 0; n < count - 1; n++) through(layers[n], layers[n + 1], hidden, ends, texts, 0, space, hidden);
    through(layers[count - 1], NULL, hidden, ends, texts, first, space, out);
}
