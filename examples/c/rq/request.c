/* request.c: a `cli` into a session with all settings and a request with all content. What the
 * settings mean is librq's; here is only what the command line adds: URLs without a scheme, items
 * that become headers, parameters, fields, parts or JSON. */
#include "cli.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Pauses between retries begin here, and double up to the other. */
enum { BACKOFF_FIRST_MS = 500, BACKOFF_MAX_MS = 10000 };

/* What --connect-timeout leaves of librq's defaults where only the other is given, and vice
   versa: rq.h, TIMEOUTS. */
enum { CONNECT_DEFAULT_MS = 10000, READ_DEFAULT_MS = 60000 };

/* ---- settings ---- */

static void set_times(const cli *given, rq_opts *opts, rq_error **error) {
  if (given->connect_ms != UNSET || given->read_ms != UNSET) {
    rq_opts_timeout_ms(opts, given->connect_ms != UNSET ? given->connect_ms : CONNECT_DEFAULT_MS,
                       given->read_ms != UNSET ? given->read_ms : READ_DEFAULT_MS, error);
  }
  if (given->deadline_ms != UNSET) rq_opts_deadline_ms(opts, given->deadline_ms, error);
  if (given->retries != UNSET) {
    rq_opts_retries(opts, given->retries, error);
    rq_opts_retry_backoff_ms(opts, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, error);
  }
}

/* A HEAD is not followed unless --follow says so, as in Requests. */
static void set_redirects(const cli *given, rq_opts *opts, rq_error **error) {
  bool is_head = given->method && strcasecmp(given->method, "HEAD") == 0;
  if (given->no_follow || (is_head && !given->follow)) rq_opts_follow_redirects(opts, false, error);
  if (given->redirects_max != UNSET) rq_opts_redirects_max(opts, given->redirects_max, error);
}

/* NO_PROXY, and what stands in its place, counts for the environment's proxies: beside --noproxy
   the proxy is put there. Every key is set, since http_proxy would win over "all". */
static void set_proxy(const cli *given, rq_opts *opts, rq_error **error) {
  static const char *const keys[][2] = {
      {"http", "http_proxy"}, {"https", "https_proxy"}, {"all", "all_proxy"}};
  if (given->noproxy) rq_opts_no_proxy(opts, given->noproxy, error);
  for (size_t i = 0; given->proxy && i < sizeof keys / sizeof *keys; i++) {
    if (given->noproxy) {
      rq_opts_env(opts, keys[i][1], given->proxy, error);
    } else {
      rq_opts_proxy(opts, keys[i][0], given->proxy, error);
    }
  }
}

/* HOST:PORT:ADDRESS; an IPv6 host stands in brackets. */
static void set_resolve(rq_opts *opts, const char *word, rq_error **error) {
  const char *host_end = word[0] == '[' ? strchr(word, ']') : NULL;
  const char *colon = strchr(host_end ? host_end : word, ':');
  uint32_t port = 0;
  const char *digit = colon ? colon + 1 : "";
  for (; isdigit((unsigned char)*digit) && port <= 65535; digit++) {
    port = port * 10 + (uint32_t)(*digit - '0');
  }
  if (!colon || *digit != ':') {
    fail(error, RQ_ERR_INVALID_ARGUMENT, "--resolve needs HOST:PORT:ADDRESS, not \"%s\"", word);
    return;
  }
  rq_opts_resolve(opts, copy_text(word, (size_t)(colon - word)), port, digit + 1, error);
}

static void set_way(const cli *given, rq_opts *opts, rq_error **error) {
  if (given->no_env) rq_opts_trust_env(opts, false, error);
  set_proxy(given, opts, error);
  for (size_t i = 0; i < given->resolves.count; i++) {
    set_resolve(opts, given->resolves.at[i], error);
  }
  if (given->unix_socket) rq_opts_unix_socket(opts, given->unix_socket, error);
}

static void set_tls(const cli *given, rq_opts *opts, rq_error **error) {
  if (given->insecure) rq_opts_verify(opts, false, error);
  if (given->ca) rq_opts_ca_file(opts, given->ca, error);
  if (given->cert) rq_opts_cert(opts, given->cert, given->key, given->password, error);
  if (given->tls13) rq_opts_tls_min(opts, RQ_TLS_1_3, error);
  for (size_t i = 0; i < given->pins.count; i++) rq_opts_pin(opts, given->pins.at[i], error);
}

