/* pem.h: the PEM files that testd has made, as text and as DER. */
#ifndef PEM_H
#define PEM_H

#include "files.h"

/* The text of the file that a variable of testd's names; good until the thread's fifth call. */
static inline const char *pem_text(const char *variable) {
  static _Thread_local char texts[4][8192];
  static _Thread_local unsigned next;
  char *text = texts[next++ % 4];
  FILE *file = fopen(t_env(variable), "rb");
  size_t len = file ? fread(text, 1, sizeof texts[0] - 1, file) : 0;
  if (file) fclose(file);
  text[len] = '\0';
  CHECK(len > 0);
  return text;
}

static inline int pem_digit(char c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* The bytes of the first thing in the file; to be freed. */
static inline unsigned char *pem_der(const char *variable, size_t *len) {
  const char *text = pem_text(variable);
  const char *at = strchr(text, '\n');
  unsigned char *der = malloc(strlen(text));
  unsigned bits = 0, count = 0;
  for (*len = 0; at && *at && *at != '-' && *at != '='; at++) {
    int digit = pem_digit(*at);
    if (digit < 0) continue;
    bits = bits << 6 | (unsigned)digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    der[(*len)++] = (unsigned char)(bits >> count);
  }
  CHECK(*len > 0);
  return der;
}

#endif
