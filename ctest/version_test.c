/* The version at run time against the header's macros, and the names of the codes. */
#include "t.h"

static void version_matches_the_header(void) {
  char from_numbers[32];
  snprintf(from_numbers, sizeof from_numbers, "%d.%d.%d", RQ_VERSION_MAJOR, RQ_VERSION_MINOR,
           RQ_VERSION_PATCH);
  CHECK_STR(rq_version(), RQ_VERSION);
  CHECK_STR(from_numbers, RQ_VERSION);
  CHECK_INT(rq_version_number(),
            RQ_VERSION_MAJOR << 16 | RQ_VERSION_MINOR << 8 | RQ_VERSION_PATCH);
}

/* Every code with the number it has for ever: a changed number breaks compiled programs. */
static void codes_have_their_numbers_and_names(void) {
  static const struct {
    rq_code code;
    int32_t number;
    const char *name;
  } codes[] = {
      {RQ_OK, 0, "RQ_OK"},
      {RQ_ERR_MISUSE, 1, "RQ_ERR_MISUSE"},
      {RQ_ERR_PANIC, 2, "RQ_ERR_PANIC"},
      {RQ_ERR_CALLBACK, 3, "RQ_ERR_CALLBACK"},
      {RQ_ERR_CANCELLED, 4, "RQ_ERR_CANCELLED"},
      {RQ_ERR_INVALID_ARGUMENT, 100, "RQ_ERR_INVALID_ARGUMENT"},
      {RQ_ERR_INVALID_URL, 101, "RQ_ERR_INVALID_URL"},
      {RQ_ERR_MISSING_SCHEMA, 102, "RQ_ERR_MISSING_SCHEMA"},
      {RQ_ERR_INVALID_SCHEMA, 103, "RQ_ERR_INVALID_SCHEMA"},
      {RQ_ERR_INVALID_HEADER, 104, "RQ_ERR_INVALID_HEADER"},
      {RQ_ERR_INVALID_METHOD, 105, "RQ_ERR_INVALID_METHOD"},
      {RQ_ERR_FILE, 106, "RQ_ERR_FILE"},
      {RQ_ERR_DNS, 200, "RQ_ERR_DNS"},
      {RQ_ERR_CONNECT, 201, "RQ_ERR_CONNECT"},
      {RQ_ERR_TLS, 202, "RQ_ERR_TLS"},
      {RQ_ERR_CONNECT_TIMEOUT, 210, "RQ_ERR_CONNECT_TIMEOUT"},
      {RQ_ERR_READ_TIMEOUT, 211, "RQ_ERR_READ_TIMEOUT"},
      {RQ_ERR_WRITE_TIMEOUT, 212, "RQ_ERR_WRITE_TIMEOUT"},
      {RQ_ERR_TOTAL_TIMEOUT, 213, "RQ_ERR_TOTAL_TIMEOUT"},
      {RQ_ERR_POOL_TIMEOUT, 214, "RQ_ERR_POOL_TIMEOUT"},
      {RQ_ERR_SEND, 300, "RQ_ERR_SEND"},
      {RQ_ERR_CLOSED, 301, "RQ_ERR_CLOSED"},
      {RQ_ERR_PROTOCOL, 302, "RQ_ERR_PROTOCOL"},
      {RQ_ERR_INCOMPLETE, 303, "RQ_ERR_INCOMPLETE"},
      {RQ_ERR_LIMIT, 304, "RQ_ERR_LIMIT"},
      {RQ_ERR_STATUS, 400, "RQ_ERR_STATUS"},
  };
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    CHECK_INT(codes[i].code, codes[i].number);
    CHECK_STR(rq_code_name(codes[i].number), codes[i].name);
  }
}

static void unknown_codes_have_a_name_too(void) {
  CHECK_STR(rq_code_name(-1), "RQ_ERR_UNKNOWN");
  CHECK_STR(rq_code_name(5), "RQ_ERR_UNKNOWN");
  CHECK_STR(rq_code_name(INT32_MAX), "RQ_ERR_UNKNOWN");
}

int main(void) {
  RUN(version_matches_the_header);
  RUN(codes_have_their_numbers_and_names);
  RUN(unknown_codes_have_a_name_too);
  DONE();
}