static void set_auth(const cli *given, rq_opts *opts, rq_error **error) {
  if (given->bearer) rq_opts_auth_bearer(opts, given->bearer, error);
  if (!given->user) return;
  size_t len = strcspn(given->user, ":");
  const char *user = copy_text(given->user, len);
  const char *password = given->user[len] ? given->user + len + 1 : ask_password(user, error);
  if (given->digest) {
    rq_opts_auth_digest(opts, user, password, error);
  } else {
    rq_opts_auth_basic(opts, user, password, error);
  }
}

/* A file that is not there yet is no cookies yet: it is made when they are saved. */
static void load_cookies(const cli *given, const rq_session *session, rq_error **error) {
  FILE *file = given->cookies ? fopen(given->cookies, "r") : NULL;
  if (!file) return;
  fclose(file);
  rq_cookies_load(rq_session_cookies(session), given->cookies, error);
}

rq_session *session_for(const cli *given, rq_error **error) {
  rq_session *session = rq_session_new(error);
  rq_opts *opts = rq_session_opts(session);
  set_times(given, opts, error);
  set_redirects(given, opts, error);
  set_way(given, opts, error);
  set_tls(given, opts, error);
  set_auth(given, opts, error);
  load_cookies(given, session, error);
  if (given->raw) rq_opts_decode(opts, false, error);
  if (given->trace) show_steps(opts, error);
  if (given->verbose) show_heads(opts, error);
  return session;
}

/* ---- content ---- */

/* localhost, [::1] or 127.x.y.z, and nothing longer: 127.example.org is someone else. */
static bool is_this_machine(const char *word) {
  size_t len = strcspn(word, word[0] == '[' ? "/?#" : ":/?#");
  size_t digits = strspn(word, "0123456789.");
  return (len == 9 && strncasecmp(word, "localhost", len) == 0) ||
         (strncmp(word, "127.", 4) == 0 && digits == len) ||
         (strncmp(word, "[::1]", 5) == 0 && (word[5] == ':' || len == 5));
}

/* Without a scheme: ":8080/x" is this machine's port, this machine is spoken to plainly, as is who
   sits behind a unix socket, everyone else by TLS. */
static const char *full_url(const cli *given) {
  const char *word = given->url, *before = "https://";
  size_t scheme = strcspn(word, ":/?#");
  if (scheme > 0 && strncmp(word + scheme, "://", 3) == 0) return word;
  if (is_this_machine(word)) before = "http://";
  if (given->unix_socket) before = word[0] == '/' ? "http://localhost" : "http://";
  if (word[0] == ':') {
    before = "http://localhost";
    if (!isdigit((unsigned char)word[1])) word++;
  }
  size_t len = strlen(before) + strlen(word);
  char *url = allocate(len + 1);
  snprintf(url, len + 1, "%s%s", before, word);
  return url;
}

/* "Name: value" sends it, "Name:" takes a default away, "Name;" sends an empty one, as in curl. */
static item header_of(const char *word, rq_error **error) {
  size_t len = strcspn(word, ":;");
  item made = {.kind = ITEM_HEADER, .name = copy_text(word, len)};
  if (word[len] == ';' && word[len + 1] == '\0') {
    made.value = copy_text("", 0);
  } else if (word[len] != ':') {
    fail(error, RQ_ERR_INVALID_HEADER, "--header needs \"Name: value\"");
  } else {
    const char *value = word + len + 1 + strspn(word + len + 1, " \t");
    if (*value) made.value = copy_text(value, strlen(value));
  }
  return made;
}

/* The first of a name replaces the session's default, further ones stand beside it. */
static void add_header(const item *all, size_t at, rq_opts *opts, rq_error **error) {
  for (size_t i = 0; i < at; i++) {
    if (all[i].kind == ITEM_HEADER && strcasecmp(all[i].name, all[at].name) == 0) {
      rq_opts_header_add(opts, all[at].name, all[at].value ? all[at].value : "", error);
      return;
    }
  }
  rq_opts_header(opts, all[at].name, all[at].value, error);
}

/* The value of a file item is the file's text, and it becomes a plain item, except under
   --multipart, where curl's users mean an upload by `name=@path`. */
static item read_item(const cli *given, const char *word, rq_error **error) {
  item made = item_parse(word, error);
  if (*error) return made;
  if (made.kind == ITEM_HEADER) return header_of(word, error);
  if (made.kind == ITEM_TEXT_FILE && given->multipart) made.kind = ITEM_UPLOAD;
  if (made.kind == ITEM_TEXT_FILE || made.kind == ITEM_JSON_FILE) {
    made.value = file_text(made.value, error);
    made.kind = made.kind == ITEM_JSON_FILE ? ITEM_JSON : ITEM_TEXT;
  }
  return made;
}

