/* The limits of the machine: bytes that a loop can move, and multiply-adds that it can do, on one core. */

#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif

typedef double vector __attribute__((vector_size(WIDTH)));

/* The multiplication keeps gcc from calling memcpy: kernels store as this loop does. */
void scaled_copy(const double *restrict x, double *restrict out, long n, double factor) {
    for (long i = 0; i < n; i++) out[i] = factor * x[i];
}

/* Sixteen chains of dependent multiply-adds: enough to hide their latency. Returns something that depends on all. */
#define CHAINS 16
double multiply_adds(long rounds, double factor, double term) {
    vector sum[CHAINS], a, b;
    for (int k = 0; k < WIDTH / 8; k++) {
        a[k] = factor;
        b[k] = term;
    }
    for (int c = 0; c < CHAINS; c++) sum[c] = b * (double)c;
    for (long i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * a + b;
    }
    vector total = sum[0];
    for (int c = 1; c < CHAINS; c++) total += sum[c];
    double result = 0.0;
    for (int k = 0; k < WIDTH / 8; k++) result += total[k];
    return result;
}

long chains(void) { return CHAINS; }
long lanes(void) { return WIDTH / 8; }
