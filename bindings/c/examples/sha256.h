/* sha256.h: SHA-256 (FIPS 180-4) in plain C, for the demo, which must judge librq by other code
 * than librq's own. Checked against the standard's vectors by ctest/sha256_test.c. */
#ifndef SHA256_H
#define SHA256_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  uint32_t state[8];
  uint64_t len; /* bytes so far */
  unsigned char block[64];
} sha256;

/* The first 32 bits of the fractional parts of the square roots of the first 8 primes. */
static inline void sha256_start(sha256 *sum) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(sum->state, initial, sizeof initial);
  sum->len = 0;
}

static inline uint32_t sha256_rotate(uint32_t word, int bits) {
  return word >> bits | word << (32 - bits);
}

/* The message schedule: 16 words of the block, and 48 mixed from them. */
static inline void sha256_schedule(uint32_t w[64], const unsigned char *block) {
  for (int t = 0; t < 16; t++) {
    w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
           (uint32_t)block[4 * t + 2] << 8 | (uint32_t)block[4 * t + 3];
  }
  for (int t = 16; t < 64; t++) {
    uint32_t a = w[t - 15], b = w[t - 2];
    w[t] = w[t - 16] + (sha256_rotate(a, 7) ^ sha256_rotate(a, 18) ^ a >> 3) + w[t - 7] +
           (sha256_rotate(b, 17) ^ sha256_rotate(b, 19) ^ b >> 10);
  }
}

static inline void sha256_block(sha256 *sum, const unsigned char *block) {
  /* The same of the cube roots of the first 64 primes. */
  static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  uint32_t w[64];
  uint32_t s[8];
  sha256_schedule(w, block);
  memcpy(s, sum->state, sizeof s);
  for (int t = 0; t < 64; t++) {
    uint32_t a = s[0], e = s[4];
    uint32_t one = s[7] + (sha256_rotate(e, 6) ^ sha256_rotate(e, 11) ^ sha256_rotate(e, 25)) +
                   ((e & s[5]) ^ (~e & s[6])) + k[t] + w[t];
    uint32_t two = (sha256_rotate(a, 2) ^ sha256_rotate(a, 13) ^ sha256_rotate(a, 22)) +
                   ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) sum->state[i] += s[i];
}

static inline void sha256_add(sha256 *sum, const void *data, size_t len) {
  const unsigned char *bytes = data;
  size_t have = (size_t)(sum->len % sizeof sum->block);
  sum->len += len;
  while (len > 0) {
    if (have == 0 && len >= sizeof sum->block) { /* whole blocks need no copy */
      sha256_block(sum, bytes);
      bytes += sizeof sum->block;
      len -= sizeof sum->block;
      continue;
    }
    size_t take = sizeof sum->block - have < len ? sizeof sum->block - have : len;
    memcpy(sum->block + have, bytes, take);
    bytes += take;
    len -= take;
    have = (have + take) % sizeof sum->block;
    if (have == 0) sha256_block(sum, sum->block);
  }
}

/* Writes the digest as 64 hexadecimal digits and a NUL. */
static inline void sha256_end(sha256 *sum, char hex[65]) {
  unsigned char tail[72] = {0x80};
  uint64_t bits = sum->len * 8;
  size_t zeros = (size_t)(119 - sum->len % 64) % 64;
  for (int i = 0; i < 8; i++) tail[1 + zeros + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
  sha256_add(sum, tail, 1 + zeros + 8);
  for (int i = 0; i < 8; i++) snprintf(hex + 8 * i, 9, "%08lx", (unsigned long)sum->state[i]);
}

#endif
