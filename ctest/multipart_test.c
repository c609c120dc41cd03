/* Multipart bodies: fields first, then parts in order, their names, types and headers; contents
 * from memory, files and callbacks; the boundary; large files at the cost of none (behaviours M1 to
 * M12). */
#include "files.h"
#include "source.h"
#include "take.h"

#include <errno.h>

static rq_session *session;

static rq_request *post(const char *path) {
  return rq_request_new("POST", t_url("RQ_TEST_HTTP", path), NULL);
}

static rq_part *text_part(rq_request *request, const char *name, const char *text) {
  rq_part *part = rq_request_part(request, name, NULL);
  rq_part_bytes(part, text, strlen(text), NULL);
  return part;
}

/* The boundary that a Content-Type names, which must be 32 lower-case hexadecimal digits. */
static void take_boundary(const char *content_type, char boundary[33]) {
  static const char prefix[] = "multipart/form-data; boundary=";
  boundary[0] = '\0';
  CHECK(content_type && strncmp(content_type, prefix, strlen(prefix)) == 0);
  if (!content_type || strncmp(content_type, prefix, strlen(prefix)) != 0) return;
  CHECK_INT(strlen(content_type), strlen(prefix) + 32);
  CHECK_INT(strspn(content_type + strlen(prefix), "0123456789abcdef"), 32);
  snprintf(boundary, 33, "%s", content_type + strlen(prefix));
}

/* Copies `pattern` with each '|' replaced by the boundary. */
static void fill_in(const char *pattern, const char *boundary, char *text, size_t cap) {
  size_t at = 0;
  for (; *pattern && at + 40 < cap; pattern++) {
    if (*pattern == '|') {
      at += (size_t)snprintf(text + at, cap - at, "%s", boundary);
    } else {
      text[at++] = *pattern;
    }
  }
  text[at] = '\0';
}