/* path[;type=TYPE][;filename=NAME] */
static void add_upload(rq_request *request, const item *this, rq_error **error) {
  rq_part *part = rq_request_part(request, this->name, error);
  char *path = this->value, *type = NULL, *filename = NULL;
  for (char *at = strrchr(path, ';'); at; at = strrchr(path, ';')) {
    if (strncmp(at, ";type=", 6) == 0 && !type) {
      type = at + 6;
    } else if (strncmp(at, ";filename=", 10) == 0 && !filename) {
      filename = at + 10;
    } else {
      break; /* a part of the path */
    }
    *at = '\0';
  }
  rq_part_file(part, path, error);
  if (type) rq_part_type(part, type, error);
  if (filename) rq_part_filename(part, filename, error);
}

/* Form fields; in a multipart body every item is a part, in the order of the command line. */
static void add_fields(rq_request *request, const item *all, size_t count, bool parts,
                       rq_error **error) {
  for (size_t i = 0; i < count; i++) {
    const item *this = &all[i];
    if (this->kind == ITEM_JSON) {
      fail(error, RQ_ERR_INVALID_ARGUMENT, "a form has no JSON: write %s=text", this->name);
    } else if (this->kind == ITEM_UPLOAD) {
      add_upload(request, this, error);
    } else if (this->kind == ITEM_TEXT && parts) {
      rq_part_bytes(rq_request_part(request, this->name, error), this->value, strlen(this->value),
                    error);
    } else if (this->kind == ITEM_TEXT) {
      rq_request_field(request, this->name, this->value, error);
    }
  }
}

/* --data, with the type that --json or --form tells. */
static void add_data(rq_request *request, const cli *given, rq_error **error) {
  rq_opts *opts = rq_request_opts(request);
  if (given->json) rq_opts_header(opts, "Content-Type", "application/json", error);
  if (given->form) {
    rq_opts_header(opts, "Content-Type", "application/x-www-form-urlencoded", error);
  }
  if (strcmp(given->data, "@-") == 0) {
    rq_request_body_fd(request, 0, error);
  } else if (given->data[0] == '@') {
    rq_request_body_file(request, given->data + 1, error);
  } else {
    rq_request_body(request, given->data, strlen(given->data), error);
  }
}

static void add_content(rq_request *request, const cli *given, const item *all, size_t count,
                        rq_error **error) {
  bool has_content = false, has_upload = false;
  for (size_t i = 0; i < count; i++) {
    has_content = has_content || item_is_content(&all[i]);
    has_upload = has_upload || all[i].kind == ITEM_UPLOAD;
  }
  if (given->data && has_content) {
    fail(error, RQ_ERR_INVALID_ARGUMENT, "--data is the whole body: no item can be beside it");
  } else if (has_upload && given->json) {
    fail(error, RQ_ERR_INVALID_ARGUMENT, "JSON has no files: leave --json off, or use name=@file");
  } else if (given->data) {
    add_data(request, given, error);
  } else if (given->multipart || has_upload || given->form) {
    add_fields(request, all, count, given->multipart || has_upload, error);
  } else if (has_content) {
    const char *json = json_of(all, count, error);
    rq_request_json(request, json, strlen(json), error);
  }
}

static const char *method_for(const cli *given, const item *all, size_t count) {
  bool sends = given->data != NULL;
  for (size_t i = 0; i < count; i++) sends = sends || item_is_content(&all[i]);
  return given->method ? given->method : sends ? "POST" : "GET";
}

rq_request *request_for(const cli *given, rq_error **error) {
  size_t count = given->headers.count + given->items.count;
  item *all = allocate((count + 1) * sizeof *all);
  for (size_t i = 0; i < count && !*error; i++) {
    size_t behind = i - given->headers.count;
    all[i] = i < given->headers.count ? header_of(given->headers.at[i], error)
                                      : read_item(given, given->items.at[behind], error);
  }
  if (*error) return NULL;
  rq_request *request = rq_request_new(method_for(given, all, count), full_url(given), error);
  rq_opts *opts = rq_request_opts(request);
  add_content(request, given, all, count, error);
  for (size_t i = 0; i < count; i++) {
    if (all[i].kind == ITEM_HEADER) add_header(all, i, opts, error);
    if (all[i].kind == ITEM_QUERY) rq_opts_param_add(opts, all[i].name, all[i].value, error);
  }
  return request;
}
