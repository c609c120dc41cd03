/* Lines of the protocol: fields separated by TAB, every byte that is not visible ASCII (and %) as
 * %XX, null as a lone %. What they mean is agent.c's. */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *why) {
  fprintf(stderr, "agent: %s\n", why);
  exit(2);
}

void *allocated(void *memory) {
  if (!memory) die("out of memory");
  return memory;
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  die("a broken escape");
  return 0;
}

field decode(char *text) {
  field f = {NULL, 0};
  if (strcmp(text, "%") == 0) return f;
  f.bytes = text;
  for (const char *in = text; *in; in++) {
    char c = *in;
    if (c == '%') {
      int high = digit(in[1]);
      c = (char)(high * 16 + digit(in[2]));
      in += 2;
    }
    text[f.len++] = c;
  }
  text[f.len] = '\0';
  return f;
}

void put_word(const char *word) { fputs(word, stdout); }

void put_bytes(const void *data, size_t len) {
  const unsigned char *bytes = data;
  putchar('\t');
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] > 0x20 && bytes[i] < 0x7f && bytes[i] != '%') putchar(bytes[i]);
    else printf("%%%02X", bytes[i]);
  }
}

void put_text(const char *text) {
  if (text) put_bytes(text, strlen(text));
  else fputs("\t%", stdout);
}

void put_number(long long number) { printf("\t%lld", number); }

void put_end_of_line(void) { putchar('\n'); }

void put_line(const char *word, const char *text) {
  put_word(word);
  put_text(text);
  put_end_of_line();
}

void put_end(void) {
  puts(".");
  if (fflush(stdout) != 0) die("the driver reads no more");
}
