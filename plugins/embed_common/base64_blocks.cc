// SPDX-License-Identifier: Apache-2.0
//
// After W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions"
// (2018).
#include "plugins/embed_common/base64_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dsw {

#if defined(__x86_64__)
namespace {

constexpr std::size_t kBlock = 32;
/// A block is stored with eight bytes too many, for which the text behind it must have room.
constexpr std::size_t kEnough = kBlock + 16;

[[gnu::target("avx2")]] std::size_t DecodeAvx2(std::string_view text, unsigned char* bytes) {
  // By the low and by the high half of a character: classes, whose bits meet in bad ones alone.
  const __m256i low_class =
      _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b,
                       0x1b, 0x1b, 0x1a, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                       0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m256i high_class =
      _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10,
                       0x10, 0x10, 0x10, 0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10,
                       0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  // What to add to a character to get its value.
  const __m256i offset =
      _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,  //
                       0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i slash = _mm256_set1_epi8('/');
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                         2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
  std::size_t at = 0;
  for (; text.size() - at >= kEnough; at += kBlock, bytes += kBlock / 4 * 3) {
    const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    // '/' is 0x2f: the bit that may stay beside a half does not change what is looked up.
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(block, 4), slash);
    const __m256i low = _mm256_and_si256(block, slash);
    if (_mm256_testz_si256(_mm256_shuffle_epi8(low_class, low),
                           _mm256_shuffle_epi8(high_class, high)) == 0) {
      break;
    }
    const __m256i is_slash = _mm256_cmpeq_epi8(block, slash);
    const __m256i values =
        _mm256_add_epi8(block, _mm256_shuffle_epi8(offset, _mm256_add_epi8(is_slash, high)));
    const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i packed =
        _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, order), together);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), packed);
  }
  return at;
}

}  // namespace

std::size_t DecodeBase64Blocks(std::string_view text, unsigned char* bytes) {
  static const bool can = __builtin_cpu_supports("avx2") != 0;
  return can ? DecodeAvx2(text, bytes) : 0;
}
#else
std::size_t DecodeBase64Blocks(std::string_view, unsigned char*) {
  return 0;
}
#endif

}  // namespace dsw
