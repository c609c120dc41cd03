/* The curl line of a prepared request: what it says, what it hides, and that a shell reads back
 * each word as it was, whatever stands in it. No curl is run: a function of the shell stands in. */
#include "files.h"
#include "source.h"

#define SECRET "s3cret"
#define SITE "http://site.test/"

/* Runs the line by a shell in which curl writes down its words, each followed by the byte 1. */
static char *words_of(const char *line) {
  static const char shell[] = "curl() { printf '%s\\001' \"$@\"; }\n";
  static char words[8192];
  char path[] = FILES_NAME, command[128];
  files_text(path, shell);
  FILE *script = fopen(path, "a");
  CHECK(script && fprintf(script, "%s\n", line ? line : "false") > 0 && fclose(script) == 0);
  snprintf(command, sizeof command, "/bin/sh -n %s", path);
  CHECK_INT(system(command), 0);
  snprintf(command, sizeof command, "/bin/sh %s </dev/null", path);
  FILE *run = popen(command, "r");
  size_t len = run ? fread(words, 1, sizeof words - 1, run) : 0;
  CHECK(run && pclose(run) == 0);
  words[len] = '\0';
  CHECK_INT(unlink(path), 0);
  return words;
}

/* Whether `word` is one of them, whole; `next`: and followed by this one. */
static bool has_words(const char *words, const char *word, const char *next) {
  char want[2048];
  snprintf(want, sizeof want, "\001%s\001%s%s", word, next ? next : "", next ? "\001" : "");
  char all[8200];
  snprintf(all, sizeof all, "\001%s", words);
  return t_has(all, want);
}

/* Prepares and frees the request; the words of its curl line, with all secrets. */
static const char *words_for(rq_request *request) {
  rq_error *e = NULL;
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  const char *words = words_of(rq_prepared_curl(prepared, true, &e));
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
  return words;
}

static rq_request *with_body(const char *method, const char *body) {
  rq_request *request = rq_request_new(method, SITE, NULL);
  rq_request_body(request, body, strlen(body), NULL);
  return request;
}

static void a_get_needs_few_words(void) {
  const char *words = words_for(rq_request_new("GET", SITE "a?b=c", NULL));
  CHECK_STR(words, SITE "a?b=c\001");
}

static void the_method_is_said(void) {
  CHECK(has_words(words_for(rq_request_new("HEAD", SITE, NULL)), "--head", NULL));
  CHECK(has_words(words_for(rq_request_new("DELETE", SITE, NULL)), "--request", "DELETE"));
  CHECK(has_words(words_for(rq_request_new("MKCOL", SITE, NULL)), "--request", "MKCOL"));
  CHECK(has_words(words_for(with_body("POST", "x")), "--request", "POST"));
}

/* By itself curl makes a POST of what has a body, and refuses --head beside one. */
static void a_body_does_not_change_the_method(void) {
  CHECK(has_words(words_for(with_body("GET", "x")), "--request", "GET"));
  const char *words = words_for(with_body("HEAD", "x"));
  CHECK(has_words(words, "--request", "HEAD") && !has_words(words, "--head", NULL));
}

/* A shell must hand each of them over unchanged, as a header, a body and a part of the URL. */
static void check_quoted(const char *text) {
  char field[128], encoded[512] = SITE "?q=", digits[8];
  rq_request *request = with_body("POST", text);
  rq_opts_header(rq_request_opts(request), "X-Text", text, NULL);
  for (const char *at = text; *at; at++) {
    snprintf(digits, sizeof digits, "%%%02X", (unsigned char)*at);
    strcat(encoded, digits);
  }
  rq_opts_params_raw(rq_request_opts(request), encoded + strlen(SITE "?"), NULL);
  const char *words = words_for(request);
  snprintf(field, sizeof field, "X-Text: %s", text);
  CHECK(has_words(words, "--header", field));
  CHECK(has_words(words, "--data-raw", text));
}

static void every_word_is_quoted(void) {
  static const char *const texts[] = {
      "it's",     "''",        "\"two words\"", "$(date)", "`date`",       "$HOME ${HOME} $$",
      "a\\'b\\",  "!history",  "* ? [a-z] {a,b}", "~",     "a;b&c|d>e<f",  "#comment",
      "-o",       "@file",     "\xc3\xa9\xe2\x82\xac",     "a=b",          "(x)",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) check_quoted(texts[i]);
}

static void a_body_may_have_lines(void) {
  const char *words = words_for(with_body("POST", "one\ntwo\r\n\n'three'\n"));
  CHECK(has_words(words, "--data-raw", "one\ntwo\r\n\n'three'\n"));
}

