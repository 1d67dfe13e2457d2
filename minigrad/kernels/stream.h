/* Stores that go past the caches: see stream.pxd.  x86 has them in every width; elsewhere a copy is
 * just a copy. */

#ifndef MINIGRAD_STREAM_H
#define MINIGRAD_STREAM_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
enum { STREAM_LINE = 64 };

static inline void stream(void *to, const void *from, size_t bytes)
{
    char *target = (char *)to;
    const char *source = (const char *)from;
    size_t at = -(uintptr_t)target % STREAM_LINE;  /* only whole lines, and parts of others as usual */
    if (at > bytes) at = bytes;
    memcpy(target, source, at);
    for (; at + STREAM_LINE <= bytes; at += STREAM_LINE) {
#if defined(__AVX512F__)
        _mm512_stream_si512((__m512i *)(target + at), _mm512_loadu_si512(source + at));
#elif defined(__AVX__)
        for (size_t i = at; i < at + STREAM_LINE; i += 32)
            _mm256_stream_si256((__m256i *)(target + i),
                                _mm256_loadu_si256((const __m256i *)(source + i)));
#else
        for (size_t i = at; i < at + STREAM_LINE; i += 16)
            _mm_stream_si128((__m128i *)(target + i), _mm_loadu_si128((const __m128i *)(source + i)));
#endif
    }
    memcpy(target + at, source + at, bytes - at);
}

static inline void end_of_stream(void) { _mm_sfence(); }
#else
static inline void stream(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
static inline void end_of_stream(void) {}
#endif
#endif
