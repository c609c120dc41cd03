/* The answers to prepare, send and jar: what rq.h tells of a request, a response, a jar. */
#include "agent.h"

static void put_header(const char *name, const char *value) {
  put_word("header");
  put_text(name);
  put_text(value);
  put_end_of_line();
}

static void put_flag(const char *word, bool on) {
  put_word(word);
  put_number(on);
  put_end_of_line();
}

static void put_content(const char *word, const void *data, size_t len) {
  put_word(word);
  put_bytes(data, len);
  put_end_of_line();
}

void put_prepared(const rq_prepared *prepared) {
  const char *name, *value;
  size_t len;
  put_line("method", rq_prepared_method(prepared));
  put_line("url", rq_prepared_url(prepared));
  for (size_t i = 0; rq_prepared_header_at(prepared, i, &name, &value); i++) {
    put_header(name, value);
  }
  const void *body = rq_prepared_body(prepared, &len);
  int64_t length = rq_prepared_body_length(prepared);
  if (body) {
    put_content("body", body, len);
  } else if (length == 0) {
    put_line("body", NULL);
  } else {
    put_word("stream");
    put_number(length);
    put_end_of_line();
  }
}

static void put_history(const rq_response *response) {
  for (size_t i = 0; i < rq_response_history_count(response); i++) {
    const rq_response *hop = rq_response_history_at(response, i);
    put_word("history");
    put_number(rq_response_status(hop));
    put_text(rq_response_url(hop));
    put_end_of_line();
  }
}

static void put_links(const rq_response *response) {
  const char *key, *url, *name, *value;
  for (size_t i = 0; rq_response_link_at(response, i, &key, &url); i++) {
    put_word("link");
    put_text(key);
    put_text(url);
    put_end_of_line();
    for (size_t j = 0; rq_response_link_param_at(response, i, j, &name, &value); j++) {
      put_word("link_param");
      put_text(key);
      put_text(name);
      put_text(value);
      put_end_of_line();
    }
  }
}

void put_response(rq_response *response, rq_error **error) {
  const char *name, *value;
  size_t content_len, text_len;
  const void *content = rq_body_bytes(response, &content_len, error);
  const char *text = rq_body_text(response, &text_len, error);
  if (*error) return;
  put_word("status");
  put_number(rq_response_status(response));
  put_end_of_line();
  put_line("reason", rq_response_reason(response));
  put_line("url", rq_response_url(response));
  for (size_t i = 0; rq_response_header_at(response, i, &name, &value); i++) {
    put_header(name, value);
  }
  put_history(response);
  put_flag("ok", rq_response_ok(response));
  put_flag("is_redirect", rq_response_is_redirect(response));
  put_flag("is_permanent_redirect", rq_response_is_permanent_redirect(response));
  put_line("encoding", rq_response_encoding(response));
  put_links(response);
  put_cookies(rq_response_cookies(response), error);
  put_content("content", content, content_len);
  put_content("text", text, text_len);
}

void put_cookies(rq_cookies *jar, rq_error **error) {
  rq_cookie_list *list = rq_cookies_list(jar, error);
  const char *name, *value, *domain, *path;
  for (size_t i = 0; rq_cookie_list_at(list, i, &name, &value, &domain, &path); i++) {
    put_word("cookie");
    put_text(name);
    put_text(value);
    put_text(domain);
    put_text(path);
    put_number(rq_cookie_list_secure(list, i));
    put_end_of_line();
  }
  rq_cookie_list_free(list);
}
