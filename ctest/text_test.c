/* Bodies as text: whole, in pieces and in lines; which encoding it is in; JSON of any Unicode
 * encoding; and the links of a head (behaviours D7 to D11, E1 to E3, V5). */
#include "peer.h"

static rq_session *session;

/* One reply and its response, until `done`. */
static peer there;
static peer_reply script[1];

static rq_response *fetch(peer_reply reply) {
  rq_error *e = NULL;
  script[0] = reply;
  PEER_SCRIPT(&there, script);
  rq_response *response = rq_get(session, there.url, &e);
  CHECK_CODE(e, RQ_OK);
  return response;
}

static void done(rq_response *response) {
  rq_response_free(response);
  peer_stop(&there);
}

static void check_text(peer_reply reply, const char *encoding, const char *want) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = fetch(reply);
  CHECK_STR(rq_response_encoding(response), encoding);
  const char *text = rq_body_text(response, &len, &e);
  CHECK_STR(text, want);
  CHECK_INT(len, (long long)strlen(want));
  CHECK(text == rq_body_text(response, &len, &e)); /* kept */
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void text_is_what_is_declared(void) {
  check_text((peer_reply)OK_WITH("Content-Type: text/plain; charset=windows-1252\r\n", "\x80 9"),
             "windows-1252", "\xe2\x82\xac 9");
  check_text((peer_reply)OK_WITH("Content-Type: text/plain\r\n", "caf\xe9"), "ISO-8859-1",
             "caf\xc3\xa9");
  check_text((peer_reply)OK_WITH("Content-Type: application/json\r\n", "\"\xc3\xa9\""), "utf-8",
             "\"\xc3\xa9\"");
  check_text((peer_reply)OK_WITH("", "\xc3\xa9\xe2\x82\xac"), NULL, "\xc3\xa9\xe2\x82\xac");
  check_text((peer_reply)OK_WITH("Content-Type: x; charset=utf-8\r\n", "a\xff z"), "utf-8",
             "a\xef\xbf\xbd z");
  check_text((peer_reply)OK_WITH("", ""), NULL, "");
}

