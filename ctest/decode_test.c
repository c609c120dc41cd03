/* Content codings: taken off, left on, corrupt, cut short, too long; raw bytes; and a body saved to
 * a file, whole or not at all (behaviours D1 to D6, D12 to D14; fault 73). */
#include "files.h"
#include "peer.h"

#include <dirent.h>
#include <sys/stat.h>

#define GZIP \
  "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x4b\x4e\x4c\x3b\xbc\x52\x21\xb1\x54\x21\x27\x31\xb3\x84\x2b\x79" \
  "\x94\x37\xca\xc3\xcb\x03\0\x3a\xb5\x7e\xa4\x30\x02\0\0"
#define ZLIB \
  "\x78\xda\x4b\x4e\x4c\x3b\xbc\x52\x21\xb1\x54\x21\x27\x31\xb3\x84\x2b\x79\x94\x37\xca\xc3\xcb" \
  "\x03\0\x37\x54\xd7\x01"
#define LINE "caf\xc3\xa9 au lait\n" /* 40 of them were compressed */

enum { DECODED_LEN = 40 * (sizeof LINE - 1), BOMB_LEN = 50000000 };

static rq_session *session;
static peer there;
static peer_reply script[1];

static rq_response *fetch_with(rq_session *by, peer_reply reply) {
  rq_error *e = NULL;
  script[0] = reply;
  PEER_SCRIPT(&there, script);
  rq_response *response = rq_get(by, there.url, &e);
  CHECK_CODE(e, RQ_OK);
  return response;
}

static rq_response *fetch(peer_reply reply) { return fetch_with(session, reply); }

static void done(rq_response *response) {
  rq_response_free(response);
  peer_stop(&there);
}

static const char gzipped[] = GZIP;

#define CODED(coding, body) OK_WITH("Content-Encoding: " coding "\r\n", body)

static void check_decoded(peer_reply reply) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = fetch(reply);
  const char *body = rq_body_bytes(response, &len, &e);
  CHECK_INT(len, DECODED_LEN);
  CHECK(body && strncmp(body, LINE LINE, 2 * strlen(LINE)) == 0 && body[len] == '\0');
  CHECK_STR(rq_response_header(response, "Content-Encoding") ? "kept" : NULL, "kept");
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void codings_are_taken_off(void) {
  check_decoded((peer_reply)CODED("gzip", GZIP));
  check_decoded((peer_reply)CODED("X-GZip", GZIP));
  check_decoded((peer_reply)CODED("deflate", ZLIB));
  check_decoded((peer_reply)CODED("identity, gzip", GZIP));
}

/* With room for one byte at a time, and for all. */
static void pieces_of_any_size_make_the_whole(void) {
  static const size_t caps[] = {1, 7, 4096};
  for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
    char buf[4096], all[DECODED_LEN + 1] = "";
    size_t at = 0;
    int64_t got;
    rq_error *e = NULL;
    rq_response *response = fetch((peer_reply)CODED("gzip", GZIP));
    while ((got = rq_body_read(response, buf, caps[i], &e)) > 0 && at + (size_t)got < sizeof all) {
      memcpy(all + at, buf, (size_t)got);
      at += (size_t)got;
    }
    CHECK_INT(at, DECODED_LEN);
    CHECK_STR(all + DECODED_LEN - strlen(LINE), LINE);
    CHECK_CODE(e, RQ_OK);
    done(response);
  }
}

static void they_stay_on_where_they_are_wanted(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *own = rq_session_new(&e);
  rq_opts_decode(rq_session_opts(own), false, &e);
  rq_response *response = fetch_with(own, (peer_reply)CODED("gzip", GZIP));
  const char *body = rq_body_bytes(response, &len, &e);
  CHECK(len == sizeof gzipped - 1 && body && memcmp(body, gzipped, len) == 0);
  CHECK_CODE(e, RQ_OK);
  done(response);
  rq_session_free(own);
}

