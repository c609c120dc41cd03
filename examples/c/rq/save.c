/* save.c: the body, to where it belongs: standard output as it comes, a file whole or not at all
 * (librq's rq_body_save), a device or a pipe that has a name as it comes. Going on with a file is
 * resume.c's. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t PIECE_BYTES = 256 * 1024;

/* A terminal gets no binary, which could reprogram it, and its prompt on a line of its own. */
void save_stream(rq_response *response, FILE *to, bool terminal, rq_error **error) {
  char *piece = allocate(PIECE_BYTES);
  char last = '\n';
  for (int64_t got; (got = rq_body_read(response, piece, PIECE_BYTES, error)) > 0;) {
    if (terminal && memchr(piece, '\0', (size_t)got)) {
      fail(error, RQ_ERR_FILE, "the body is binary: save it with -o FILE, or show it with -o -");
      return;
    }
    last = piece[got - 1];
    if (fwrite(piece, 1, (size_t)got, to) != (size_t)got || fflush(to) != 0) {
      fail(error, RQ_ERR_FILE, "the body cannot be written: %s", strerror(errno));
      return;
    }
  }
  if (terminal && last != '\n') fputc('\n', to);
}

/* A file that is none, /dev/null for instance, must not be replaced by one. */
static bool is_special(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode);
}

static void save_special(const char *path, rq_response *response, rq_error **error) {
  FILE *to = *error ? NULL : fopen(path, "wb");
  if (!to) {
    fail(error, RQ_ERR_FILE, "%s cannot be written: %s", path, strerror(errno));
    return;
  }
  save_stream(response, to, false, error);
  if (fclose(to) != 0) fail(error, RQ_ERR_FILE, "%s cannot be written: %s", path, strerror(errno));
}

/* Where a link leads: that file is replaced, the link stays. */
static const char *behind_links(const char *path) {
  struct stat found;
  if (lstat(path, &found) != 0 || !S_ISLNK(found.st_mode)) return path;
  char *real = realpath(path, NULL);
  if (!real) return path; /* a link to nothing is replaced */
  path = copy_text(real, strlen(real));
  free(real);
  return path;
}

/* The name that the server proposes wins over the URL's, but replaces no file: whoever wrote the
   URL has not seen it. */
static const char *remote_name(const cli *given, const rq_response *response, rq_error **error) {
  struct stat found;
  const char *proposed = name_of_response(response);
  if (!proposed) return name_of_url(given->url, error);
  if (lstat(proposed, &found) == 0) {
    fail(error, RQ_ERR_FILE, "the server calls it %s, which exists: name it with -o", proposed);
  }
  return proposed;
}

void save_body(const cli *given, rq_response *response, progress *bar, rq_error **error) {
  if (!response || *error) return;
  const char *path = given->remote_name ? remote_name(given, response, error) : given->output;
  if (*error) return;
  if (!path || strcmp(path, "-") == 0) {
    save_stream(response, stdout, !path && isatty(STDOUT_FILENO) == 1, error);
    return;
  }
  progress_begin(bar, 0);
  if (is_special(path)) {
    save_special(path, response, error);
    return;
  }
  int64_t bytes = rq_body_save(response, behind_links(path), error);
  progress_end(bar);
  if (bytes >= 0 && !given->quiet) say("%" PRId64 " bytes in %s", bytes, path);
}
