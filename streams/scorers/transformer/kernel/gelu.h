/* GELU: x·Φ(x), for a Φ with Φ(-x) = 1 - Φ(x). From a table: no division, no exponential. */
#pragma once
#include "lanes.h"

#define END 5.6f        /* from here Φ counts as 1 */
#define PER_ONE 2.76607132f /* pieces: 15.49 up to END, so that the nearest whole number is below LANES */
#define DEGREE 4
#define WHOLE 12582912.0f /* 1.5·2^23: added to a small number, it leaves the nearest whole one in the lowest bits */

/* Φ - 1/2 near 0, 1/PER_ONE, 2/PER_ONE …, as polynomials of the distance, the highest power first, by interpolation at Chebyshev's
   nodes: 5e-7 off at most after the product with x, nearly all of it rounding. Φ(x) = (1 + erf(x/√2))/2. */
static const float exact_gelu[DEGREE + 1][LANES] = {
    {1.58882184e-15f, 0.000273771962f, 0.000389021559f, 0.000310620497f, 0.000131523295f, -2.56591247e-05f,
     -9.89577748e-05f, -9.9118326e-05f, -6.7267174e-05f, -3.53820324e-05f, -1.51415998e-05f, -5.3984827e-06f,
     -1.62555625e-06f, -4.16992293e-07f, -9.16680918e-08f, -1.73426553e-08f},
    {-0.00312255928f, -0.00254496303f, -0.00115368434f, 0.000298119412f, 0.00119333388f, 0.00138313614f,
     0.00110538804f, 0.000692057947f, 0.00035535972f, 0.000153008717f, 5.59426298e-05f, 1.75054029e-05f,
     4.7131166e-06f, 1.09593259e-06f, 2.20699974e-07f, 3.85725265e-08f},
    {-4.22030804e-16f, -0.00882874709f, -0.0145140542f, -0.015702866f, -0.0132511985f, -0.00919899065f,
     -0.00537938531f, -0.00268364605f, -0.00115078862f, -0.000426242594f, -0.00013682041f, -3.81509162e-05f,
     -9.25713266e-06f, -1.95721941e-06f, -3.60943375e-07f, -5.81067674e-08f},
    {0.144225851f, 0.135102391f, 0.111051023f, 0.080097869f, 0.0506940559f, 0.0281532835f,
     0.0137193883f, 0.00586639717f, 0.00220108009f, 0.000724643061f, 0.000209330246f, 5.3058433e-05f,
     1.18001062e-05f, 2.30260957e-06f, 3.94230938e-07f, 5.92201737e-08f},
    {0.0f, 0.141145959f, 0.265174538f, 0.360944092f, 0.425924629f, 0.464666992f,
     0.484964043f, 0.494307667f, 0.498087168f, 0.499430448f, 0.499849975f, 0.499965072f,
     0.499992818f, 0.499998689f, 0.499999791f, 0.49999997f},
};
/* ALBERT's: Φ(x) = (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. */
static const float tanh_gelu[DEGREE + 1][LANES] = {
    {1.58882184e-15f, 0.000279175147f, 0.000392356713f, 0.000306335016f, 0.000125360108f, -2.55848445e-05f,
     -9.42804472e-05f, -9.62154518e-05f, -6.78878205e-05f, -3.7062895e-05f, -1.5977319e-05f, -5.40585643e-06f,
     -1.41523446e-06f, -2.81995e-07f, -4.20467856e-08f, -4.611592e-09f},
    {-0.00313767302f, -0.00254782336f, -0.00113614462f, 0.000313833938f, 0.00118488912f, 0.00136123353f,
     0.00109499262f, 0.000698423537f, 0.000365880405f, 0.000158005641f, 5.56501e-05f, 1.57174145e-05f,
     3.49311404e-06f, 5.9930295e-07f, 7.78864333e-08f, 7.52537588e-09f},
    {-5.21332156e-16f, -0.00886224117f, -0.0145230535f, -0.0156527422f, -0.013187902f, -0.00918879174f,
     -0.00542316865f, -0.00273128366f, -0.00116884941f, -0.000419783173f, -0.000124338272f, -2.97797778e-05f,
     -5.65057189e-06f, -8.32226362e-07f, -9.32333464e-08f, -7.78644615e-09f},
    {0.144225821f, 0.135062456f, 0.110957816f, 0.080046691f, 0.0507690199f, 0.0283087231f,
     0.0138350958f, 0.00588198751f, 0.00214897585f, 0.000663880783f, 0.000170204483f, 3.54960102e-05f,
     5.89952651e-06f, 7.65506286e-07f, 7.59703767e-08f, 5.64888358e-09f},
    {0.0f, 0.141131774f, 0.265089631f, 0.360776842f, 0.425766975f, 0.464633673f,
     0.485075444f, 0.494485289f, 0.498241454f, 0.499524206f, 0.499892801f, 0.499980271f,
     0.499997109f, 0.499999672f, 0.49999997f, 0.5f},
};

static inline __attribute__((always_inline)) floats gelu(floats x, const float (*table)[LANES]) {
    const floats size = _mm512_range_ps(x, _mm512_set1_ps(END), 10); /* the smaller of |x| and END */
    const floats shifted = _mm512_fmadd_ps(size, _mm512_set1_ps(PER_ONE), _mm512_set1_ps(WHOLE));
    const floats r = _mm512_fmsub_ps(size, _mm512_set1_ps(PER_ONE), _mm512_sub_ps(shifted, _mm512_set1_ps(WHOLE)));
    const __m512i piece = _mm512_castps_si512(shifted);
    floats y = _mm512_permutexvar_ps(piece, _mm512_loadu_ps(table[0]));
    EACH for (int i = 1; i <= DEGREE; i++) y = _mm512_fmadd_ps(y, r, _mm512_permutexvar_ps(piece, _mm512_loadu_ps(table[i])));
    const floats sign = _mm512_and_ps(x, _mm512_set1_ps(-0.0f));
    return _mm512_mul_ps(x, _mm512_add_ps(_mm512_or_ps(y, sign), _mm512_set1_ps(0.5f)));
}
