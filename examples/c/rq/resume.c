/* resume.c: -C, going on where a file ends (RFC 9110, sections 13.1.5 and 14): Range from the bytes
 * that are there, If-Range with the entity tag they came with. 206 adds, 200 starts over, 416 is
 * fine where the file is complete.
 *
 * The tag is kept in a file beside the download, NAME.rq-etag, while that is not complete. A weak
 * tag promises no equal bytes, and is not kept. Bytes on disk and bytes on the server are compared,
 * so no content coding is asked for. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* A longer tag is not kept. */
enum { TAG_MAX = 1024 };

static char *joined(const char *one, const char *two) {
  size_t len = strlen(one) + strlen(two);
  char *both = allocate(len + 1);
  snprintf(both, len + 1, "%s%s", one, two);
  return both;
}

static char *read_tag(const char *path) {
  char *tag = allocate(TAG_MAX + 2);
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  tag = fgets(tag, TAG_MAX + 2, file);
  fclose(file);
  if (tag) tag[strcspn(tag, "\r\n")] = '\0';
  return tag && tag[0] == '"' ? tag : NULL;
}

static void keep_tag(const resume *this, const rq_response *response) {
  const char *tag = rq_response_header(response, "ETag");
  unlink(this->note);
  if (!tag || tag[0] != '"' || strlen(tag) > TAG_MAX) return;
  FILE *file = fopen(this->note, "w");
  if (!file) return; /* then the next time goes on without it */
  fprintf(file, "%s\n", tag);
  fclose(file);
}

/* Asks for what is missing of the file. Without a file that is all of it. */
void resume_ask(resume *this, const char *path, rq_opts *opts, rq_error **error) {
  struct stat found;
  char range[64];
  this->path = path;
  this->note = joined(path, ".rq-etag");
  rq_opts_header(opts, "Accept-Encoding", "identity", error);
  rq_opts_decode(opts, false, error);
  if (stat(path, &found) != 0) return;
  if (!S_ISREG(found.st_mode)) fail(error, RQ_ERR_FILE, "%s is no file to go on with", path);
  this->size = (int64_t)found.st_size;
  if (this->size == 0) return;
  this->tag = read_tag(this->note);
  snprintf(range, sizeof range, "bytes=%" PRId64 "-", this->size);
  rq_opts_header(opts, "Range", range, error);
  if (this->tag) rq_opts_header(opts, "If-Range", this->tag, error);
}

/* Content-Range: "bytes 500-999/1000"; for 416 a star is in place of the range. -1: not told. */
typedef struct {
  int64_t first, last, total;
} range;

static int64_t number_at(const char *from) {
  char *end;
  if (!from || *from < '0' || *from > '9') return -1;
  errno = 0;
  long long number = strtoll(from, &end, 10);
  return errno ? -1 : (int64_t)number;
}

static range range_of(const rq_response *response) {
  range told = {-1, -1, -1};
  const char *text = rq_response_header(response, "Content-Range");
  if (!text || strncasecmp(text, "bytes ", 6) != 0) return told;
  const char *dash = strchr(text + 6, '-'), *slash = strchr(text + 6, '/');
  told.first = number_at(text + 6);
  told.last = dash ? number_at(dash + 1) : -1;
  told.total = slash ? number_at(slash + 1) : -1;
  return told;
}

/* Whether what came is the rest of what is there. */
static void check_rest(const resume *this, const rq_response *response, rq_error **error) {
  const char *tag = rq_response_header(response, "ETag");
  if (range_of(response).first != this->size) {
    fail(error, RQ_ERR_PROTOCOL, "the server sent another part than the one from byte %" PRId64
         " on: %s is as it was", this->size, this->path);
  } else if (this->tag && tag && strcmp(this->tag, tag) != 0) {
    fail(error, RQ_ERR_PROTOCOL, "%s has changed on the server: remove it to start over",
         this->path);
  }
}

/* A server may send less than it was asked for. */
static void check_end(const resume *this, const rq_response *response, rq_error **error) {
  range told = range_of(response);
  if (told.last >= 0 && told.last + 1 < told.total) {
    fail(error, RQ_ERR_INCOMPLETE, "the server sent %" PRId64 " of %" PRId64 " bytes of %s: go on "
         "with it once more", told.last + 1, told.total, this->path);
  }
}

/* Writes behind what is there, or from the beginning; what has come stays, whatever happens. */
static void write_body(const resume *this, rq_response *response, const char *mode, progress *bar,
                       rq_error **error) {
  int64_t base = mode[0] == 'a' ? this->size : 0;
  FILE *file = *error ? NULL : fopen(this->path, mode);
  if (!file) {
    fail(error, RQ_ERR_FILE, "%s cannot be written: %s", this->path, strerror(errno));
    return;
  }
  keep_tag(this, response);
  progress_begin(bar, (uint64_t)base);
  save_stream(response, file, false, error);
  progress_end(bar);
  if (fclose(file) != 0) {
    fail(error, RQ_ERR_FILE, "%s cannot be written: %s", this->path, strerror(errno));
  }
  if (base > 0) check_end(this, response, error);
  if (!*error) unlink(this->note);
}

void resume_save(const resume *this, rq_response *response, progress *bar, rq_error **error) {
  if (!response || *error) return;
  int status = rq_response_status(response);
  const char *coding = rq_response_header(response, "Content-Encoding");
  if (status == 416 && this->size > 0) {
    if (range_of(response).total == this->size) {
      unlink(this->note);
      return;
    }
    fail(error, RQ_ERR_STATUS, "the server has no bytes from %" PRId64 " on: %s is another file, "
         "remove it to start over", this->size, this->path);
  }
  rq_response_raise(response, error);
  if (coding && strcasecmp(coding, "identity") != 0) {
    fail(error, RQ_ERR_DECODE, "the server sends it encoded only, which cannot be gone on with: "
         "leave -C off");
  } else if (status == 206 && this->size > 0) {
    check_rest(this, response, error);
    write_body(this, response, "ab", bar, error);
  } else if (status == 200) {
    write_body(this, response, "wb", bar, error);
  } else {
    fail(error, RQ_ERR_STATUS, "a status of %d has no file to go on with", status);
  }
}