static void urls_are_sent_as_they_are(void) {
  rq_request *request = rq_request_new("GET", SITE "it's?a=$HOME&b=(1)", NULL);
  CHECK(t_has(words_for(request), SITE "it's?a=$HOME&b=(1)\001"));
  request = rq_request_new("GET", SITE "a/../b", NULL);
  rq_opts_path_as_is(rq_request_opts(request), true, NULL);
  CHECK(has_words(words_for(request), "--path-as-is", NULL));
}

/* Of brackets and braces curl makes several URLs, unless it is told not to. */
static void urls_are_no_patterns(void) {
  rq_request *request = rq_request_new("GET", SITE "a[1-2]{x,y}", NULL);
  rq_opts_path_as_is(rq_request_opts(request), true, NULL);
  const char *words = words_for(request);
  CHECK(has_words(words, "--globoff", NULL) && t_has(words, SITE "a[1-2]{x,y}\001"));
}

static void headers_are_said_in_order(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", SITE, &e);
  rq_opts_header(rq_request_opts(request), "X-Empty", "", &e);
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  rq_prepared_add_header(prepared, "X-Two", "1", &e);
  rq_prepared_add_header(prepared, "X-Two", "2", &e);
  const char *words = words_of(rq_prepared_curl(prepared, true, &e));
  CHECK_STR(words, "--header\001X-Empty;\001--header\001X-Two: 1\001--header\001X-Two: 2\001" SITE
                   "\001");
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static void what_is_no_text_is_piped_in(void) {
  source from = {.len = 5};
  rq_request *request = rq_request_new("PUT", SITE, NULL);
  rq_request_body(request, "a\0b", 3, NULL);
  CHECK(has_words(words_for(request), "--data-binary", "@-"));
  CHECK(has_words(words_for(with_body("PUT", "caf\xe9")), "--data-binary", "@-"));
  request = rq_request_new("PUT", SITE, NULL);
  rq_request_body_callback(request, source_read, NULL, &from, source_free, 5, NULL);
  CHECK(has_words(words_for(request), "--data-binary", "@-"));
  CHECK_INT(from.reads, 0);
  CHECK_INT(from.freed, 1);
}

/* With secrets in every place that is known to hold some. */
static rq_prepared *prepare_secrets(rq_error **error) {
  rq_request *request = rq_request_new("GET", "http://ann:" SECRET "@site.test/", error);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_auth_bearer(opts, SECRET, error);
  rq_opts_cookie(opts, "id", SECRET, error);
  rq_opts_header(opts, "proxy-authorization", "Basic " SECRET, error);
  rq_prepared *prepared = rq_prepare(NULL, request, error);
  rq_prepared_add_header(prepared, "AUTHORIZATION", SECRET, error);
  rq_request_free(request);
  return prepared;
}

static void secrets_are_masked(void) {
  rq_error *e = NULL;
  rq_prepared *prepared = prepare_secrets(&e);
  const char *words = words_of(rq_prepared_curl(prepared, false, &e));
  CHECK(!t_has(words, SECRET) && !t_has(words, "ann"));
  CHECK(has_words(words, "--header", "Authorization: Bearer ***"));
  CHECK(has_words(words, "--header", "AUTHORIZATION: ***"));
  CHECK(has_words(words, "--header", "proxy-authorization: Basic ***"));
  CHECK(has_words(words, "--header", "Cookie: ***"));
  CHECK(t_has(words, "http://***@site.test/\001"));
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
}

static void secrets_are_shown_when_asked(void) {
  rq_error *e = NULL;
  rq_prepared *prepared = prepare_secrets(&e);
  const char *words = words_of(rq_prepared_curl(prepared, true, &e));
  CHECK(has_words(words, "--header", "Authorization: Bearer " SECRET));
  CHECK(has_words(words, "--header", "Cookie: id=" SECRET));
  CHECK(t_has(words, "http://ann:" SECRET "@site.test/\001"));
  CHECK_STR(rq_prepared_header(prepared, "proxy-authorization"), "Basic " SECRET);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
}

static void the_line_follows_the_request(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", SITE, &e);
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  CHECK_STR(rq_prepared_curl(prepared, true, &e), "curl " SITE);
  rq_prepared_set_method(prepared, "PUT", &e);
  rq_prepared_set_url(prepared, SITE "new", &e);
  CHECK_STR(rq_prepared_curl(prepared, false, &e), "curl --request PUT " SITE "new");
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_prepared_curl(NULL, true, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

int main(void) {
  RUN(a_get_needs_few_words);
  RUN(the_method_is_said);
  RUN(a_body_does_not_change_the_method);
  RUN(every_word_is_quoted);
  RUN(a_body_may_have_lines);
  RUN(urls_are_sent_as_they_are);
  RUN(urls_are_no_patterns);
  RUN(headers_are_said_in_order);
  RUN(what_is_no_text_is_piped_in);
  RUN(secrets_are_masked);
  RUN(secrets_are_shown_when_asked);
  RUN(the_line_follows_the_request);
  DONE();
}