static void an_encoding_of_ones_own_wins(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response =
      fetch((peer_reply)OK_WITH("Content-Type: text/plain\r\n", "\xd0\xbf\xd1\x80"));
  CHECK_STR(rq_body_text(response, &len, &e), "\xc3\x90\xc2\xbf\xc3\x91\xc2\x80");
  rq_response_set_encoding(response, "utf-8", &e);
  CHECK_STR(rq_response_encoding(response), "utf-8");
  CHECK_STR(rq_body_text(response, &len, &e), "\xd0\xbf\xd1\x80");
  CHECK_CODE(e, RQ_OK);
  rq_response_set_encoding(response, "no-such-charset", &e);
  CHECK(t_has(rq_error_message(e), "no-such-charset"));
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  CHECK_STR(rq_response_encoding(response), "utf-8"); /* it stays */
  CHECK_STR(rq_body_text(response, &len, &e), "\xd0\xbf\xd1\x80");
  rq_response_set_encoding(response, NULL, &e);
  CHECK_STR(rq_response_encoding(response), "ISO-8859-1");
  CHECK_STR(rq_response_apparent_encoding(response, &e), "utf-8");
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void pieces_of_text_are_whole_characters(void) {
  static const char want[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  char buf[16], all[64];
  for (size_t cap = 4; cap <= sizeof buf; cap++) {
    size_t at = 0;
    int64_t got;
    rq_error *e = NULL;
    rq_response *response = fetch((peer_reply)OK_WITH(
        "Content-Type: text/plain; charset=utf-8\r\n", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"));
    while ((got = rq_body_read_text(response, buf, cap, &e)) > 0) {
      CHECK((buf[0] & 0xc0) != 0x80 && (size_t)got <= cap);
      memcpy(all + at, buf, (size_t)got);
      at += (size_t)got;
    }
    all[at] = '\0';
    CHECK_STR(all, want);
    CHECK_CODE(e, RQ_OK);
    done(response);
  }
}

/* The lines of a body, each followed by a '|'. */
static void check_lines(peer_reply reply, bool as_text, const char *delimiter, const char *want) {
  char all[256] = "";
  size_t len = 0, at = 0;
  const char *line;
  rq_error *e = NULL;
  rq_response *response = fetch(reply);
  if (delimiter) rq_body_line_delimiter(response, delimiter, strlen(delimiter), &e);
  while ((line = as_text ? rq_body_text_line(response, &len, &e)
                         : rq_body_line(response, &len, &e))) {
    CHECK_INT(len, (long long)strlen(line));
    at += (size_t)snprintf(all + at, sizeof all - at, "%s|", line);
  }
  CHECK_INT(len, 0);
  CHECK_STR(all, want);
  CHECK_CODE(e, RQ_OK);
  CHECK((as_text ? rq_body_text_line(response, &len, &e) : rq_body_line(response, &len, &e)) ==
        NULL); /* the end stays the end */
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void lines_end_as_they_do_everywhere(void) {
  check_lines((peer_reply)OK_WITH("", "one\ntwo\r\nthree\rfour"), false, NULL,
              "one|two|three|four|");
  check_lines((peer_reply)OK_WITH("", "\n\na\n"), false, NULL, "||a|");
  check_lines((peer_reply)OK_WITH("", ""), false, NULL, "");
  check_lines((peer_reply)OK_WITH("", "a\vb\xe9\n"), false, NULL, "a\vb\xe9|");
}

static void lines_of_text_are_utf8(void) {
  check_lines((peer_reply)OK_WITH("Content-Type: text/plain\r\n", "caf\xe9\n\x80"), true, NULL,
              "caf\xc3\xa9|\xc2\x80|");
  check_lines((peer_reply)OK_WITH("Content-Type: text/plain; charset=utf-8\r\n",
                                  "a\vb\xe2\x80\xa8" "c"), true, NULL, "a|b|c|");
}

static void lines_may_have_a_delimiter_of_their_own(void) {
  check_lines((peer_reply)OK_WITH("", "a, b,\nc, "), false, ", ", "a|b,\nc|");
  check_lines((peer_reply)OK_WITH("", "a,,b,"), false, ",", "a||b|");
  check_lines((peer_reply)OK_WITH("", "a\nb"), false, "", "a|b|"); /* none: the usual ends */
  check_lines((peer_reply)OK_WITH("Content-Type: text/plain\r\n", "a\xa7" "b\xa7"), true,
              "\xc2\xa7", "a|b|");
}

/* A delimiter of 10,000 bytes is cut by every piece that the server sends. */
static void lines_do_not_depend_on_how_they_come(void) {
  size_t len = 0, lines = 0, bytes = 0;
  char delimiter[] = {(char)250, 0, 1};
  rq_error *e = NULL;
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/chunked/251000"), &e);
  rq_body_line_delimiter(response, delimiter, 3, &e); /* where the pattern begins again */
  while (rq_body_line(response, &len, &e)) {
    lines++;
    bytes += len;
  }
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(lines, 1000);
  CHECK_INT(bytes, 251000 - 3 * 999);
  rq_response_free(response);
}

static void one_way_of_reading_is_kept_to(void) {
  char some[8];
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = fetch((peer_reply)OK_WITH("", "one\ntwo\n"));
  CHECK_STR(rq_body_line(response, &len, &e), "one");
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(rq_body_read(response, some, sizeof some, &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_body_bytes(response, &len, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(rq_body_read_text(response, some, sizeof some, &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_body_line_delimiter(response, ",", 1, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_STR(rq_body_line(response, &len, &e), "two"); /* and nothing is lost by it */
  CHECK(rq_body_line(response, &len, &e) == NULL);
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void what_was_read_whole_is_read_again_in_every_way(void) {
  char some[16] = "";
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = fetch((peer_reply)OK_WITH("", "[1]\n[2]\n"));
  const void *whole = rq_body_bytes(response, &len, &e);
  CHECK(whole == rq_body_bytes(response, &len, &e) && len == 8);
  CHECK_STR(rq_body_text(response, &len, &e), "[1]\n[2]\n");
  CHECK_STR(rq_body_line(response, &len, &e), "[1]");
  CHECK_STR(rq_body_line(response, &len, &e), "[2]");
  CHECK_STR(rq_body_bytes(response, &len, &e), "[1]\n[2]\n");
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(rq_body_read_raw(response, some, sizeof some, &e), -1);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  done(response);
}

static void check_json(peer_reply reply) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = fetch(reply);
  const char *json = rq_body_json(response, &len, &e);
  CHECK_STR(json, "\"\xc3\xa9\"");
  CHECK_INT(len, 4);
  CHECK(json == rq_body_json(response, &len, &e));
  CHECK_CODE(e, RQ_OK);
  done(response);
}

#define JSON_TYPE "Content-Type: application/json\r\n"

static void json_is_utf8_whatever_it_came_in(void) {
  check_json((peer_reply)OK_WITH(JSON_TYPE, "\"\xc3\xa9\""));
  check_json((peer_reply)OK_WITH(JSON_TYPE, "\xef\xbb\xbf\"\xc3\xa9\""));
  check_json((peer_reply)OK_WITH(JSON_TYPE, "\"\0\xe9\0\"\0"));
  check_json((peer_reply)OK_WITH(JSON_TYPE, "\xfe\xff\0\"\0\xe9\0\""));
  check_json((peer_reply)OK_WITH(JSON_TYPE, "\"\0\0\0\xe9\0\0\0\"\0\0\0"));
  check_json((peer_reply)OK_WITH("Content-Type: text/plain\r\n", "\0\0\0\"\0\0\0\xe9\0\0\0\""));
}

static void json_that_is_no_text_is_an_error(void) {
  size_t len = 7;
  rq_error *e = NULL;
  rq_response *response = fetch((peer_reply)OK_WITH(JSON_TYPE, "\"\xff\""));
  CHECK(rq_body_json(response, &len, &e) == NULL);
  CHECK_INT(len, 0);
  CHECK_STR(rq_error_exception(e), "InvalidJSONError");
  CHECK_CODE(e, RQ_ERR_INVALID_JSON);
  CHECK_STR(rq_body_bytes(response, &len, &e), "\"\xff\""); /* the bytes are there */
  CHECK_CODE(e, RQ_OK);
  done(response);
}

static void links_are_told_by_relation_and_in_order(void) {
  const char *key = NULL, *url = NULL, *name = NULL, *value = NULL;
  rq_response *response = fetch((peer_reply)OK_WITH(
      "Link: </page/2>; rel=\"next\"; title=\"a, b; c\", <http://site.test/x>\r\n"
      "Link: </page/9>; rel=last\r\n", ""));
  CHECK_STR(rq_response_link(response, "next"), "/page/2");
  CHECK_STR(rq_response_link(response, "last"), "/page/9");
  CHECK(rq_response_link(response, "next") == rq_response_link(response, "next"));
  CHECK_STR(rq_response_link(response, "prev"), NULL);
  CHECK(rq_response_link_at(response, 1, &key, &url));
  CHECK_STR(key, "http://site.test/x");
  CHECK_STR(url, "http://site.test/x");
  CHECK(rq_response_link_at(response, 2, &key, NULL));
  CHECK(!rq_response_link_at(response, 3, &key, &url));
  CHECK_STR(key, "last");
  CHECK(rq_response_link_param_at(response, 0, 1, &name, &value));
  CHECK_STR(name, "title");
  CHECK_STR(value, "a, b; c");
  CHECK(rq_response_link_param_at(response, 0, 0, &name, &value));
  CHECK_STR(name, "rel");
  CHECK(!rq_response_link_param_at(response, 0, 2, &name, &value));
  CHECK(!rq_response_link_param_at(response, 1, 0, &name, &value));
  CHECK(!rq_response_link_param_at(response, SIZE_MAX, SIZE_MAX, &name, &value));
  CHECK_STR(name, "rel"); /* past the end nothing is written */
  done(response);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(text_is_what_is_declared);
  RUN(an_encoding_of_ones_own_wins);
  RUN(pieces_of_text_are_whole_characters);
  RUN(lines_end_as_they_do_everywhere);
  RUN(lines_of_text_are_utf8);
  RUN(lines_may_have_a_delimiter_of_their_own);
  RUN(lines_do_not_depend_on_how_they_come);
  RUN(one_way_of_reading_is_kept_to);
  RUN(what_was_read_whole_is_read_again_in_every_way);
  RUN(json_is_utf8_whatever_it_came_in);
  RUN(json_that_is_no_text_is_an_error);
  RUN(links_are_told_by_relation_and_in_order);
  rq_session_free(session);
  DONE();
}
