/* Response bodies: every framing read in every size of piece, ends, truncation, close, free. */
#include "t.h"

enum { MIB = 1 << 20 };

/* Byte i of every patterned body is i % 251: prime, so a piece lost, doubled or swapped shows. */
static bool matches_pattern(const unsigned char *bytes, size_t len, size_t offset) {
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] != (offset + i) % 251) return false;
  }
  return true;
}

/* Reads to the end or to an error in pieces of `piece` bytes; returns how many bytes came. */
static size_t read_in_pieces(rq_response *response, size_t piece, rq_error **error) {
  size_t total = 0;
  int64_t got;
  unsigned char *piece_bytes = malloc(piece);
  while ((got = rq_body_read(response, piece_bytes, piece, error)) > 0) {
    CHECK((size_t)got <= piece);
    if (!matches_pattern(piece_bytes, (size_t)got, total)) {
      CHECK(!"bytes as sent");
      break;
    }
    total += (size_t)got;
  }
  CHECK_INT(got, *error ? -1 : 0);
  free(piece_bytes);
  return total;
}

static void check_pieces(const char *base, const char *path, size_t want) {
  static const size_t pieces[] = {1, 7, 4096, MIB};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    char byte;
    rq_response *response = rq_get(session, t_url(base, path), &e);
    CHECK_INT(read_in_pieces(response, pieces[i], &e), want);
    CHECK_INT(rq_body_read(response, &byte, 1, &e), 0); /* the end stays the end */
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* Every chunk is whole but the last, and the end stays the end. */
static void check_chunks(const char *path, size_t want) {
  static unsigned char chunk[999]; /* no part of the server's own */
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", path), &e);
  size_t total = 0;
  int64_t got;
  while ((got = rq_body_read_full(response, chunk, sizeof chunk, &e)) > 0) {
    CHECK((size_t)got == sizeof chunk || total + (size_t)got == want);
    CHECK(matches_pattern(chunk, (size_t)got, total));
    total += (size_t)got;
  }
  CHECK_INT(total, want);
  CHECK_INT(rq_body_read_full(response, chunk, sizeof chunk, &e), 0);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void chunks_of_one_size_however_the_body_comes(void) {
  check_chunks("/bytes/100500", 100500);
  check_chunks("/chunked/100500", 100500);
  check_chunks("/close/3000", 3000);
}

static void an_error_behind_bytes_is_told_by_the_next_call(void) {
  static unsigned char all[MIB];
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/truncated"), &e);
  int64_t length = rq_body_length(response);
  int64_t got = rq_body_read_full(response, all, sizeof all, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(got > 0 && got < length);
  CHECK_INT(rq_body_read_full(response, all, sizeof all, &e), -1);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  rq_error_free(e);
  rq_response_free(response);
  rq_session_free(session);
}

static void pieces_of_a_body_with_length(void) {
  check_pieces("RQ_TEST_HTTP", "/bytes/1048576", MIB);
  check_pieces("RQ_TEST_HTTPS", "/bytes/1048576", MIB);
}

static void pieces_of_a_chunked_body(void) {
  check_pieces("RQ_TEST_HTTP", "/chunked/1048576", MIB);
  check_pieces("RQ_TEST_HTTPS", "/chunked/1048576", MIB);
}

static void pieces_of_a_body_ended_by_close(void) {
  check_pieces("RQ_TEST_HTTP", "/close/1048576", MIB);
  check_pieces("RQ_TEST_HTTPS", "/close/1048576", MIB);
}

static void empty_bodies(void) {
  check_pieces("RQ_TEST_HTTP", "/bytes/0", 0);
  check_pieces("RQ_TEST_HTTP", "/chunked/0", 0);
  check_pieces("RQ_TEST_HTTP", "/close/0", 0);
}

static void bytes_gives_all_and_keeps_it(void) {
  size_t len = 0;
  size_t len_again = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1048576"), &e);
  const unsigned char *bytes = rq_body_bytes(response, &len, &e);
  CHECK_INT(len, MIB);
  CHECK(bytes && matches_pattern(bytes, len, 0));
  CHECK(bytes && bytes[len] == '\0');
  CHECK(rq_body_bytes(response, &len_again, &e) == (const void *)bytes);
  CHECK_INT(len_again, MIB);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void bytes_after_a_read_gives_the_rest(void) {
  unsigned char start[1000];
  size_t len = 0;
  size_t have = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/chunked/100000"), &e);
  while (have < sizeof start) {
    int64_t got = rq_body_read(response, start + have, sizeof start - have, &e);
    if (got <= 0) break;
    have += (size_t)got;
  }
  CHECK(have == sizeof start && matches_pattern(start, have, 0));
  const unsigned char *rest = rq_body_bytes(response, &len, &e);
  CHECK_INT(len, 99000);
  CHECK(rest && matches_pattern(rest, len, 1000));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void trailers_come_after_the_end(void) {
  const char *name = NULL;
  const char *value = NULL;
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *digest = rq_get(session, t_url("RQ_TEST_HTTP", "/sha256/100000"), &e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/chunked/100000"), &e);
  CHECK(!rq_response_trailer_at(response, 0, &name, &value));
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK(rq_response_trailer_at(response, 0, &name, &value));
  CHECK_STR(name, "X-Checksum");
  CHECK_STR(value, rq_body_bytes(digest, &len, &e));
  CHECK(!rq_response_trailer_at(response, 1, &name, &value));
  CHECK_STR(rq_response_header(response, "X-Checksum"), NULL);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_response_free(digest);
  rq_session_free(session);
}

static void check_declared_length(const char *path, int64_t want) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", path), &e);
  CHECK_INT(rq_body_length(response), want);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void the_length_is_told_where_known(void) {
  check_declared_length("/bytes/1048576", MIB);
  check_declared_length("/bytes/0", 0);
  check_declared_length("/status/204", 0);
  check_declared_length("/chunked/100", -1);
  check_declared_length("/close/100", -1);
}

/* What came is delivered, then the error, and the error stays. Returns how much came. */
static size_t check_cut_off(const char *base, const char *path) {
  char piece[4096];
  size_t total = 0;
  size_t len = 0;
  int64_t got;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_response *response = rq_get(session, t_url(base, path), &e);
  CHECK_INT(rq_response_status(response), 200);
  while ((got = rq_body_read(response, piece, sizeof piece, &e)) > 0) total += (size_t)got;
  CHECK_INT(got, -1);
  CHECK_STR(rq_error_phase(e), "body");
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  CHECK_INT(rq_body_read(response, piece, sizeof piece, &e), -1);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  CHECK(rq_body_bytes(response, &len, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  rq_response_free(response);
  CHECK(t_get(session, t_url(base, "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  return total;
}

static void truncation_is_an_error(void) {
  CHECK_INT(check_cut_off("RQ_TEST_HTTP", "/truncated"), 500);
  CHECK_INT(check_cut_off("RQ_TEST_HTTPS", "/truncated"), 500);
  CHECK(check_cut_off("RQ_TEST_HTTP", "/truncated-chunked") > 0);
  CHECK(check_cut_off("RQ_TEST_HTTPS", "/truncated-chunked") > 0);
  CHECK(check_cut_off("RQ_TEST_HTTPS", "/truncated-close") > 0);
}

static void a_reset_is_an_error(void) {
  CHECK(check_cut_off("RQ_TEST_HTTP", "/rst-body") <= 500);
  CHECK(check_cut_off("RQ_TEST_HTTPS", "/rst-body") <= 500);
}

static void a_body_read_to_its_end_gives_the_connection_back(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/chunked/100000"), &e);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  int connection = t_connection(response);
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e), connection); /* not freed yet */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

/* Ends a response half read by `end`; the session must go on, whatever became of the connection. */
static void check_abandoned(void (*end)(rq_response *), const char *path) {
  char piece[100];
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  for (int turn = 0; turn < 3; turn++) {
    rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", path), &e);
    CHECK(rq_body_read(response, piece, sizeof piece, &e) > 0);
    end(response);
    CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
    if (end != rq_response_free) rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void a_closed_body_leaves_the_session_usable(void) {
  check_abandoned(rq_body_close, "/bytes/1000");
  check_abandoned(rq_body_close, "/chunked/100000");
  check_abandoned(rq_body_close, "/bytes/1073741824");
}

static void an_unread_response_may_be_freed(void) {
  check_abandoned(rq_response_free, "/bytes/1000");
  check_abandoned(rq_response_free, "/chunked/100000");
  check_abandoned(rq_response_free, "/bytes/1073741824");
}

/* What was given up is not taken for the end: a loop that reads on learns of its mistake. */
static void a_closed_body_reads_as_misuse(void) {
  char byte;
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1073741824"), &e);
  rq_body_close(response);
  rq_body_close(response); /* twice is once */
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(rq_body_read(response, &byte, 1, &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_body_bytes(response, &len, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(rq_response_status(response), 200);
  rq_response_free(response);
  rq_session_free(session);
}

/* Giving up a body that never ends must not wait for it. */
static void closing_does_not_wait(void) {
  char byte;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/stall-body"), &e);
  CHECK(rq_body_read(response, &byte, 1, &e) == 1);
  double start = t_now_ms();
  rq_body_close(response);
  CHECK(t_now_ms() - start < 500 * t_slowness());
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

int main(void) {
  RUN(pieces_of_a_body_with_length);
  RUN(pieces_of_a_chunked_body);
  RUN(chunks_of_one_size_however_the_body_comes);
  RUN(an_error_behind_bytes_is_told_by_the_next_call);
  RUN(pieces_of_a_body_ended_by_close);
  RUN(empty_bodies);
  RUN(bytes_gives_all_and_keeps_it);
  RUN(bytes_after_a_read_gives_the_rest);
  RUN(trailers_come_after_the_end);
  RUN(the_length_is_told_where_known);
  RUN(truncation_is_an_error);
  RUN(a_reset_is_an_error);
  RUN(a_body_read_to_its_end_gives_the_connection_back);
  RUN(a_closed_body_leaves_the_session_usable);
  RUN(an_unread_response_may_be_freed);
  RUN(a_closed_body_reads_as_misuse);
  RUN(closing_does_not_wait);
  DONE();
}