/* Sends and frees the request: the body as the server received it, and its length. */
static void check_sent(rq_request *request, const char *pattern) {
  char want[4096], boundary[33];
  rq_error *e = NULL;
  rq_prepared *prepared = rq_prepare(session, request, &e);
  take_boundary(rq_prepared_header(prepared, "Content-Type"), boundary);
  fill_in(pattern, boundary, want, sizeof want);
  CHECK_INT(rq_prepared_body_length(prepared), (long long)strlen(want));
  rq_response *response = rq_send(session, prepared, NULL, &e);
  size_t len = 0;
  const char *echo = rq_body_bytes(response, &len, &e);
  const char *end = t_has(echo, "\r\n\r\n") ? strstr(echo, "\r\n\r\n") : NULL;
  CHECK_STR(end ? end + 4 : NULL, want);
  snprintf(want, sizeof want, "\r\nContent-Length: %zu\r\n", end ? strlen(end + 4) : 0);
  CHECK(t_has(echo, want) && !t_has(echo, "Transfer-Encoding"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

#define DISPOSITION "--|\r\nContent-Disposition: form-data; name="

static void fields_come_first_then_parts_in_order(void) {
  rq_request *request = post("/echo");
  text_part(request, "p2", "two");
  rq_request_field(request, "f1", "one", NULL);
  text_part(request, "p1", "three");
  text_part(request, "p2", "");
  rq_request_field(request, "f1", "", NULL);
  check_sent(request, DISPOSITION "\"f1\"\r\n\r\none\r\n" DISPOSITION "\"f1\"\r\n\r\n\r\n"
             DISPOSITION "\"p2\"\r\n\r\ntwo\r\n" DISPOSITION "\"p1\"\r\n\r\nthree\r\n"
             DISPOSITION "\"p2\"\r\n\r\n\r\n--|--\r\n");
}

static void names_cannot_end_their_quotes_or_line(void) {
  rq_request *request = post("/echo");
  rq_part *part = text_part(request, "a\"b\r\nc\\d\xc3\xbc", "1");
  rq_part_filename(part, "\"; x=\"\r\nX-Injected: 1", NULL);
  rq_request_field(request, "f\"\n", "v", NULL);
  check_sent(request, DISPOSITION "\"f%22%0A\"\r\n\r\nv\r\n"
             DISPOSITION "\"a%22b%0D%0Ac\\d\xc3\xbc\"; "
             "filename=\"%22; x=%22%0D%0AX-Injected: 1\"\r\n\r\n1\r\n--|--\r\n");
}

static void types_and_headers_have_their_order(void) {
  rq_request *request = post("/echo");
  rq_part *part = text_part(request, "p", "1");
  rq_part_header(part, "X-One", "1", NULL);
  rq_part_header(part, "X-Empty", "", NULL);
  rq_part_header(part, "X-Two", "2; a=\"b\"", NULL);
  rq_part_type(part, "text/plain", NULL);
  rq_part_type(part, "text/csv; charset=utf-8", NULL); /* the last one counts */
  check_sent(request, DISPOSITION "\"p\"\r\nContent-Type: text/csv; charset=utf-8\r\n"
             "X-One: 1\r\nX-Two: 2; a=\"b\"\r\n\r\n1\r\n--|--\r\n");
}

/* Adds the file at `path` as a part with this file name; `name` NULL: none is set. */
static void check_filename(const char *path, const char *name, const char *want) {
  char pattern[256];
  rq_error *e = NULL;
  rq_request *request = post("/echo");
  rq_part *part = rq_request_part(request, "f", &e);
  if (name) rq_part_filename(part, name, &e);
  rq_part_file(part, path, &e);
  CHECK_CODE(e, RQ_OK);
  snprintf(pattern, sizeof pattern, DISPOSITION "\"f\"; filename=\"%s\"\r\n\r\nfile\r\n--|--\r\n",
           want);
  check_sent(request, pattern);
}

static void a_file_has_the_last_piece_of_its_path_for_a_name(void) {
  char name[] = FILES_NAME, path[64];
  files_text(name, "file");
  snprintf(path, sizeof path, "./%s", name);
  check_filename(name, NULL, name);
  check_filename(path, NULL, name);
  check_filename(path, "own.txt", "own.txt");
  check_filename(path, "", "");
  rq_request *request = post("/echo");
  rq_part *part = rq_request_part(request, "f", NULL);
  rq_part_file(part, path, NULL);
  rq_part_filename(part, NULL, NULL); /* a plain field */
  check_sent(request, DISPOSITION "\"f\"\r\n\r\nfile\r\n--|--\r\n");
  CHECK_INT(unlink(name), 0);
}

static void what_is_no_file_any_more_has_no_files_name(void) {
  char path[] = FILES_NAME;
  source from = {.len = 0};
  files_text(path, "file");
  rq_request *request = post("/echo");
  rq_part *part = rq_request_part(request, "f", NULL);
  rq_part_file(part, path, NULL);
  rq_part_bytes(part, "bytes", 5, NULL);
  check_sent(request, DISPOSITION "\"f\"\r\n\r\nbytes\r\n--|--\r\n");
  request = post("/echo");
  part = rq_request_part(request, "f", NULL);
  rq_part_file(part, path, NULL);
  rq_part_callback(part, source_read, NULL, &from, source_free, 0, NULL);
  check_sent(request, DISPOSITION "\"f\"\r\n\r\n\r\n--|--\r\n");
  CHECK_INT(unlink(path), 0);
}

static void a_part_is_lent_as_long_as_its_request(void) {
  enum { PARTS = 50 };
  rq_part *parts[PARTS];
  char digits[32];
  rq_request *request = post("/echo");
  for (int i = 0; i < PARTS; i++) parts[i] = rq_request_part(request, "p", NULL);
  for (int i = PARTS - 1; i >= 0; i--) {
    snprintf(digits, sizeof digits, "%d", i);
    rq_part_bytes(parts[i], "old", 3, NULL);
    rq_part_bytes(parts[i], digits, strlen(digits), NULL);
  }
  rq_error *e = NULL;
  char *echo = take(session, request, &e);
  const char *from = echo;
  for (int i = 0; i < PARTS && from; i++) {
    snprintf(digits, sizeof digits, "\r\n\r\n%d\r\n--", i);
    CHECK(t_has(from, digits)); /* behind the one before */
    from = strstr(from, digits);
  }
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

static void every_request_has_a_boundary_of_its_own(void) {
  char one[33], two[33];
  rq_error *e = NULL;
  rq_request *request = post("/echo");
  text_part(request, "p", "1");
  rq_prepared *first = rq_prepare(session, request, &e);
  rq_prepared *second = rq_prepare(session, request, &e);
  take_boundary(rq_prepared_header(first, "Content-Type"), one);
  take_boundary(rq_prepared_header(second, "Content-Type"), two);
  CHECK(strcmp(one, two) != 0);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(first);
  rq_prepared_free(second);
  rq_request_free(request);
}

static rq_request *typed(const char *content_type) {
  rq_request *request = post("/echo");
  rq_opts_header(rq_request_opts(request), "Content-Type", content_type, NULL);
  text_part(request, "p", "1");
  return request;
}

static void a_content_type_of_ones_own_gets_a_boundary(void) {
  rq_error *e = NULL;
  char *echo = take(session, typed("multipart/mixed; boundary=own"), &e);
  CHECK(t_has(echo, "\r\nContent-Type: multipart/mixed; boundary=own\r\n"));
  CHECK(t_has(echo, "\r\n\r\n--own\r\n") && t_has(echo, "\r\n--own--\r\n"));
  free(echo);
  echo = take(session, typed("multipart/related"), &e);
  const char *boundary = t_has(echo, "multipart/related; boundary=") ? strstr(echo, "=") + 1 : "";
  char begin[64];
  snprintf(begin, sizeof begin, "\r\n\r\n--%.*s\r\n", 32, boundary);
  CHECK_INT(strspn(boundary, "0123456789abcdef"), 32);
  CHECK(t_has(echo, begin));
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

static void a_content_type_that_cannot_be_is_refused(void) {
  static const char *const types[] = {"text/plain", "application/json",
                                      "multipart/mixed; boundary=",
                                      "multipart/x; boundary=\"a b\""};
  rq_error *e = NULL;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    rq_request *request = typed(types[i]);
    CHECK(rq_perform(session, request, NULL, &e) == NULL);
    CHECK(t_has(rq_error_message(e), "Content-Type"));
    CHECK_CODE(e, RQ_ERR_INVALID_HEADER);
    rq_request_free(request);
  }
}

static void a_body_beside_parts_is_an_error(void) {
  rq_error *e = NULL;
  rq_request *request = post("/echo");
  text_part(request, "p", "1");
  rq_request_body(request, "body", 4, &e);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_exception(e), "ValueError");
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  rq_request_body(request, NULL, 0, &e);
  check_sent(request, DISPOSITION "\"p\"\r\n\r\n1\r\n--|--\r\n");
}

static void contents_come_from_anywhere(void) {
  char path[] = FILES_NAME, pattern[512];
  rq_error *e = NULL;
  source from = {.len = 0};
  files_text(path, "from a file");
  rq_request *request = post("/echo");
  text_part(request, "m", "from memory");
  rq_part_file(rq_request_part(request, "f", &e), path, &e);
  rq_part_callback(rq_request_part(request, "c", &e), source_read, NULL, &from, source_free, 0, &e);
  rq_request_part(request, "nothing", &e);
  CHECK_CODE(e, RQ_OK);
  snprintf(pattern, sizeof pattern, DISPOSITION "\"m\"\r\n\r\nfrom memory\r\n"
           DISPOSITION "\"f\"; filename=\"%s\"\r\n\r\nfrom a file\r\n"
           DISPOSITION "\"c\"\r\n\r\n\r\n" DISPOSITION "\"nothing\"\r\n\r\n\r\n--|--\r\n", path);
  check_sent(request, pattern);
  CHECK_INT(from.freed, 1);
  CHECK_INT(unlink(path), 0);
}

static rq_request *with_callback(source *from, rq_rewind_fn rewind, int64_t length) {
  rq_request *request = post("/upload");
  rq_part *part = rq_request_part(request, "c", NULL);
  rq_part_callback(part, source_read, rewind, from, source_free, length, NULL);
  return request;
}

static void a_part_of_unknown_length_makes_all_of_it_chunked(void) {
  rq_error *e = NULL;
  source from = {.len = 100000, .piece = 999};
  rq_request *request = with_callback(&from, NULL, -1);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Transfer-Encoding"), "chunked");
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), NULL);
  CHECK_INT(rq_prepared_body_length(prepared), -1);
  rq_prepared_free(prepared);
  char *answer = take(session, request, &e);
  CHECK(t_has(answer, "\"bytes\": 100120,")); /* 120 are around the part's content */
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(from.freed, 1);
  free(answer);
}

static void check_part_fails(source from, int64_t length, rq_code code) {
  rq_error *e = NULL;
  rq_request *request = with_callback(&from, NULL, length);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_CODE(e, code);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  CHECK_INT(from.freed, 1);
}

static void a_part_is_held_to_its_length(void) {
  source torn = {.len = 100, .fault = SOURCE_SAYS_WHY, .code = RQ_ERR_CALLBACK};
  check_part_fails((source){.len = 100}, 101, RQ_ERR_BODY_LENGTH);
  check_part_fails((source){.len = 100}, 99, RQ_ERR_BODY_LENGTH);
  check_part_fails(torn, 100, RQ_ERR_CALLBACK);
}

static void a_part_is_rewound_or_sent_once(void) {
  rq_error *e = NULL;
  source from = {.len = 100}, once = {.len = 100};
  rq_request *request = with_callback(&from, source_rewind, 100);
  for (int turn = 0; turn < 3; turn++) rq_response_free(rq_perform(session, request, NULL, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(from.rewinds, 2);
  rq_request_free(request);
  request = with_callback(&once, NULL, 100);
  rq_response_free(rq_perform(session, request, NULL, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_BODY);
  CHECK_INT(once.reads, 2);
  rq_request_free(request);
}

static void a_file_that_is_missing_is_told_and_the_part_stays(void) {
  rq_error *e = NULL;
  rq_request *request = post("/echo");
  rq_part *part = text_part(request, "p", "old");
  rq_part_file(part, "/no/such/file", &e);
  CHECK(t_has(rq_error_message(e), "/no/such/file"));
  CHECK_INT(rq_error_errno(e), ENOENT);
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_part_file(part, ".", &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  check_sent(request, DISPOSITION "\"p\"\r\n\r\nold\r\n--|--\r\n");
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(fields_come_first_then_parts_in_order);
  RUN(names_cannot_end_their_quotes_or_line);
  RUN(types_and_headers_have_their_order);
  RUN(a_file_has_the_last_piece_of_its_path_for_a_name);
  RUN(what_is_no_file_any_more_has_no_files_name);
  RUN(a_part_is_lent_as_long_as_its_request);
  RUN(every_request_has_a_boundary_of_its_own);
  RUN(a_content_type_of_ones_own_gets_a_boundary);
  RUN(a_content_type_that_cannot_be_is_refused);
  RUN(a_body_beside_parts_is_an_error);
  RUN(contents_come_from_anywhere);
  RUN(a_part_of_unknown_length_makes_all_of_it_chunked);
  RUN(a_part_is_held_to_its_length);
  RUN(a_part_is_rewound_or_sent_once);
  RUN(a_file_that_is_missing_is_told_and_the_part_stays);
  rq_session_free(session);
  DONE();
}