static void raw_reads_and_decoded_ones_do_not_mix(void) {
  char raw[256];
  size_t at = 0, len = 0;
  int64_t got;
  rq_error *e = NULL;
  rq_response *response = fetch((peer_reply)CODED("gzip", GZIP));
  while ((got = rq_body_read_raw(response, raw + at, 10, &e)) > 0) at += (size_t)got;
  CHECK_CODE(e, RQ_OK);
  CHECK(at == sizeof gzipped - 1 && memcmp(raw, gzipped, at) == 0);
  CHECK(rq_body_bytes(response, &len, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  done(response);
  response = fetch((peer_reply)CODED("gzip", GZIP));
  CHECK_INT(rq_body_read(response, raw, 3, &e), 3);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(rq_body_read_raw(response, raw, 3, &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(rq_body_read(response, raw, 3, &e), 3); /* which harmed nothing */
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void check_corrupt(peer_reply reply) {
  char buf[4096];
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = fetch(reply);
  CHECK(rq_body_bytes(response, &len, &e) == NULL);
  CHECK_STR(rq_error_exception(e), "ContentDecodingError");
  CHECK_STR(rq_error_phase(e), "body");
  CHECK_CODE(e, RQ_ERR_DECODE);
  while (rq_body_read(response, buf, sizeof buf, &e) > 0) {
  }
  CHECK_CODE(e, RQ_ERR_DECODE); /* it stays, and no end is ever told */
  done(response);
}

static void fault_73_what_is_corrupt_or_cut_short_is_an_error(void) {
  check_corrupt((peer_reply)CODED("gzip", "this is no gzip at all"));
  check_corrupt((peer_reply)CODED("deflate", "\x78\xda\xff\xff\xff\xff\xff\xff"));
  check_corrupt((peer_reply)CODED("br", "\xff\xff\xff\xff\xff"));
  check_corrupt((peer_reply)CODED("zstd", "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff"));
  check_corrupt((peer_reply)CODED("gzip", "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x4b\x4e\x4c\x3b"));
}

/* Reads until an error or the end; how many bytes came. */
static uint64_t read_away(rq_response *response, rq_error **error) {
  static char buf[65536];
  uint64_t all = 0;
  for (int64_t got; (got = rq_body_read(response, buf, sizeof buf, error)) > 0;) {
    all += (uint64_t)got;
  }
  return all;
}

static void a_bomb_goes_as_far_as_is_allowed(void) {
  char path[32];
  rq_error *e = NULL;
  rq_session *own = rq_session_new(&e);
  snprintf(path, sizeof path, "/bomb/%d", BOMB_LEN);
  rq_opts_decoded_max(rq_session_opts(own), 1000000, &e);
  rq_response *response = rq_get(own, t_url("RQ_TEST_HTTP", path), &e);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(read_away(response, &e), 1000000);
  CHECK(t_has(rq_error_message(e), "1000000"));
  CHECK_CODE(e, RQ_ERR_LIMIT);
  rq_response_free(response);
  rq_opts_decoded_max(rq_session_opts(own), 0, &e); /* no limit */
  response = rq_get(own, t_url("RQ_TEST_HTTP", path), &e);
  CHECK_INT(read_away(response, &e), BOMB_LEN);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(own);
}

static void a_body_goes_as_far_as_is_allowed(void) {
  static const char *const paths[] = {"/bytes/100001", "/chunked/100001", "/close/100001"};
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *own = rq_session_new(&e);
  rq_opts_body_max(rq_session_opts(own), 100000, &e);
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    rq_response *response = rq_get(own, t_url("RQ_TEST_HTTP", paths[i]), &e);
    CHECK(rq_body_bytes(response, &len, &e) == NULL);
    CHECK(t_has(rq_error_message(e), "100000"));
    CHECK_CODE(e, RQ_ERR_LIMIT);
    rq_response_free(response);
  }
  rq_response *response = rq_get(own, t_url("RQ_TEST_HTTP", "/chunked/100000"), &e);
  CHECK_INT(read_away(response, &e), 100000);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(own);
}

/* How many files the folder holds. */
static int files_in(const char *folder) {
  int files = 0;
  DIR *all = opendir(folder);
  for (struct dirent *entry; all && (entry = readdir(all));) files += entry->d_name[0] != '.';
  if (all) closedir(all);
  return files;
}

static void check_content(const char *path, const char *want) {
  char got[64] = "";
  FILE *file = fopen(path, "r");
  CHECK(file != NULL && fread(got, 1, sizeof got - 1, file) > 0);
  CHECK(strncmp(got, want, strlen(want)) == 0);
  if (file) fclose(file);
}

static void a_body_is_saved_decoded(void) {
  char folder[] = FILES_NAME, path[64];
  struct stat about = {0};
  rq_error *e = NULL;
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof path, "%s/saved", folder);
  for (int turn = 0; turn < 2; turn++) { /* the second replaces the first */
    rq_response *response = fetch((peer_reply)CODED("gzip", GZIP));
    CHECK_INT(rq_body_save(response, path, &e), DECODED_LEN);
    CHECK_CODE(e, RQ_OK);
    done(response);
  }
  CHECK_INT(stat(path, &about), 0);
  CHECK_INT(about.st_size, DECODED_LEN);
  check_content(path, LINE LINE);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/chunked/1000000"), &e);
  CHECK_INT(rq_body_save(response, path, &e), 1000000);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  CHECK_INT(files_in(folder), 1);
  CHECK_INT(unlink(path), 0);
  CHECK_INT(rmdir(folder), 0);
}

static void a_body_that_fails_leaves_no_file_behind(void) {
  static const char *const paths[] = {"/truncated", "/truncated-chunked", "/rst-body"};
  char folder[] = FILES_NAME, path[64];
  rq_error *e = NULL;
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof path, "%s/saved", folder);
  for (int turn = 0; turn < 2; turn++) {
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
      rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", paths[i]), &e);
      CHECK_CODE(e, RQ_OK);
      CHECK_INT(rq_body_save(response, path, &e), -1);
      CHECK_CODE(e, RQ_ERR_INCOMPLETE);
      rq_response_free(response);
      CHECK_INT(files_in(folder), turn); /* none, or the old one as it was */
    }
    if (turn == 0) {
      char fresh[] = FILES_NAME;
      files_text(fresh, "the old one");
      CHECK_INT(rename(fresh, path), 0);
    }
  }
  check_content(path, "the old one");
  CHECK_INT(unlink(path), 0);
  CHECK_INT(rmdir(folder), 0);
}

static void where_no_file_can_be_is_told(void) {
  char folder[] = FILES_NAME, path[64];
  size_t len = 0;
  rq_error *e = NULL;
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof path, "%s/folder", folder);
  CHECK_INT(mkdir(path, 0700), 0);
  rq_response *other = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK_INT(rq_body_save(other, path, &e), -1); /* a folder is not replaced */
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK_INT(files_in(folder), 1); /* and nothing is left beside it */
  CHECK_INT(rmdir(path) + rmdir(folder), 0);
  rq_response_free(other);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK_INT(rq_body_save(response, "/no/such/folder/file", &e), -1);
  CHECK(t_has(rq_error_message(e), "/no/such/folder/file"));
  CHECK(rq_error_errno(e) != 0);
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK(t_has(rq_body_bytes(response, &len, &e), "librq")); /* not lost by it */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(codings_are_taken_off);
  RUN(pieces_of_any_size_make_the_whole);
  RUN(they_stay_on_where_they_are_wanted);
  RUN(raw_reads_and_decoded_ones_do_not_mix);
  RUN(fault_73_what_is_corrupt_or_cut_short_is_an_error);
  RUN(a_bomb_goes_as_far_as_is_allowed);
  RUN(a_body_goes_as_far_as_is_allowed);
  RUN(a_body_is_saved_decoded);
  RUN(a_body_that_fails_leaves_no_file_behind);
  RUN(where_no_file_can_be_is_told);
  rq_session_free(session);
  DONE();
}
