/* files.h: files for tests, in the folder in which the test runs; the test removes them. */
#ifndef FILES_H
#define FILES_H

#include "t.h"

#include <unistd.h>

#define FILES_NAME "rq-ctest-XXXXXX" /* char path[] = FILES_NAME; */

/* Makes a new file of these bytes; `path` gets its name. */
static inline void files_make(char *path, const void *data, size_t len) {
  int fd = mkstemp(path);
  CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
}

static inline void files_text(char *path, const char *text) {
  files_make(path, text, strlen(text));
}

/* A file of testd's pattern: byte i is i % 251. */
static inline void files_pattern(char *path, size_t len) {
  unsigned char *bytes = malloc(len + 1);
  for (size_t i = 0; i < len; i++) bytes[i] = (unsigned char)(i % 251);
  files_make(path, bytes, len);
  free(bytes);
}

/* A file of so many zeros that takes no room on the disk. */
static inline void files_sparse(char *path, off_t len) {
  files_make(path, "", 0);
  CHECK_INT(truncate(path, len), 0);
}

#endif
