/*
 * rq.h: librq, HTTP for humans in every language that can call C.
 *
 * This file is made from the Rust sources in bindings/c/src and is the reference of the C API.
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * A COMPLETE PROGRAM
 *
 * A session keeps settings, cookies and connections; a request needs no more than a URL. The rest
 * of this introduction is one section a topic, each with a program that compiles and runs.
 *
 *     // Fetches a page and prints it as it comes.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts_header(rq_session_opts(s), "X-Trace", "1", &e);
 *       rq_opts_timeout_ms(rq_session_opts(s), 3050, 27000, &e);
 *
 *       rq_response *r = rq_get(s, "https://example.org/json", &e);
 *       char buf[65536];
 *       int64_t n;
 *       while ((n = rq_body_read(r, buf, sizeof buf, &e)) > 0)
 *         fwrite(buf, 1, (size_t)n, stdout);
 *
 *       if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * ERRORS
 *
 * The last parameter of every call that can fail is `rq_error **error`. Start with `rq_error *e =
 * NULL;` and pass &e to as many calls as you like: A CALL MADE WITH *error ALREADY SET DOES
 * NOTHING and returns NULL, -1 or false. So check once, at the end. An error tells a code
 * (rq_code: few, stable numbers), a message (what was wrong, where, what to do; never a
 * credential), the phase, the URL, the system's errno and the exception that Python Requests would
 * raise. error itself may be NULL: then only the return value tells. A status such as 404 is no
 * error until rq_response_raise is called. After any error every handle stays usable and can be
 * freed. NULL handles, NULL or non-UTF-8 text, and lengths that cannot be are errors, not crashes.
 *
 *     // Tells apart what can go wrong, with one look at the end.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_response *r = rq_get(s, "https://example.org/status/404", &e);
 *       rq_response_raise(r, &e);
 *
 *       switch (rq_error_code(e)) {
 *         case RQ_OK:
 *           puts("there it is");
 *           break;
 *         case RQ_ERR_STATUS:
 *           printf("the server says %d\n", (int)rq_error_status(e));
 *           break;
 *         case RQ_ERR_TLS:
 *           printf("not to be trusted: %s\n", rq_error_reason(e));
 *           break;
 *         default:
 *           printf("%s in step \"%s\": %s\n", rq_code_name(rq_error_code(e)), rq_error_phase(e),
 *                  rq_error_message(e));
 *       }
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return 0;
 *     }
 *
 * OWNERSHIP
 *
 * What a function called rq_..._new, rq_..._begin, rq_prepare, rq_send, rq_send_with, rq_perform,
 * rq_get, rq_post_json, rq_pending_finish, rq_response_next or rq_cookies_list returns is yours:
 * free it with the rq_..._free of its type, or let rq_sugar.h do so at the end of a scope. Frees
 * take NULL, in any order: a response outlives its session. All other pointers are lent by the
 * handle they came from, until it is freed or changed. Bytes and text passed in are copied. Text is
 * UTF-8 and NUL-terminated both ways; header values and reasons are handed out as the bytes
 * received. Where a length or another result is written through a pointer, that pointer may be
 * NULL.
 *
 *     // Hands a response out of a function; everything else frees itself.
 *     #include <rq_sugar.h>
 *     #include <stdio.h>
 *
 *     static rq_response *find(const char *url, rq_error **error) {
 *       rq_auto(session) s = rq_session_new(error);
 *       rq_auto(response) r = rq_get(s, url, error);
 *       rq_response_raise(r, error);
 *       return rq_keep(response, r);
 *     }
 *
 *     int main(void) {
 *       rq_auto(error) e = NULL;
 *       rq_auto(response) r = find("https://example.org/json", &e);
 *       size_t len = 0;
 *       const char *json = rq_body_json(r, &len, &e);
 *       if (json) printf("%zu bytes, lent by the response: %s\n", len, json);
 *       if (e) fprintf(stderr, "%s\n", rq_error_message(e));
 *       return e != NULL;
 *     }
 *
 * WHAT A REQUEST SENDS
 *
 * Settings merge: a request's rq_opts win over its session's, NULL removes, and nothing of a
 * request stays in its session. One content is sent: parts, else a body (bytes, a file, a
 * callback), else fields, else JSON. Credentials come from the request, else the session, else an
 * Authorization header, else a netrc file, else the URL. rq_get, rq_post_json and rq_download are
 * for requests that need no settings of their own.
 *
 *     // Sends a form with a file, a parameter and credentials.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts_header(rq_session_opts(s), "Accept", "text/plain", &e);
 *
 *       rq_request *q = rq_request_new("POST", "https://example.org/echo", &e);
 *       rq_opts_param(rq_request_opts(q), "page", "2", &e);
 *       rq_opts_auth_basic(rq_request_opts(q), "ann", "secret", &e);
 *       rq_request_field(q, "title", "Report", &e);
 *       rq_part *table = rq_request_part(q, "table", &e);
 *       rq_part_bytes(table, "a,b\n1,2\n", 8, &e);
 *       rq_part_filename(table, "report.csv", &e);
 *       rq_part_type(table, "text/csv", &e);
 *
 *       rq_response *r = rq_perform(s, q, NULL, &e);
 *       const char *text = rq_body_text(r, NULL, &e);
 *       puts(text ? text : rq_error_message(e));
 *
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_request_free(q);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * PREPARED REQUESTS
 *
 * rq_prepare merges a request with its session into an rq_prepared, which is what will be sent,
 * byte for byte: to be read, signed, changed, shown as a curl command, and sent by rq_send any
 * number of times, or by rq_send_with under other settings.
 *
 *     // Signs the body that will be sent, shows the request and sends it.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_request *q = rq_request_new("PUT", "https://example.org/echo", &e);
 *       rq_request_json(q, "{\"a\": 1}", 8, &e);
 *
 *       rq_prepared *p = rq_prepare(s, q, &e);
 *       size_t len = 0;
 *       const unsigned char *body = rq_prepared_body(p, &len);
 *       unsigned sum = 0;
 *       for (size_t i = 0; i < len; i++) sum += body[i];
 *       char signature[16];
 *       snprintf(signature, sizeof signature, "%04x", sum);
 *       rq_prepared_set_header(p, "X-Signature", signature, &e);
 *
 *       const char *curl = rq_prepared_curl(p, false, &e);
 *       if (curl) puts(curl);
 *       rq_response *r = rq_send(s, p, NULL, &e);
 *       const char *text = rq_body_text(r, NULL, &e);
 *       puts(text ? text : rq_error_message(e));
 *
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_prepared_free(p);
 *       rq_request_free(q);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * RESPONSES
 *
 * A response is there once its head is: status, reason, headers in order and spelling as received,
 * the request as it was sent, cookies, links, certificates, how long it took. The body comes when
 * it is read.
 *
 *     // Posts JSON and tells everything that the head of the response says.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_response *r = rq_post_json(s, "https://example.org/upload", "{\"a\": 1}", &e);
 *
 *       if (r) {
 *         const char *name, *value, *type = rq_response_header(r, "content-type");
 *         printf("HTTP/%.1f ", rq_response_http_version(r) / 10.0);
 *         printf("%d %s from %s\n", (int)rq_response_status(r), rq_response_reason(r),
 *                rq_response_url(r));
 *         printf("%s, after %.0f ms\n", type ? type : "no type", rq_response_elapsed_ms(r));
 *         for (size_t i = 0; rq_response_header_at(r, i, &name, &value); i++)
 *           printf("%s: %s\n", name, value);
 *         for (size_t i = 0; rq_prepared_header_at(rq_response_request(r), i, &name, &value); i++)
 *           printf("was sent: %s: %s\n", name, value);
 *       }
 *       if (e) fprintf(stderr, "%s\n", rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * REDIRECTS
 *
 * They are followed, up to 30, for every method; rq_opts_follow_redirects turns that off, for a
 * HEAD for instance. 303 and 302, and 301 after POST, lead to a GET without a body (after HEAD, a
 * HEAD); 301, 307 and 308 otherwise send the body again, or fail with RQ_ERR_BODY if it cannot be.
 * Credentials, cookies of the request and headers named by rq_opts_sensitive_header stay with their
 * origin (http to https on the default ports is no other), and do not come back.
 * rq_response_history_at has each response on the way, and rq_response_request what was sent for
 * it.
 *
 *     // Follows redirects and shows the way; then takes one step by hand.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts_redirects_max(rq_session_opts(s), 5, &e);
 *       rq_response *r = rq_get(s, "https://example.org/redirect/2", &e);
 *       for (size_t i = 0; i < rq_response_history_count(r); i++) {
 *         const rq_response *hop = rq_response_history_at(r, i);
 *         printf("%d %s\n", (int)rq_response_status(hop), rq_response_url(hop));
 *       }
 *       if (r) printf("%d %s\n", (int)rq_response_status(r), rq_response_url(r));
 *       rq_response_free(r);
 *
 *       rq_opts_follow_redirects(rq_session_opts(s), false, &e);
 *       r = rq_get(s, "https://example.org/redirect/2", &e);
 *       rq_prepared *next = rq_response_next(r, &e);
 *       if (next) printf("leads to %s\n", rq_prepared_url(next));
 *
 *       if (e) fprintf(stderr, "%s\n", rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_prepared_free(next);
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * COOKIES
 *
 * A session keeps the cookies that servers set, and sends them as RFC 6265bis has it; the jar is
 * rq_session_cookies, for reading, setting, clearing, and files in Netscape's format.
 * rq_opts_cookie is for one request, rq_opts_jar(opts, false, &e) for none. rq_cookies_list copies
 * what there is at one moment.
 *
 *     // Sets a cookie, is given others, lists them all and keeps them in a file.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_cookies *jar = rq_session_cookies(s);
 *       rq_cookies_set(jar, "theme", "dark", "example.org", NULL, false, &e);
 *       rq_response_free(rq_get(s, "https://example.org/headers", &e));
 *
 *       rq_cookie_list *list = rq_cookies_list(jar, &e);
 *       const char *name, *value, *domain;
 *       for (size_t i = 0; rq_cookie_list_at(list, i, &name, &value, &domain, NULL); i++)
 *         printf("%s=%s, %s\n", name, value, domain);
 *       rq_cookies_save(jar, "cookies.txt", &e);
 *
 *       if (e) fprintf(stderr, "%s\n", rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_cookie_list_free(list);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * TLS
 *
 * Certificates are verified, against the system's, those that the environment names
 * (rq_opts_trust_env), or your own (rq_opts_ca_file). rq_opts_cert shows a certificate of yours;
 * rq_opts_pin demands a public key, rq_opts_server_name another name than the URL's,
 * rq_opts_tls_min a version. Connections that differ in any of these are never mixed.
 * rq_response_certificate has what a server showed, rq_error_reason why that was refused.
 *
 *     // Trusts one CA and one key, shows a certificate of its own.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts *opts = rq_session_opts(s);
 *       rq_opts_ca_file(opts, "ca.pem", &e);
 *       rq_opts_cert(opts, "client.pem", "client.key", NULL, &e);
 *       rq_opts_pin(opts, "sha256//3QRT5sYyAF0cY2YLCy3J7kOCTzXWLmPqVDZt0bCkYbM=", &e);
 *       rq_opts_tls_min(opts, RQ_TLS_1_3, &e);
 *
 *       rq_response *r = rq_get(s, "https://example.org/json", &e);
 *       const rq_certificate *shown = rq_response_certificate(r, 0);
 *       if (shown) printf("signed by %s\n", rq_certificate_issuer(shown));
 *
 *       if (e) fprintf(stderr, "%s: %s\n", rq_error_reason(e), rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * PROXIES AND SOCKETS
 *
 * A proxy comes from rq_opts_proxy, else from the environment: http, https, or SOCKS 4 or 5. https
 * URLs go through a tunnel of it; what it answers in place of one is an error that holds the
 * answer (rq_error_answer_body and its like). An https proxy is trusted as the server is, until
 * rq_opts_proxy_verify or rq_opts_proxy_ca_file says otherwise, and never sees what is for servers:
 * certificate, name, pins. rq_opts_unix_socket and http+unix://%2Frun%2Fx.sock/path lead through a
 * unix domain socket, and through no proxy.
 *
 *     // Shows which proxy a request would take. Sends nothing.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts *opts = rq_session_opts(s);
 *       rq_opts_proxy(opts, "http", "http://ann:secret@proxy.example.net:3128", &e);
 *       rq_opts_proxy(opts, "https", "socks5h://proxy.example.net:1080", &e);
 *       rq_opts_proxy(opts, "https://example.com", NULL, &e);
 *
 *       const char *urls[] = {"http://example.net/", "https://example.net/",
 *                             "https://example.com/"};
 *       for (int i = 0; i < 3; i++) {
 *         rq_request *q = rq_request_new("GET", urls[i], &e);
 *         rq_prepared *p = rq_prepare(s, q, &e);
 *         const char *proxy = rq_prepared_proxy(p, s, &e);
 *         printf("%s: %s\n", urls[i], proxy ? proxy : "direct");
 *         rq_prepared_free(p);
 *         rq_request_free(q);
 *       }
 *       if (e) fprintf(stderr, "%s\n", rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * ADAPTERS
 *
 * rq_session_mount puts a function of yours in the place of the servers behind a URL prefix: a
 * mock, a recorder, another transport. It reads an rq_prepared and fills in an rq_reply, both lent
 * for the call; what comes of it is read, decoded, kept in the jar, followed, retried and shown to
 * hooks as any other response. It may send requests itself.
 *
 *     // Answers requests to mock:// from memory, and counts them.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     static void answer(void *context, const rq_prepared *request, rq_reply *reply,
 *                        rq_error **error) {
 *       char text[64];
 *       int len = snprintf(text, sizeof text, "call %d: %s", ++*(int *)context,
 *                          rq_prepared_method(request));
 *       rq_reply_status(reply, 202, error);
 *       rq_reply_header(reply, "Content-Type", "text/plain", error);
 *       rq_reply_body(reply, text, (size_t)len, error);
 *     }
 *
 *     int main(void) {
 *       int calls = 0;
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_session_mount(s, "mock://", answer, &calls, NULL, &e);
 *
 *       rq_response *r = rq_post_json(s, "mock://jobs/", "[]", &e);
 *       const char *text = rq_body_text(r, NULL, &e);
 *       printf("%d %s\n", (int)rq_response_status(r), text ? text : rq_error_message(e));
 *
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * HOOKS
 *
 * rq_opts_on_request, on_response, on_trace and on_download add functions that see every hop. All
 * of the session's run, then all of the request's, in the order in which they were added. A hook
 * that sets its error ends the call with that error, and none runs after it. Retries are within a
 * hop: hooks see what came of them.
 *
 *     // Signs each request, tells each response and each step.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     static void sign(void *key, rq_prepared *prepared, rq_error **error) {
 *       rq_prepared_set_header(prepared, "X-Key", key, error);
 *     }
 *
 *     static rq_response *look(void *context, rq_response *response, rq_error **error) {
 *       (void)context, (void)error;
 *       printf("%d %s\n", (int)rq_response_status(response), rq_response_url(response));
 *       return NULL;
 *     }
 *
 *     static void step(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
 *       (void)context;
 *       printf("%llu us: step %d, %s\n", (unsigned long long)elapsed_us, step, about);
 *     }
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       static char key[] = "k1";
 *       rq_opts_on_request(rq_session_opts(s), sign, key, NULL, &e);
 *       rq_opts_on_response(rq_session_opts(s), look, NULL, NULL, &e);
 *       rq_opts_on_trace(rq_session_opts(s), step, NULL, NULL, &e);
 *
 *       rq_response *r = rq_get(s, "https://example.org/redirect/0", &e);
 *       const char *text = rq_body_text(r, NULL, &e);
 *       puts(text ? text : rq_error_message(e));
 *
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * BODIES
 *
 * A body is read in one way: by rq_body_read in pieces, by rq_body_line or rq_body_text_line in
 * lines, by rq_body_read_text as text, undecoded by rq_body_read_raw, or into a file by
 * rq_body_save; rq_body_read_now is rq_body_read for threads that must not block. Going over from
 * one to another is RQ_ERR_MISUSE where bytes would be missing. What rq_body_bytes, rq_body_text or
 * rq_body_json has read whole is kept, and can be read again in every way but raw. Content codings
 * are taken off unless rq_opts_decode says no; rq_opts_body_max and rq_opts_decoded_max bound what
 * is read. The end of a body is told only if all of it came.
 *
 *     // Saves one body to a file and reads another line by line.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts_decoded_max(rq_session_opts(s), 1 << 30, &e);
 *       int64_t bytes = rq_download(s, "https://example.org/bytes/100000", "page.bin", &e);
 *       printf("%lld bytes saved\n", (long long)bytes);
 *
 *       rq_response *r = rq_get(s, "https://example.org/echo", &e);
 *       const char *line;
 *       size_t len;
 *       while ((line = rq_body_text_line(r, &len, &e)) != NULL)
 *         printf("%3zu %s\n", len, line);
 *
 *       if (e) fprintf(stderr, "%s\n", rq_error_message(e));
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * CALLBACKS
 *
 * They run on the thread of the call that needs them, with no lock of librq held, and may call
 * librq. They fail by rq_error_set; that error is the one their caller gets. They must return: no
 * exception, no longjmp. A context belongs to librq once it is passed in, even if that call fails;
 * its rq_free_fn is called once, from any thread.
 *
 *     // Sends a body that is made while it is sent, and whose length nobody knows.
 *     #include <rq.h>
 *     #include <stdio.h>
 *     #include <stdlib.h>
 *
 *     static int64_t count_down(void *left, void *buf, size_t cap, rq_error **error) {
 *       int *n = left;
 *       if (*n < 0) {
 *         rq_error_set(error, RQ_ERR_CALLBACK, "there is nothing to count");
 *         return -1;
 *       }
 *       return *n == 0 ? 0 : snprintf(buf, cap, "%d\n", (*n)--);
 *     }
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_request *q = rq_request_new("POST", "https://example.org/upload", &e);
 *       int *left = malloc(sizeof *left);
 *       if (left) *left = 1000;
 *       rq_request_body_callback(q, count_down, NULL, left, free, -1, &e);
 *
 *       rq_response *r = rq_perform(s, q, NULL, &e);
 *       const char *text = rq_body_text(r, NULL, &e);
 *       puts(text ? text : rq_error_message(e));
 *
 *       int failed = e != NULL;
 *       rq_response_free(r);
 *       rq_request_free(q);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return failed;
 *     }
 *
 * CANCELLING
 *
 * An rq_cancel that is given to rq_send or rq_perform ends that call, and the reading of its body,
 * with RQ_ERR_CANCELLED when another thread triggers it. One token may be given to any number of
 * requests.
 *
 *     // Ends the reading of a body that never comes, from another thread.
 *     #include <pthread.h>
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     static void *give_up(void *cancel) {
 *       rq_cancel_trigger(cancel);
 *       return NULL;
 *     }
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_cancel *cancel = rq_cancel_new(&e);
 *       rq_request *q = rq_request_new("GET", "https://example.org/stall-body", &e);
 *       rq_response *r = rq_perform(s, q, cancel, &e);
 *
 *       pthread_t other;
 *       pthread_create(&other, NULL, give_up, cancel);
 *       rq_body_bytes(r, NULL, &e);
 *       pthread_join(other, NULL);
 *       printf("%s\n", rq_code_name(rq_error_code(e)));
 *
 *       rq_response_free(r);
 *       rq_request_free(q);
 *       rq_cancel_free(cancel);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return 0;
 *     }
 *
 * MANY AT A TIME
 *
 * A thread that has begun a request by rq_perform_begin or rq_send_begin may begin others, and wait
 * for all of them, and for whatever else it waits for, by poll. rq_pending_finish then gives the
 * response; rq_body_read_now reads what has come of its body.
 *
 *     // One thread, three requests on their way.
 *     #include <poll.h>
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_request *q = rq_request_new("GET", "https://example.org/json", &e);
 *       rq_pending *sent[3];
 *       for (int i = 0; i < 3; i++) sent[i] = rq_perform_begin(s, q, NULL, &e);
 *
 *       for (int left = 3; left > 0 && !e;) {
 *         struct pollfd waits[3];
 *         for (int i = 0; i < 3; i++)
 *           waits[i] = (struct pollfd){rq_pending_fd(sent[i]), POLLIN, 0};
 *         poll(waits, 3, 100);
 *         for (int i = 0; i < 3; i++) {
 *           if (!sent[i] || (waits[i].fd >= 0 && !waits[i].revents && rq_pending_wait_ms(sent[i])))
 *             continue;
 *           rq_response *r = rq_pending_finish(sent[i], &e);
 *           printf("%d: %d\n", i, rq_response_status(r));
 *           rq_response_free(r);
 *           rq_pending_free(sent[i]);
 *           sent[i] = NULL;
 *           left--;
 *         }
 *       }
 *       for (int i = 0; i < 3; i++) rq_pending_free(sent[i]);
 *       rq_request_free(q);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return 0;
 *     }
 *
 * THREADS
 *
 * A session (with its rq_opts) and a cancel token may be used by any number of threads at once.
 * Everything else is for one thread at a time, and may move between threads. Calls block;
 * rq_cancel_trigger from another thread ends them within 100 ms. librq starts no thread but for
 * name lookups, installs no signal handler, raises no SIGPIPE, keeps errno, and needs no
 * initialisation. After fork(), a child may use its parent's sessions: it gets connections of its
 * own.
 *
 *     // Four threads, one session, two connections.
 *     #include <pthread.h>
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     static void *fetch(void *session) {
 *       rq_error *e = NULL;
 *       rq_response *r = rq_get(session, "https://example.org/json", &e);
 *       const char *json = rq_body_json(r, NULL, &e);
 *       printf("%s\n", json ? json : rq_error_message(e));
 *       rq_response_free(r);
 *       rq_error_free(e);
 *       return NULL;
 *     }
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts_pool(rq_session_opts(s), 10, 10, 2, &e);
 *       pthread_t threads[4];
 *       for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, fetch, s);
 *       for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return 0;
 *     }
 *
 * TIMEOUTS
 *
 * In milliseconds; 0 is none. connect: DNS, TCP and TLS handshake together (default 10,000). read:
 * the longest silence of the peer (default 60,000). deadline: the whole call, body included
 * (default none).
 *     // Tries for half a second in all, and says how far it came.
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *       rq_error *e = NULL;
 *       rq_session *s = rq_session_new(&e);
 *       rq_opts *opts = rq_session_opts(s);
 *       rq_opts_timeout_ms(opts, 3000, 30000, &e);
 *       rq_opts_deadline_ms(opts, 500, &e);
 *       rq_opts_retries(opts, 3, &e);
 *       rq_opts_retry_backoff_ms(opts, 100, 1000, &e);
 *
 *       rq_response *r = rq_get(s, "https://example.org/stall-head", &e);
 *       if (rq_error_code(e) == RQ_ERR_TOTAL_TIMEOUT) {
 *         printf("gave up in step \"%s\"\n", rq_error_phase(e));
 *       } else {
 *         printf("%d %s\n", (int)rq_response_status(r), rq_error_message(e));
 *       }
 *       rq_response_free(r);
 *       rq_session_free(s);
 *       rq_error_free(e);
 *       return 0;
 *     }
 */


#ifndef RQ_H
#define RQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RQ_VERSION_MAJOR 0
#define RQ_VERSION_MINOR 1
#define RQ_VERSION_PATCH 0
#define RQ_VERSION "0.1.0"


/**
 * What went wrong: few, flat, stable numbers, grouped by hundreds. Numbers are never reused.
 */
typedef enum {
  /**
   * No error.
   */
  RQ_OK = 0,
  /**
   * A pointer was NULL, or a handle in a state that forbids the call.
   */
  RQ_ERR_MISUSE = 1,
  /**
   * A bug in librq, contained: the call failed, the process lives.
   */
  RQ_ERR_PANIC = 2,
  /**
   * A callback of yours failed; its text is the message.
   */
  RQ_ERR_CALLBACK = 3,
  /**
   * The request's rq_cancel was triggered.
   */
  RQ_ERR_CANCELLED = 4,
  /**
   * A value that no request can use: not UTF-8, out of range, not an address.
   */
  RQ_ERR_INVALID_ARGUMENT = 100,
  /**
   * The URL cannot be parsed or has no host (Requests: InvalidURL).
   */
  RQ_ERR_INVALID_URL = 101,
  /**
   * The URL has no scheme (Requests: MissingSchema).
   */
  RQ_ERR_MISSING_SCHEMA = 102,
  /**
   * Nothing serves the URL's scheme (Requests: InvalidSchema).
   */
  RQ_ERR_INVALID_SCHEMA = 103,
  /**
   * A header's name or value cannot be sent (Requests: InvalidHeader).
   */
  RQ_ERR_INVALID_HEADER = 104,
  /**
   * The method is not a token.
   */
  RQ_ERR_INVALID_METHOD = 105,
  /**
   * A file is missing, unreadable, or does not hold what it should.
   */
  RQ_ERR_FILE = 106,
  /**
   * What was given as JSON is not JSON, or not UTF-8 (Requests: InvalidJSONError).
   */
  RQ_ERR_INVALID_JSON = 107,
  /**
   * A cookie's name or value cannot be sent.
   */
  RQ_ERR_INVALID_COOKIE = 108,
  /**
   * A proxy's URL cannot be parsed or has no host (Requests: InvalidProxyURL).
   */
  RQ_ERR_INVALID_PROXY = 109,
  /**
   * The host's name has no address.
   */
  RQ_ERR_DNS = 200,
  /**
   * No address of the host accepted a connection; see rq_error_errno.
   */
  RQ_ERR_CONNECT = 201,
  /**
   * The TLS handshake or a record failed; a refused certificate (Requests: SSLError).
   */
  RQ_ERR_TLS = 202,
  /**
   * The HTTP proxy could not be reached, or refused to connect; see rq_error_status and
   * rq_error_reason (Requests: ProxyError).
   */
  RQ_ERR_PROXY = 203,
  /**
   * The SOCKS proxy could not be reached, or refused to serve (Requests: ConnectionError).
   */
  RQ_ERR_SOCKS = 204,
  /**
   * DNS, connect and TLS handshake took longer than the connect timeout.
   */
  RQ_ERR_CONNECT_TIMEOUT = 210,
  /**
   * The peer sent nothing for the read timeout.
   */
  RQ_ERR_READ_TIMEOUT = 211,
  /**
   * The peer took nothing for the read timeout while the request was sent.
   */
  RQ_ERR_WRITE_TIMEOUT = 212,
  /**
   * The deadline of the whole call has passed.
   */
  RQ_ERR_TOTAL_TIMEOUT = 213,
  /**
   * All connections allowed to this host stayed in use.
   */
  RQ_ERR_POOL_TIMEOUT = 214,
  /**
   * The connection broke while the request was sent.
   */
  RQ_ERR_SEND = 300,
  /**
   * The peer closed the connection before any byte of a response.
   */
  RQ_ERR_CLOSED = 301,
  /**
   * What the peer sent is not HTTP/1.1, or dangerously ambiguous.
   */
  RQ_ERR_PROTOCOL = 302,
  /**
   * The response ended before its end: truncated (Requests: ChunkedEncodingError).
   */
  RQ_ERR_INCOMPLETE = 303,
  /**
   * The response exceeds a limit of librq.
   */
  RQ_ERR_LIMIT = 304,
  /**
   * A body that was read once, from a pipe or a callback that cannot rewind, would have to be
   * sent again: by you, or for a redirect, a digest challenge, a retry, a dead connection
   * (Requests: UnrewindableBodyError).
   */
  RQ_ERR_BODY = 305,
  /**
   * The source of a body gave more or less than the length that was declared.
   */
  RQ_ERR_BODY_LENGTH = 306,
  /**
   * The body of the response is not in the coding that its Content-Encoding says (Requests:
   * ContentDecodingError).
   */
  RQ_ERR_DECODE = 307,
  /**
   * rq_response_raise met a status from 400 to 599 (Requests: HTTPError).
   */
  RQ_ERR_STATUS = 400,
  /**
   * More redirects than rq_opts_redirects_max allows (Requests: TooManyRedirects).
   */
  RQ_ERR_TOO_MANY_REDIRECTS = 401,
} rq_code;

/**
 * A step of an exchange, as rq_on_trace_fn is told of it.
 */
typedef enum {
  /**
   * The host's name was looked up.
   */
  RQ_STEP_DNS = 1,
  /**
   * A TCP connection was opened.
   */
  RQ_STEP_CONNECT = 2,
  /**
   * The TLS handshake is done.
   */
  RQ_STEP_TLS = 3,
  /**
   * A kept connection is used: no lookup, no connect, no handshake.
   */
  RQ_STEP_REUSED = 4,
  /**
   * The request was sent, its body included.
   */
  RQ_STEP_SENT = 5,
  /**
   * The head of the response was read.
   */
  RQ_STEP_HEAD = 6,
  /**
   * The body of the response was read to its end.
   */
  RQ_STEP_BODY = 7,
  /**
   * The request is sent again, as rq_opts_retries has it.
   */
  RQ_STEP_RETRY = 8,
  /**
   * A redirect is followed, or a challenge answered.
   */
  RQ_STEP_REDIRECT = 9,
} rq_step;

/**
 * A version of TLS, for rq_opts_tls_min.
 */
typedef enum {
  /**
   * TLS 1.2; nothing older is spoken.
   */
  RQ_TLS_1_2 = 12,
  /**
   * TLS 1.3.
   */
  RQ_TLS_1_3 = 13,
} rq_tls;

/**
 * What rq_body_read_now returns beside numbers of bytes.
 */
typedef enum {
  /**
   * It would have to wait.
   */
  RQ_NOT_YET = -2,
} rq_now;

/**
 * Ends requests from another thread. Any number of requests may use one; once triggered, it stays
 * so.
 */
typedef struct rq_cancel rq_cancel;

/**
 * A certificate of the server that a response came from, lent by the response.
 */
typedef struct rq_certificate rq_certificate;

/**
 * A copy of a session's cookies at one moment.
 */
typedef struct rq_cookie_list rq_cookie_list;

/**
 * The cookies of a session: those that servers set, and yours. Any number of threads may use them.
 */
typedef struct rq_cookies rq_cookies;

/**
 * What went wrong. Free it with rq_error_free.
 */
typedef struct rq_error rq_error;

/**
 * Settings that a session (rq_session_opts) or a request (rq_request_opts) lends, or that are made
 * for one sending (rq_opts_new). A request's settings win over the session's and are not kept by
 * it. A call that fails changes nothing.
 */
typedef struct rq_opts rq_opts;

/**
 * A part of a request's multipart body: a field with a type of its own, or a file. Empty until it
 * is given content.
 */
typedef struct rq_part rq_part;

/**
 * A request that has been sent, and whose answer is still to be read.
 */
typedef struct rq_pending rq_pending;

/**
 * A request as it will be sent, byte for byte. May be sent any number of times.
 */
typedef struct rq_prepared rq_prepared;

/**
 * The answer of an adapter, lent to it to be filled in: a status, which begins as 200, headers and
 * a body.
 */
typedef struct rq_reply rq_reply;

/**
 * A request as you word it: method, URL, body, settings. May be sent any number of times.
 */
typedef struct rq_request rq_request;

/**
 * A response: its head has been read, its body is read with the rq_body_... functions.
 */
typedef struct rq_response rq_response;

/**
 * Defaults for requests, and connections that are kept between them. Any number of threads may use
 * one.
 */
typedef struct rq_session rq_session;

/**
 * Answers `request` by what it puts into `reply`; both are lent for the call. Setting the error
 * fails the request, or has it tried again where rq_opts_retries covers that. Since: 0.1.
 */
typedef void (*rq_adapter_fn)(void *context,
                              const rq_prepared *request,
                              rq_reply *reply,
                              rq_error **error);

/**
 * Called once when librq is done with a context, from any thread; also when the function that
 * took the context failed. Since: 0.1.
 */
typedef void (*rq_free_fn)(void *context);

/**
 * Sees, and may change, a request that is being prepared; `prepared` is lent for the call. Setting
 * the error fails the preparation. Since: 0.1.
 */
typedef void (*rq_auth_fn)(void *context, rq_prepared *prepared, rq_error **error);

/**
 * Sees, and may change, a request that is about to be sent; `prepared` is lent for the call.
 * Setting the error fails the request. Since: 0.1.
 */
typedef void (*rq_on_request_fn)(void *context, rq_prepared *prepared, rq_error **error);

/**
 * Sees a response whose head has been read; `response` is lent for the call, and its body may be
 * read: what rq_body_bytes, rq_body_text and rq_body_json have read stays readable. Returns NULL
 * or `response` to let it stand, or another response, which librq owns from then on, to put in its
 * place. Setting the error fails the request. Since: 0.1.
 */
typedef rq_response *(*rq_on_response_fn)(void *context, rq_response *response, rq_error **error);

/**
 * Told of each step that is done: `elapsed_us` microseconds after the call began, and in `about`
 * what it was done with (an address, a URL, a status), lent for the call. Since: 0.1.
 */
typedef void (*rq_on_trace_fn)(void *context, rq_step step, uint64_t elapsed_us, const char *about);

/**
 * Told while a body is sent or received: the bytes so far, and all of them, -1 if that is unknown.
 * Setting the error ends the request. Since: 0.1.
 */
typedef void (*rq_progress_fn)(void *context, uint64_t bytes, int64_t total, rq_error **error);

/**
 * Reads the next bytes of a body into `buf`: returns how many, at most `cap`; 0 at the end; -1 if
 * it failed (say why with rq_error_set, which becomes the error of the request). Since: 0.1.
 */
typedef int64_t (*rq_read_fn)(void *context, void *buf, size_t cap, rq_error **error);

/**
 * Goes back to where the body began, for a request that is sent again; false if it cannot (say why
 * with rq_error_set). Since: 0.1.
 */
typedef bool (*rq_rewind_fn)(void *context, rq_error **error);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Has `adapter` answer the requests whose URL begins with `prefix`, in any letter case and without
 * user and password: `"mock://"`, `"https://example.org/api/"`. Of several prefixes the longest
 * counts; one that ends with the host also covers hosts that go on from there. The same prefix
 * again replaces its adapter. `adapter` NULL: real connections, but kept apart from the session's.
 * What an adapter answers is treated as a server's answer is: cookies, redirects, hooks, codings.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for an empty prefix. Ownership: `context` is given away, also
 * on error; `free` (may be NULL) is called with it once: when the adapter is replaced, unmounted
 * or freed with its session, and no request uses it any more. Threads: any number may mount, and
 * any number may call the adapter at once. Since: 0.1.
 */
void rq_session_mount(const rq_session *session,
                      const char *prefix,
                      rq_adapter_fn adapter,
                      void *context,
                      rq_free_fn free,
                      rq_error **error);

/**
 * Takes the adapter at exactly this prefix away; whether there was one. Requests on their way
 * keep it until they are answered.
 *
 * Errors: NULL. Ownership: its context is freed, at once or with the last such request. Threads:
 * any number. Since: 0.1.
 */
bool rq_session_unmount(const rq_session *session, const char *prefix, rq_error **error);

/**
 * Sets the status; the reason phrase follows it unless rq_reply_reason sets one.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a number that is not 200 to 999. Since: 0.1.
 */
void rq_reply_status(rq_reply *reply, int32_t status, rq_error **error);

/**
 * Sets the reason phrase.
 *
 * Errors: `RQ_ERR_INVALID_HEADER` for a text that no head can hold. Since: 0.1.
 */
void rq_reply_reason(rq_reply *reply, const char *reason, rq_error **error);

/**
 * Adds a header, beside others of that name.
 *
 * Errors: `RQ_ERR_INVALID_HEADER` for a name or value that no head can hold. Since: 0.1.
 */
void rq_reply_header(rq_reply *reply, const char *name, const char *value, rq_error **error);

/**
 * Sets the body, as it would come from a server: with the codings that a Content-Encoding header
 * names. It needs no Content-Length.
 *
 * Errors: NULL `reply`, or NULL `data` with a length. Ownership: copied. Since: 0.1.
 */
void rq_reply_body(rq_reply *reply, const void *data, size_t len, rq_error **error);

/**
 * Sends `user` and `password` as basic credentials. They win over an Authorization header, a
 * netrc file, and the URL's own.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
 */
void rq_opts_auth_basic(rq_opts *opts, const char *user, const char *password, rq_error **error);

/**
 * Whether basic credentials are sent as ISO-8859-1 instead of UTF-8, as old servers want them. A
 * character that ISO-8859-1 has not fails the preparation.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_auth_latin1(rq_opts *opts, bool latin1, rq_error **error);

/**
 * Sends a bearer token.
 *
 * Errors: `RQ_ERR_INVALID_HEADER` for a token that no header can hold. Since: 0.1.
 */
void rq_opts_auth_bearer(rq_opts *opts, const char *token, rq_error **error);

/**
 * Digest credentials: once a server's challenge is known, requests to it carry the answer. What
 * is known is shared by all requests that use the same settings.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
 */
void rq_opts_auth_digest(rq_opts *opts, const char *user, const char *password, rq_error **error);

/**
 * Lets `callback` authenticate: it runs last when a request is prepared, on the thread that
 * prepares.
 *
 * Errors: `RQ_ERR_MISUSE` for NULL `callback`. Ownership: `context` is given away, also on error;
 * `free` (may be NULL) is called with it once. Threads: on a session, any number may call at once.
 * Since: 0.1.
 */
void rq_opts_auth_callback(rq_opts *opts,
                           rq_auth_fn callback,
                           void *context,
                           rq_free_fn free,
                           rq_error **error);

/**
 * Sends no credentials: not the session's, not a netrc file's, not the URL's. An Authorization
 * header that is set stays.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_auth_none(rq_opts *opts, rq_error **error);

/**
 * The length of the body as the response declares it, before it is decoded; 0 if it has none, -1
 * if it is not known before the end.
 *
 * Since: 0.1.
 */
int64_t rq_body_length(const rq_response *response);

/**
 * Reads some of the body into `buf`, decoded: returns how many bytes, 0 at the end, -1 on error.
 * Without a content coding a large `buf` (64 KiB and more) is filled straight from the socket. Of
 * a large body that comes fast the system may hold bytes back for up to 20 ms, until many have
 * come, if its length is known (over plain connections, on Linux); else up to 512 KiB are read
 * ahead where `buf` is smaller than 256 KiB. The connection serves the next request once the end
 * is reached.
 *
 * Blocks, for the read timeout at most. Errors: `RQ_ERR_INCOMPLETE` if the body is truncated,
 * `RQ_ERR_DECODE`, timeouts, `RQ_ERR_CANCELLED`, `RQ_ERR_PROTOCOL`, `RQ_ERR_LIMIT`, what a hook
 * says; an error stays: every later read reports it again. Since: 0.1.
 */
int64_t rq_body_read(rq_response *response, void *buf, size_t cap, rq_error **error);

/**
 * As rq_body_read, but waits for nothing: returns `RQ_NOT_YET` where that would have to, while the
 * end has not come. For programs that wait in a way of their own, or read what has come already on
 * a thread that must not block. Nothing is lost by it: any read goes on from there, and the read
 * timeout begins anew with one that waits. It still takes the time that copying, decrypting,
 * decoding and the hooks of the body take.
 *
 * Errors: as rq_body_read, but the read timeout; -1 then. Since: 0.1.
 */
int64_t rq_body_read_now(rq_response *response, void *buf, size_t cap, rq_error **error);

/**
 * As rq_body_read, but fills `buf`: returns `cap` but for the last of the body. For chunks of one
 * size, however the bytes arrive. An error behind bytes that were read is told by the next call.
 *
 * Errors: as rq_body_read. Since: 0.1.
 */
int64_t rq_body_read_full(rq_response *response, void *buf, size_t cap, rq_error **error);

/**
 * As rq_body_read, with the bytes as they were transferred: no content coding is taken off.
 *
 * Errors: as rq_body_read; `RQ_ERR_MISUSE` once other reads have begun, and for those after it.
 * Since: 0.1.
 */
int64_t rq_body_read_raw(rq_response *response, void *buf, size_t cap, rq_error **error);

/**
 * Reads all that is left of the body and keeps it: further calls return the same bytes. A NUL that
 * `len` does not count follows them. NULL on error: what came before it can still be read by
 * rq_body_read.
 *
 * Blocks. Errors: as rq_body_read. Ownership: lent until the response is freed. Since: 0.1.
 */
const void *rq_body_bytes(rq_response *response, size_t *len, rq_error **error);

/**
 * Writes all that is left of the body to a file and returns its bytes; -1 on error. The file
 * appears whole, in place of an old one of that name, or not at all; a link stays one, and a
 * device is written to as it is.
 *
 * Blocks. Errors: as rq_body_read; `RQ_ERR_FILE` for what cannot be written. Since: 0.1.
 */
int64_t rq_body_save(rq_response *response, const char *path, rq_error **error);

/**
 * Gives up the rest of the body. The connection is kept if the rest has arrived already, else it
 * is closed. Reading on is an error. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_body_close(rq_response *response);

/**
 * A token to pass to rq_send or rq_perform.
 *
 * Errors: `RQ_ERR_PANIC` alone. Ownership: yours, free it with rq_cancel_free. Threads: any
 * number. Since: 0.1.
 */
rq_cancel *rq_cancel_new(rq_error **error);

/**
 * Ends every request that uses this token, now and later, with `RQ_ERR_CANCELLED`: while it looks
 * up a name, connects, shakes hands, waits, uploads or reads its body. Returns at once; the
 * requests end within 100 ms.
 *
 * Threads: any, but not in a signal handler. Since: 0.1.
 */
void rq_cancel_trigger(const rq_cancel *cancel);

/**
 * Whether the token was triggered; false for NULL.
 *
 * Threads: any. Since: 0.1.
 */
bool rq_cancel_triggered(const rq_cancel *cancel);

/**
 * Frees a token. NULL is fine; requests under way keep what they need of it.
 *
 * Since: 0.1.
 */
void rq_cancel_free(rq_cancel *cancel);

/**
 * The certificate at `index` of the server's, its own first: those that lead to a trusted one; as
 * the server sent them where verification is off. NULL past the end, and without TLS.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const rq_certificate *rq_response_certificate(const rq_response *response, size_t index);

/**
 * The certificate itself, as DER, and its length; NULL and 0 for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const void *rq_certificate_der(const rq_certificate *certificate, size_t *len);

/**
 * Whom the certificate names, `"CN=example.org,O=Example"` (RFC 4514); the names that count for
 * verification are others. Empty if it is malformed; NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_certificate_subject(const rq_certificate *certificate);

/**
 * Who has signed it, in the same form.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_certificate_issuer(const rq_certificate *certificate);

/**
 * From when it is valid, in seconds since 1970; 0 if it is malformed, and for NULL.
 *
 * Since: 0.1.
 */
int64_t rq_certificate_not_before(const rq_certificate *certificate);

/**
 * Until when it is valid, in seconds since 1970; 0 if it is malformed, and for NULL.
 *
 * Since: 0.1.
 */
int64_t rq_certificate_not_after(const rq_certificate *certificate);

/**
 * The session's cookies. NULL for NULL, which every rq_cookies_... call that can fail reports.
 *
 * Ownership: lent until the session is freed. Threads: any number. Since: 0.1.
 */
rq_cookies *rq_session_cookies(const rq_session *session);

/**
 * Sets a cookie. `domain`: the host, and all below it; NULL: every host. `path` NULL: `"/"`.
 * `secure`: for https alone. `value` NULL: deletes those of this name, domain and path, NULL
 * standing for any.
 *
 * Errors: `RQ_ERR_INVALID_COOKIE` for a name or value that no Cookie header can hold. Since: 0.1.
 */
void rq_cookies_set(rq_cookies *cookies,
                    const char *name,
                    const char *value,
                    const char *domain,
                    const char *path,
                    bool secure,
                    rq_error **error);

/**
 * Takes the value of a Set-Cookie header as if the server at `url` had sent it. What RFC 6265 has
 * a client ignore is ignored.
 *
 * Errors: those of a URL that cannot be parsed. Since: 0.1.
 */
void rq_cookies_receive(rq_cookies *cookies,
                        const char *url,
                        const char *set_cookie,
                        rq_error **error);

/**
 * Deletes the cookies of this domain, path and name; NULL stands for any.
 *
 * Since: 0.1.
 */
void rq_cookies_clear(rq_cookies *cookies, const char *domain, const char *path, const char *name);

/**
 * Adds the cookies of a file in Netscape's format, as curl and wget keep them.
 *
 * Errors: `RQ_ERR_FILE` if it cannot be read or is none; then nothing is added. Since: 0.1.
 */
void rq_cookies_load(rq_cookies *cookies, const char *path, rq_error **error);

/**
 * Writes all cookies to a file in Netscape's format that only its owner may read; an old file is
 * replaced at once or not at all.
 *
 * Errors: `RQ_ERR_FILE`; the old file stays. Since: 0.1.
 */
void rq_cookies_save(const rq_cookies *cookies, const char *path, rq_error **error);

/**
 * Sets what time the cookies take it to be, in seconds since 1970: for tests. -1: the system's.
 *
 * Since: 0.1.
 */
void rq_cookies_clock(rq_cookies *cookies, int64_t unix_seconds);

/**
 * Copies all cookies that have not expired, in the order in which they came.
 *
 * Errors: NULL `cookies`. Ownership: yours, free it with rq_cookie_list_free. Since: 0.1.
 */
rq_cookie_list *rq_cookies_list(const rq_cookies *cookies, rq_error **error);

/**
 * The cookie at `index`; false past the end. `*domain` is empty for one that is sent to every
 * host. Each out-parameter may be NULL.
 *
 * Ownership: the texts are lent until the list is freed. Since: 0.1.
 */
bool rq_cookie_list_at(const rq_cookie_list *list,
                       size_t index,
                       const char **name,
                       const char **value,
                       const char **domain,
                       const char **path);

/**
 * Whether the cookie at `index` is sent over https alone.
 *
 * Since: 0.1.
 */
bool rq_cookie_list_secure(const rq_cookie_list *list, size_t index);

/**
 * When the cookie at `index` expires, in seconds since 1970; -1: with the session.
 *
 * Since: 0.1.
 */
int64_t rq_cookie_list_expires(const rq_cookie_list *list, size_t index);

/**
 * Frees a list of cookies. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_cookie_list_free(rq_cookie_list *list);

/**
 * The error's code, to switch on; `RQ_OK` for NULL.
 *
 * Since: 0.1.
 */
rq_code rq_error_code(const rq_error *error);

/**
 * What was wrong, where, and what to do: one line for people, never a credential. Empty for NULL.
 *
 * Ownership: lent until the error is freed. Since: 0.1.
 */
const char *rq_error_message(const rq_error *error);

/**
 * The step that failed: `"prepare"`, `"pool"`, `"dns"`, `"connect"`, `"tls"`, `"send"`, `"head"`,
 * `"body"`, or `""`.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_error_phase(const rq_error *error);

/**
 * The exception that Python Requests raises for this: `"ConnectTimeout"`, `"SSLError"`, … Empty
 * for NULL.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_error_exception(const rq_error *error);

/**
 * The URL of the request, without user and password; NULL if none was known.
 *
 * Ownership: lent until the error is freed. Since: 0.1.
 */
const char *rq_error_url(const rq_error *error);

/**
 * The system's error number, `ECONNREFUSED` and the like; 0 where none applies.
 *
 * Since: 0.1.
 */
int32_t rq_error_errno(const rq_error *error);

/**
 * The HTTP status that the error speaks of; 0 where none applies.
 *
 * Since: 0.1.
 */
int32_t rq_error_status(const rq_error *error);

/**
 * What the code leaves open, as a stable word: why a certificate was refused (`"expired"`,
 * `"wrong_host"`), why a name has no address (`"not_found"`), why a proxy did not serve
 * (`"authentication"`). Empty where nothing more is known; rq_reason_at lists all words.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_error_reason(const rq_error *error);

/**
 * A header of what a proxy answered in place of a tunnel, by name in any case; repeated ones
 * joined by `", "`. NULL if there is none. The status is rq_error_status.
 *
 * Ownership: lent until the error is freed. Since: 0.1.
 */
const char *rq_error_answer_header(const rq_error *error, const char *name);

/**
 * The header at `index` of that answer, as received; false past the end.
 *
 * Ownership: `*name` and `*value` are lent until the error is freed. Since: 0.1.
 */
bool rq_error_answer_header_at(const rq_error *error,
                               size_t index,
                               const char **name,
                               const char **value);

/**
 * The beginning of that answer's body, at most 64 KiB, content codings on, and its length; NULL
 * and 0 where no proxy answered.
 *
 * Ownership: lent until the error is freed. Since: 0.1.
 */
const void *rq_error_answer_body(const rq_error *error, size_t *len);

/**
 * Makes an error of your own, for example in a callback. Does nothing if `*error` is set already.
 *
 * Ownership: `*error` is yours; the message is copied. Errors: a code that is none becomes
 * `RQ_ERR_CALLBACK`. Since: 0.1.
 */
void rq_error_set(rq_error **error, int32_t code, const char *message);

/**
 * Frees an error. NULL is fine. Set your variable to NULL afterwards to use it again.
 *
 * Since: 0.1.
 */
void rq_error_free(rq_error *error);

/**
 * Whether redirects are followed; they are by default, whatever the method. One that is not
 * followed is returned as it came: see rq_response_next.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_follow_redirects(rq_opts *opts, bool follow, rq_error **error);

/**
 * Sets how many redirects one call follows; default 30. The next one fails the request; with 0,
 * the first.
 *
 * Errors: NULL `opts`; requests that overrun it get `RQ_ERR_TOO_MANY_REDIRECTS`. Since: 0.1.
 */
void rq_opts_redirects_max(rq_opts *opts, uint32_t max, rq_error **error);

/**
 * Names a further header that no redirect takes to another origin, beside Authorization, Cookie,
 * Proxy-Authorization and Host: an API key's, for instance. What is named adds up.
 *
 * Errors: `RQ_ERR_INVALID_HEADER` if the name is no token. Since: 0.1.
 */
void rq_opts_sensitive_header(rq_opts *opts, const char *name, rq_error **error);

/**
 * Sets how often a request is tried again; default 0. Tried again are: whatever could not connect;
 * after an error before the answer, or a read timeout, the methods of rq_opts_retry_method; after
 * an answer of a status of rq_opts_retry_status, or of 413, 429 or 503 with Retry-After, the same
 * methods. A body that cannot be rewound is never sent twice. The last error or answer is
 * returned.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_retries(rq_opts *opts, uint32_t count, rq_error **error);

/**
 * Adds a status that is tried again; there is none by default.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for what is no status. Since: 0.1.
 */
void rq_opts_retry_status(rq_opts *opts, int32_t status, rq_error **error);

/**
 * Adds a method that may be repeated, in place of GET, HEAD, PUT, DELETE, OPTIONS and TRACE;
 * `"*"`: any.
 *
 * Errors: `RQ_ERR_INVALID_METHOD`. Since: 0.1.
 */
void rq_opts_retry_method(rq_opts *opts, const char *method, rq_error **error);

/**
 * Sets the pauses between tries: none before the first repetition, then twice `first_ms`, four
 * times, and so on, at most `max_ms`, each with up to a half taken off at random. Defaults: 0 and
 * 120,000.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_retry_backoff_ms(rq_opts *opts, uint32_t first_ms, uint32_t max_ms, rq_error **error);

/**
 * Sets the longest Retry-After that is waited for; default 60,000. An answer that asks for more is
 * returned. 0: the header is ignored.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_retry_after_max_ms(rq_opts *opts, uint32_t max_ms, rq_error **error);

/**
 * Whether content codings (gzip, deflate, br, zstd, up to 5 of them) are taken off bodies; they
 * are by default.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_decode(rq_opts *opts, bool decode, rq_error **error);

/**
 * Sets how many bytes the body of a response may have as transferred. 0: any number, the default.
 *
 * Errors: NULL `opts`; reading a longer one gets `RQ_ERR_LIMIT`. Since: 0.1.
 */
void rq_opts_body_max(rq_opts *opts, uint64_t bytes, rq_error **error);

/**
 * Sets how many bytes the body of a response may have once decoded. 0: any number, the default.
 *
 * Errors: NULL `opts`; reading a longer one gets `RQ_ERR_LIMIT`. Since: 0.1.
 */
void rq_opts_decoded_max(rq_opts *opts, uint64_t bytes, rq_error **error);

/**
 * Whether a request with a body asks first, with `Expect: 100-continue`: its body is sent when the
 * server says so or has said nothing for a second, and not at all if it answers at once. Not by
 * default. A header set by hand does the same.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_expect_continue(rq_opts *opts, bool expect, rq_error **error);

/**
 * Whether the credentials of a proxy's URL wait for the proxy's digest challenge. By default they
 * are sent at once as basic ones, and a digest challenge is answered too.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_proxy_digest(rq_opts *opts, bool digest, rq_error **error);

/**
 * Adds a hook that sees each request just before it is sent, last of all: the first, and those
 * that follow a redirect; the answer to a challenge goes out as the hook left the request. Those
 * of the session run first, then those of the request, each in the order in which they were
 * added.
 *
 * Errors: `RQ_ERR_MISUSE` for NULL `callback`. Ownership: `context` is given away, also on error;
 * `free` (may be NULL) is called with it once. Threads: on a session, any number may call at once.
 * Since: 0.1.
 */
void rq_opts_on_request(rq_opts *opts,
                        rq_on_request_fn callback,
                        void *context,
                        rq_free_fn free,
                        rq_error **error);

/**
 * Adds a hook that sees each response once its head has been read: the last, and before it those
 * of redirects. Each is given what the one before it returned. Order as rq_opts_on_request.
 *
 * Errors, ownership, threads: as rq_opts_on_request. Since: 0.1.
 */
void rq_opts_on_response(rq_opts *opts,
                         rq_on_response_fn callback,
                         void *context,
                         rq_free_fn free,
                         rq_error **error);

/**
 * Adds a hook that is told of each step of an exchange. Order as rq_opts_on_request.
 *
 * Errors, ownership, threads: as rq_opts_on_request. Since: 0.1.
 */
void rq_opts_on_trace(rq_opts *opts,
                      rq_on_trace_fn callback,
                      void *context,
                      rq_free_fn free,
                      rq_error **error);

/**
 * Adds a hook that is told while the body of a response is read: the bytes received so far, and
 * its Content-Length, -1 if that is unknown. Setting the error ends the reading. Order as
 * rq_opts_on_request.
 *
 * Errors, ownership, threads: as rq_opts_on_request. Since: 0.1.
 */
void rq_opts_on_download(rq_opts *opts,
                         rq_progress_fn callback,
                         void *context,
                         rq_free_fn free,
                         rq_error **error);

/**
 * Removes all hooks from these settings. A request that is on its way keeps those it began with.
 *
 * Errors: NULL `opts`. Ownership: their contexts are freed, at once or with the last user. Since:
 * 0.1.
 */
void rq_opts_clear_hooks(rq_opts *opts, rq_error **error);

/**
 * Settings of their own, none of them set, for rq_send_with.
 *
 * Errors: `RQ_ERR_PANIC` alone. Ownership: yours, free it with rq_opts_free. Since: 0.1.
 */
rq_opts *rq_opts_new(rq_error **error);

/**
 * Frees what rq_opts_new made. NULL is fine; what a session or a request lends must not be freed.
 *
 * Since: 0.1.
 */
void rq_opts_free(rq_opts *opts);

/**
 * Sets a header; it keeps the place of a session header of that name and takes this spelling.
 * `value` NULL removes it: from the session's defaults, or from what the session would send with
 * this request.
 *
 * Errors: `RQ_ERR_INVALID_HEADER` if the name is no token, or the value holds CR or LF or begins
 * with a blank; blanks at its end are sent. Since: 0.1.
 */
void rq_opts_header(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Adds a header beside others of that name: both are sent.
 *
 * Errors: as rq_opts_header. Since: 0.1.
 */
void rq_opts_header_add(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Sets the connect timeout (DNS, TCP and TLS handshake together) and the read timeout (the longest
 * silence of the peer). 0: none. Defaults: 10,000 and 60,000.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_timeout_ms(rq_opts *opts, uint32_t connect_ms, uint32_t read_ms, rq_error **error);

/**
 * Sets the deadline of the whole call: pool, DNS, connect, TLS, upload, head and body. 0: none,
 * the default.
 *
 * Errors: NULL `opts`; requests that overrun it get `RQ_ERR_TOTAL_TIMEOUT`. Since: 0.1.
 */
void rq_opts_deadline_ms(rq_opts *opts, uint32_t total_ms, rq_error **error);

/**
 * Whether the server's certificate is verified; it is by default. false encrypts, but anyone may
 * be the peer. Connections made either way are never mixed.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_verify(rq_opts *opts, bool verify, rq_error **error);

/**
 * Trusts the certificates of a PEM file, or of every PEM file in a directory, in place of the
 * system's and of those that the environment names. Read now.
 *
 * Errors: `RQ_ERR_FILE` if it cannot be read or holds no certificate. Since: 0.1.
 */
void rq_opts_ca_file(rq_opts *opts, const char *path, rq_error **error);

/**
 * As rq_opts_ca_file, of PEM text in memory.
 *
 * Errors: `RQ_ERR_FILE` if it holds no certificate. Ownership: copied. Since: 0.1.
 */
void rq_opts_ca_pem(rq_opts *opts, const void *pem, size_t len, rq_error **error);

/**
 * Connects to `address` (`"127.0.0.1"`, `"127.0.0.1:8080"`, `"[::1]:8080"`) for `host` and `port`,
 * without a lookup. Host header and certificate check stay those of the URL. A session's setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a port that is not 1 to 65535 or an address that is none.
 * Since: 0.1.
 */
void rq_opts_resolve(rq_opts *opts,
                     const char *host,
                     uint32_t port,
                     const char *address,
                     rq_error **error);

/**
 * Sets how many idle connections are kept in all and for one host (defaults 100 and 10), and how
 * many may be open to one host at a time; further requests wait, for the connect timeout at most.
 * 0 open: no limit, the default. A session's setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
 */
void rq_opts_pool(rq_opts *opts,
                  uint32_t idle_max,
                  uint32_t idle_per_host_max,
                  uint32_t open_per_host_max,
                  rq_error **error);

/**
 * Sets the age at which an idle connection is closed; default 90,000. 0: never. A session's
 * setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
 */
void rq_opts_idle_age_ms(rq_opts *opts, uint32_t idle_age_ms, rq_error **error);

/**
 * Sets the file name that the server sees; NULL: none, a plain field. Unless it is set, a part
 * made from a file has the last piece of its path, and any other part none.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
 */
void rq_part_filename(rq_part *part, const char *filename, rq_error **error);

/**
 * Sets the part's Content-Type; none is guessed.
 *
 * Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
 */
void rq_part_type(rq_part *part, const char *content_type, rq_error **error);

/**
 * Adds a header to the part, after Content-Disposition and Content-Type. One with an empty value
 * is not sent.
 *
 * Errors: `RQ_ERR_INVALID_HEADER`, also for Content-Disposition, which the names make. Since: 0.1.
 */
void rq_part_header(rq_part *part, const char *name, const char *value, rq_error **error);

/**
 * Gives the part these bytes.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
 * 0.1.
 */
void rq_part_bytes(rq_part *part, const void *data, size_t len, rq_error **error);

/**
 * Gives the part the file at `path`: opened now, read while the body is sent.
 *
 * Errors: `RQ_ERR_FILE` if it cannot be opened. Since: 0.1.
 */
void rq_part_file(rq_part *part, const char *path, rq_error **error);

/**
 * Gives the part what `read` gives, as rq_request_body_callback does a body.
 *
 * Errors, ownership: as there. Since: 0.1.
 */
void rq_part_callback(rq_part *part,
                      rq_read_fn read,
                      rq_rewind_fn rewind,
                      void *context,
                      rq_free_fn free,
                      int64_t length,
                      rq_error **error);

/**
 * Prepares a request and sends it, over a kept connection or a new one, but does not wait for the
 * answer: rq_pending_finish reads that. What takes more than that is left to rq_pending_finish as
 * a whole: bodies that are streamed, announced (rq_opts_expect_continue), or larger than 16 KiB,
 * proxies that forward, adapters, and request hooks.
 *
 * `cancel` may be NULL; it holds until the end of the body. Blocks for a connection alone: while
 * rq_opts_pool lets no more of them be open, too. Errors: as rq_prepare; what goes wrong in the
 * sending, rq_pending_finish tells. Ownership: yours, free it with rq_pending_free; `session` and
 * `request` may be freed before. Threads: any number. Since: 0.1.
 */
rq_pending *rq_perform_begin(const rq_session *session,
                             const rq_request *request,
                             const rq_cancel *cancel,
                             rq_error **error);

/**
 * The same for a request that is prepared already, with settings for this sending alone as
 * rq_send_with has them. `opts` and `cancel` may be NULL.
 *
 * Errors: `RQ_ERR_MISUSE`. Ownership: yours, free it with rq_pending_free; the others may be freed
 * before. Threads: as rq_perform_begin. Since: 0.1.
 */
rq_pending *rq_send_begin(const rq_session *session,
                          const rq_prepared *prepared,
                          const rq_opts *opts,
                          const rq_cancel *cancel,
                          rq_error **error);

/**
 * The descriptor that becomes readable when the answer comes, when the connection ends, and when
 * the request is cancelled, to be waited for by poll, epoll or kqueue together with any number of
 * others: then rq_pending_finish waits for the rest of the head at most. -1: there is nothing to
 * wait for, and rq_pending_finish does all that is left.
 *
 * Ownership: lent until rq_pending_finish or rq_pending_free; do nothing with it but wait.
 * Threads: one at a time. Since: 0.1.
 */
int rq_pending_fd(const rq_pending *pending);

/**
 * How many milliseconds the descriptor may still be waited for, by the read timeout and the
 * deadline, rounded up: rq_pending_finish after that tells the timeout, unless the answer came.
 * -1: there is no limit, or nothing to wait for.
 *
 * Threads: one at a time. Since: 0.1.
 */
int64_t rq_pending_wait_ms(const rq_pending *pending);

/**
 * Reads the response's head, and sends before that what has not been sent: what rq_send does, from
 * where the request stands. Blocks where no answer is there yet. The timeouts count from the
 * sending on. It can be called once.
 *
 * Errors: as rq_send; `RQ_ERR_MISUSE` the second time. Ownership: the response is yours, free it
 * with rq_response_free, and `pending` still. Threads: one at a time, and not only the one that
 * began. Since: 0.1.
 */
rq_response *rq_pending_finish(rq_pending *pending, rq_error **error);

/**
 * Frees a pending request, and gives it up with its connection if it is not finished. NULL is
 * fine.
 *
 * Since: 0.1.
 */
void rq_pending_free(rq_pending *pending);

/**
 * Merges a request with a session's defaults into what will be sent. Sends nothing. Without a
 * session (NULL) no default is applied at all. A URL of another scheme can be prepared; whether
 * anything serves it is told when it is sent.
 *
 * Errors: `RQ_ERR_INVALID_URL`, `RQ_ERR_MISSING_SCHEMA`, what the settings cannot be sent as, and
 * what a callback says. Ownership: yours, free it with rq_prepared_free; session and request may
 * be freed before it. Since: 0.1.
 */
rq_prepared *rq_prepare(const rq_session *session, const rq_request *request, rq_error **error);

/**
 * Frees a prepared request. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_prepared_free(rq_prepared *prepared);

/**
 * The method; NULL for NULL.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_method(const rq_prepared *prepared);

/**
 * The URL, normalised: user and password included, if it has any. NULL for NULL.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_url(const rq_prepared *prepared);

/**
 * The value of a header, by name in any case; repeated ones joined by `", "`. NULL if there is
 * none.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_header(const rq_prepared *prepared, const char *name);

/**
 * The header at `index`, in the order in which it will be sent after `Host`; false past the end.
 *
 * Ownership: `*name` and `*value` are lent until the prepared request is changed or freed. Since:
 * 0.1.
 */
bool rq_prepared_header_at(const rq_prepared *prepared,
                           size_t index,
                           const char **name,
                           const char **value);

/**
 * The body and its length; NULL and 0 if there is none, or if it is streamed from a file or a
 * callback and has not been read by rq_prepared_content: see rq_prepared_body_length.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const void *rq_prepared_body(const rq_prepared *prepared, size_t *len);

/**
 * The whole body and its length: one that is streamed from a file or a callback is read into
 * memory, once. For adapters, which answer in place of a server; a body that can be read only once
 * is used up by it. "" and 0 without a body; NULL on failure.
 *
 * Errors: `RQ_ERR_BODY` if it was sent or read before and cannot be read again,
 * `RQ_ERR_BODY_LENGTH`, `RQ_ERR_FILE`, and what its callback says. Ownership: lent until the
 * prepared request is changed or freed. Since: 0.1.
 */
const void *rq_prepared_content(const rq_prepared *prepared, size_t *len, rq_error **error);

/**
 * How long the body is: 0 without one; -1 if only the end of its stream will tell.
 *
 * Since: 0.1.
 */
int64_t rq_prepared_body_length(const rq_prepared *prepared);

/**
 * Replaces the method; it is sent as spelled here.
 *
 * Errors: `RQ_ERR_INVALID_METHOD`; the old one stays. Since: 0.1.
 */
void rq_prepared_set_method(rq_prepared *prepared, const char *method, rq_error **error);

/**
 * Replaces the URL.
 *
 * Errors: as rq_prepare; the old one stays. Since: 0.1.
 */
void rq_prepared_set_url(rq_prepared *prepared, const char *url, rq_error **error);

/**
 * Sets a header in its place, or adds it at the end; `value` NULL removes it. A Content-Length
 * that does not say the length of the body is refused when the request is sent.
 *
 * Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
 */
void rq_prepared_set_header(rq_prepared *prepared,
                            const char *name,
                            const char *value,
                            rq_error **error);

/**
 * Adds a header at the end, beside others of that name.
 *
 * Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
 */
void rq_prepared_add_header(rq_prepared *prepared,
                            const char *name,
                            const char *value,
                            rq_error **error);

/**
 * Replaces the body; Content-Length follows it. `len` 0: no body.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
 * 0.1.
 */
void rq_prepared_set_body(rq_prepared *prepared, const void *data, size_t len, rq_error **error);

/**
 * The request as a curl command line, for people. Credentials and cookies are masked unless
 * `show_secrets`; a body that is streamed, or no text, is to be piped in.
 *
 * Errors: NULL `prepared`. Ownership: lent until the next call of this function or of
 * rq_prepared_proxy, or until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_curl(const rq_prepared *prepared, bool show_secrets, rq_error **error);

/**
 * The URL of the proxy that a send on this session would use, with its credentials if it has any;
 * NULL: none, a direct connection. Sends nothing.
 *
 * Errors: `RQ_ERR_INVALID_PROXY` or `RQ_ERR_INVALID_URL` for a proxy of the environment that
 * cannot be one. Ownership: as rq_prepared_curl. Since: 0.1.
 */
const char *rq_prepared_proxy(const rq_prepared *prepared,
                              const rq_session *session,
                              rq_error **error);

/**
 * A request for `url`. Any token is a method: `"GET"`, `"MKCOL"`. The URL is parsed when the
 * request is prepared.
 *
 * Errors: `RQ_ERR_INVALID_METHOD`. Ownership: yours, free it with rq_request_free. Since: 0.1.
 */
rq_request *rq_request_new(const char *method, const char *url, rq_error **error);

/**
 * Frees a request. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_request_free(rq_request *request);

/**
 * The request's own settings; they win over the session's. NULL for NULL, which every rq_opts_...
 * call reports.
 *
 * Ownership: lent until the request is freed. Since: 0.1.
 */
rq_opts *rq_request_opts(const rq_request *request);

/**
 * Sends these bytes as the body. Content-Length follows; no Content-Type is guessed. `len` 0: no
 * body.
 *
 * A request has one content: parts win over everything (a body beside them is an error), a body
 * over fields and JSON, fields over JSON. Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no
 * object has. Ownership: copied. Since: 0.1.
 */
void rq_request_body(rq_request *request, const void *data, size_t len, rq_error **error);

/**
 * Sends this JSON text, with Content-Type: application/json unless one is set.
 *
 * Errors: `RQ_ERR_INVALID_JSON` for what is not one JSON value in UTF-8. Ownership: copied. Since:
 * 0.1.
 */
void rq_request_json(rq_request *request, const void *json, size_t len, rq_error **error);

/**
 * Adds a form field; names may be repeated. Sent form-encoded, or as multipart/form-data if the
 * request has parts. `value` NULL: nothing is added.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
 */
void rq_request_field(rq_request *request, const char *name, const char *value, rq_error **error);

/**
 * Sends the file at `path` as the body: opened now, read while it is sent, with its length.
 *
 * Errors: `RQ_ERR_FILE` if it cannot be opened; when sent, `RQ_ERR_BODY_LENGTH` if it has become
 * shorter. Since: 0.1.
 */
void rq_request_body_file(rq_request *request, const char *path, rq_error **error);

/**
 * Sends an open file from its position to its end. A regular file is sent with its length, its
 * position is not moved, and it can be sent again; a pipe is sent in chunks, once.
 *
 * Errors: `RQ_ERR_FILE` for what is no open file. Ownership: the descriptor is duplicated. Since:
 * 0.1.
 */
void rq_request_body_fd(rq_request *request, int32_t fd, rq_error **error);

/**
 * Sends what `read` gives while the request is sent: `length` bytes, which it is held to, or, with
 * -1, in chunks until it ends. `rewind` (may be NULL) lets the body be sent again.
 *
 * Errors: `RQ_ERR_MISUSE` for NULL `read`; when sent, what the callbacks say,
 * `RQ_ERR_BODY_LENGTH`, `RQ_ERR_BODY` if it would have to be sent twice. Ownership: `context` is
 * given away, also on error; `free` (may be NULL) is called with it once. Since: 0.1.
 */
void rq_request_body_callback(rq_request *request,
                              rq_read_fn read,
                              rq_rewind_fn rewind,
                              void *context,
                              rq_free_fn free,
                              int64_t length,
                              rq_error **error);

/**
 * Tells `callback` while the body is sent.
 *
 * Errors: `RQ_ERR_MISUSE` for NULL `callback`. Ownership: `context` is given away, also on error;
 * `free` (may be NULL) is called with it once. Since: 0.1.
 */
void rq_request_progress(rq_request *request,
                         rq_progress_fn callback,
                         void *context,
                         rq_free_fn free,
                         rq_error **error);

/**
 * Adds a part: the body becomes multipart/form-data, the fields first, then the parts in order.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a name that is not UTF-8. Ownership: lent until the
 * request is freed. Since: 0.1.
 */
rq_part *rq_request_part(rq_request *request, const char *name, rq_error **error);

/**
 * Frees a response. NULL is fine. A connection whose body was not read to its end is closed,
 * unless the rest has arrived already.
 *
 * Since: 0.1.
 */
void rq_response_free(rq_response *response);

/**
 * The status code, 100 to 999; 0 for NULL.
 *
 * Since: 0.1.
 */
int32_t rq_response_status(const rq_response *response);

/**
 * The reason phrase as received, `"OK"`; empty if there was none. NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_reason(const rq_response *response);

/**
 * The URL that answered. NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_url(const rq_response *response);

/**
 * 11 for HTTP/1.1, 10 for HTTP/1.0; 0 for NULL.
 *
 * Since: 0.1.
 */
int32_t rq_response_http_version(const rq_response *response);

/**
 * The value of a header, by name in any case; repeated ones joined by `", "`. NULL if there is
 * none.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_header(const rq_response *response, const char *name);

/**
 * The header at `index`, as received: order, case, repetition and blanks at the end of a value
 * kept; false past the end.
 *
 * Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
 */
bool rq_response_header_at(const rq_response *response,
                           size_t index,
                           const char **name,
                           const char **value);

/**
 * The trailer field at `index`, sent after a chunked body; false past the end, and until the body
 * has been read to its end.
 *
 * Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
 */
bool rq_response_trailer_at(const rq_response *response,
                            size_t index,
                            const char **name,
                            const char **value);

/**
 * Whether the status is none from 400 to 599; false for NULL.
 *
 * Since: 0.1.
 */
bool rq_response_ok(const rq_response *response);

/**
 * Whether the response is a redirect that could be followed: a status of 301, 302, 303, 307 or 308
 * with a Location.
 *
 * Since: 0.1.
 */
bool rq_response_is_redirect(const rq_response *response);

/**
 * Whether the response is a permanent redirect: a status of 301 or 308 with a Location.
 *
 * Since: 0.1.
 */
bool rq_response_is_permanent_redirect(const rq_response *response);

/**
 * How many responses led to this one: the redirects that were followed, or else the challenge that
 * was answered; each redirect has its own challenge in its own history, as in Requests.
 *
 * Since: 0.1.
 */
size_t rq_response_history_count(const rq_response *response);

/**
 * The response at `index` of those that led to this one, the oldest first; NULL past the end. Up
 * to 64 KiB of its body can be read.
 *
 * Ownership: lent until `response` is freed; must not be freed itself. Since: 0.1.
 */
rq_response *rq_response_history_at(const rq_response *response, size_t index);

/**
 * The request as it was sent. NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const rq_prepared *rq_response_request(const rq_response *response);

/**
 * The request that would follow this redirect, for a redirect that was not followed. NULL without
 * an error: it is no redirect.
 *
 * Errors: `RQ_ERR_INVALID_URL` and its like for a Location that cannot be one; `RQ_ERR_BODY`.
 * Ownership: yours, free it with rq_prepared_free. Since: 0.1.
 */
rq_prepared *rq_response_next(const rq_response *response, rq_error **error);

/**
 * The cookies that this response set, without those of its history: a jar of its own, which no
 * session looks at. NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
rq_cookies *rq_response_cookies(const rq_response *response);

/**
 * Milliseconds from the start of sending until the head was read, without the body; 0 for NULL.
 *
 * Since: 0.1.
 */
double rq_response_elapsed_ms(const rq_response *response);

/**
 * Whether the response came over a connection that was kept from an earlier request; false for
 * NULL.
 *
 * Since: 0.1.
 */
bool rq_response_reused(const rq_response *response);

/**
 * Turns a status from 400 to 599 into an error, worded as Requests' raise_for_status does.
 *
 * Errors: `RQ_ERR_STATUS`, with the status in rq_error_status. Since: 0.1.
 */
void rq_response_raise(const rq_response *response, rq_error **error);

/**
 * Sends a prepared request exactly as it stands and reads the response's head; the body is read
 * with rq_body_read. Redirects are followed, challenges answered, and what failed is tried again
 * as the settings say. A kept connection that turns out dead is replaced once, if sending twice is
 * the same as sending once.
 *
 * `cancel` may be NULL; it holds for the body too. Blocks. Errors: any from `RQ_ERR_CALLBACK` to
 * `RQ_ERR_BODY_LENGTH`, and `RQ_ERR_TOO_MANY_REDIRECTS`; a status such as 404 is none. Ownership:
 * yours, free it with rq_response_free. Threads: any number may send on one session, and the same
 * prepared request too (which one of them may read) while nobody changes it. Since: 0.1.
 */
rq_response *rq_send(const rq_session *session,
                     const rq_prepared *prepared,
                     const rq_cancel *cancel,
                     rq_error **error);

/**
 * rq_send with settings for this sending alone: timeouts, deadline, verification, CA, proxies,
 * jar, redirects, retries, decoding and limits of `opts` win over those of the request and of the
 * session; its hooks run after theirs. Its other settings have no effect: what is sent was
 * prepared. `opts` may be NULL, and stays as it is.
 *
 * Errors, ownership, threads: as rq_send; `RQ_ERR_MISUSE` also. Since: 0.1.
 */
rq_response *rq_send_with(const rq_session *session,
                          const rq_prepared *prepared,
                          const rq_opts *opts,
                          const rq_cancel *cancel,
                          rq_error **error);

/**
 * rq_prepare and rq_send in one call.
 *
 * Errors, ownership, threads: as theirs. Since: 0.1.
 */
rq_response *rq_perform(const rq_session *session,
                        const rq_request *request,
                        const rq_cancel *cancel,
                        rq_error **error);

/**
 * Sends a GET for `url` with the session's defaults.
 *
 * Errors, ownership, threads: as rq_perform. Since: 0.1.
 */
rq_response *rq_get(const rq_session *session, const char *url, rq_error **error);

/**
 * Sends a POST of this JSON text for `url`, with the session's defaults and Content-Type:
 * application/json.
 *
 * Errors, ownership, threads: as rq_perform; `RQ_ERR_INVALID_JSON` for what is not one JSON value.
 * Since: 0.1.
 */
rq_response *rq_post_json(const rq_session *session,
                          const char *url,
                          const char *json,
                          rq_error **error);

/**
 * Sends a GET for `url` with the session's defaults, turns a status from 400 to 599 into an error,
 * and writes the body to the file at `path`: rq_get, rq_response_raise and rq_body_save in one
 * call. Returns its bytes; -1 on error, and the file is as it was.
 *
 * Blocks. Errors: as rq_perform, rq_response_raise and rq_body_save. Threads: any number. Since:
 * 0.1.
 */
int64_t rq_download(const rq_session *session, const char *url, const char *path, rq_error **error);

/**
 * A session with default settings: the headers User-Agent, Accept-Encoding, Accept and Connection,
 * verification on, connect timeout 10 s, read timeout 60 s. Opens nothing yet.
 *
 * Errors: `RQ_ERR_PANIC` alone. Ownership: yours, free it with rq_session_free. Threads: any
 * number. Since: 0.1.
 */
rq_session *rq_session_new(rq_error **error);

/**
 * Frees a session and closes its idle connections. NULL is fine. Responses of it can still be
 * read.
 *
 * Since: 0.1.
 */
void rq_session_free(rq_session *session);

/**
 * The session's settings, the defaults of each of its requests. NULL for NULL, which every
 * rq_opts_... call reports.
 *
 * Ownership: lent until the session is freed. Threads: any number. Since: 0.1.
 */
rq_opts *rq_session_opts(const rq_session *session);

/**
 * Closes the connections that no request uses. The session stays usable.
 *
 * Threads: any number. Since: 0.1.
 */
void rq_session_close_idle(const rq_session *session);

/**
 * The encoding of the text as rq_response_set_encoding or the response declares it: a charset in
 * Content-Type, UTF-8 for JSON, ISO-8859-1 for other text; NULL if there is none, and rq_body_text
 * guesses.
 *
 * Ownership: lent until the response is freed or its encoding set. Since: 0.1.
 */
const char *rq_response_encoding(const rq_response *response);

/**
 * Sets the encoding in which text and text lines are read, in place of the declared one; NULL: the
 * declared one again.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a label that names no encoding; the old one stays. Since:
 * 0.1.
 */
void rq_response_set_encoding(rq_response *response, const char *label, rq_error **error);

/**
 * The encoding that the body looks like. Reads the whole body. NULL on error.
 *
 * Blocks. Errors: as rq_body_bytes. Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_apparent_encoding(rq_response *response, rq_error **error);

/**
 * The URL of the link with this relation (`"next"`) in the Link headers, as they spell it: it may
 * be relative. NULL if there is none.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_link(const rq_response *response, const char *rel);

/**
 * The link at `index` of the Link headers: its relation, or its URL if it has none, and its URL.
 * False past the end.
 *
 * Ownership: `*key` and `*url` are lent until the response is freed. Since: 0.1.
 */
bool rq_response_link_at(const rq_response *response,
                         size_t index,
                         const char **key,
                         const char **url);

/**
 * The parameter at `index` of a link, `rel` included; false past the end.
 *
 * Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
 */
bool rq_response_link_param_at(const rq_response *response,
                               size_t link,
                               size_t index,
                               const char **name,
                               const char **value);

/**
 * Reads some of the body as text into `buf`: whole characters in UTF-8, no NUL behind them.
 * Returns how many bytes, 0 at the end, -1 on error. What is malformed becomes U+FFFD.
 *
 * Blocks. Errors: as rq_body_read; `RQ_ERR_INVALID_ARGUMENT` for a `cap` below 4. Since: 0.1.
 */
int64_t rq_body_read_text(rq_response *response, char *buf, size_t cap, rq_error **error);

/**
 * Reads the next line, without its terminator: `\n`, `\r\n` or `\r`, or what
 * rq_body_line_delimiter set. A NUL that `len` does not count follows it. NULL without an error:
 * the end of the body.
 *
 * Blocks. Errors: as rq_body_read; `RQ_ERR_LIMIT` for a line that is too long. Ownership: lent
 * until the next line is read or the response is freed. Since: 0.1.
 */
const char *rq_body_line(rq_response *response, size_t *len, rq_error **error);

/**
 * As rq_body_line, with the line as UTF-8, whatever the encoding it came in. Lines end also with
 * `\v`, `\f`, U+001C to U+001E, U+0085, U+2028 and U+2029, as Python's splitlines has it.
 *
 * Blocks. Errors, ownership: as rq_body_line. Since: 0.1.
 */
const char *rq_body_text_line(rq_response *response, size_t *len, rq_error **error);

/**
 * Sets what ends a line, in place of the usual ends; for text lines it is UTF-8. `len` 0: the
 * usual ends again. Before the first line is read.
 *
 * Errors: `RQ_ERR_MISUSE` once lines are being read. Ownership: copied. Since: 0.1.
 */
void rq_body_line_delimiter(rq_response *response,
                            const void *delimiter,
                            size_t len,
                            rq_error **error);

/**
 * Reads all that is left of the body and keeps it: as UTF-8, decoded from the response's encoding
 * or, if it has none, from the one it looks like. What is malformed becomes U+FFFD. A NUL that
 * `len` does not count follows it. NULL on error.
 *
 * Blocks. Errors: as rq_body_read. Ownership: lent until the response is freed or its encoding
 * set. Since: 0.1.
 */
const char *rq_body_text(rq_response *response, size_t *len, rq_error **error);

/**
 * Reads all that is left of the body and keeps it: as JSON text in UTF-8 without a byte order
 * mark, whatever UTF-8, UTF-16 or UTF-32 it came in. It is not parsed. A NUL that `len` does not
 * count follows it. NULL on error.
 *
 * Blocks. Errors: as rq_body_read; `RQ_ERR_INVALID_JSON` for what is none of those encodings.
 * Ownership: as rq_body_text. Since: 0.1.
 */
const char *rq_body_json(rq_response *response, size_t *len, rq_error **error);

/**
 * Shows a certificate to servers that ask for one: a PEM file with it, and its chain behind it.
 * `key_path` names the PEM file of its private key, NULL: it is in the same file. `password` is
 * for an encrypted key, NULL: it is not. Read now. `cert_path` NULL: none is shown, whatever the
 * session has.
 *
 * Errors: `RQ_ERR_FILE` if a file cannot be read or holds no certificate or key, if the password
 * is missing or wrong, or if the two do not belong together; `RQ_ERR_MISUSE` for a key without a
 * certificate. Since: 0.1.
 */
void rq_opts_cert(rq_opts *opts,
                  const char *cert_path,
                  const char *key_path,
                  const char *password,
                  rq_error **error);

/**
 * As rq_opts_cert, from PEM text in memory. `key` NULL: it is in `cert`.
 *
 * Errors: as rq_opts_cert. Ownership: copied. Since: 0.1.
 */
void rq_opts_cert_pem(rq_opts *opts,
                      const void *cert,
                      size_t cert_len,
                      const void *key,
                      size_t key_len,
                      const char *password,
                      rq_error **error);

/**
 * Asks for this name in the TLS handshake, and demands it of the server's certificate, in place of
 * the URL's host: a host name or an address. The Host header stays.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a text that is neither. Since: 0.1.
 */
void rq_opts_server_name(rq_opts *opts, const char *name, rq_error **error);

/**
 * The oldest version of TLS that is spoken, `RQ_TLS_1_2` (the default) or `RQ_TLS_1_3`; it holds
 * for the connection to an https:// proxy too.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for any other number. Since: 0.1.
 */
void rq_opts_tls_min(rq_opts *opts, int32_t version, rq_error **error);

/**
 * Accepts only servers whose own certificate has this public key, or another one that is pinned:
 * `"sha256//…"` (as in curl) or `"pin-sha256=\"…\""` (RFC 7469), with the base64 of the key's
 * SHA-256. What is pinned adds up; a request's pins replace the session's. Checked with
 * verification off too.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a text that is no pin; requests to a server with another
 * key get `RQ_ERR_TLS`. Since: 0.1.
 */
void rq_opts_pin(rq_opts *opts, const char *pin, rq_error **error);

/**
 * As rq_opts_verify, for an https:// proxy. Until one of the rq_opts_proxy_... trust settings is
 * made, a proxy is trusted as the server is.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_proxy_verify(rq_opts *opts, bool verify, rq_error **error);

/**
 * As rq_opts_ca_file, for an https:// proxy.
 *
 * Errors: as rq_opts_ca_file. Since: 0.1.
 */
void rq_opts_proxy_ca_file(rq_opts *opts, const char *path, rq_error **error);

/**
 * As rq_opts_ca_pem, for an https:// proxy.
 *
 * Errors: as rq_opts_ca_pem. Ownership: copied. Since: 0.1.
 */
void rq_opts_proxy_ca_pem(rq_opts *opts, const void *pem, size_t len, rq_error **error);

/**
 * As rq_opts_cert, for an https:// proxy, which never sees the certificate that is for servers.
 *
 * Errors: as rq_opts_cert. Since: 0.1.
 */
void rq_opts_proxy_cert(rq_opts *opts,
                        const char *cert_path,
                        const char *key_path,
                        const char *password,
                        rq_error **error);

/**
 * As rq_opts_cert_pem, for an https:// proxy.
 *
 * Errors: as rq_opts_cert. Ownership: copied. Since: 0.1.
 */
void rq_opts_proxy_cert_pem(rq_opts *opts,
                            const void *cert,
                            size_t cert_len,
                            const void *key,
                            size_t key_len,
                            const char *password,
                            rq_error **error);

/**
 * Connects from this address of this machine, to addresses of its family only; NULL: from
 * whichever fits, whatever the session has. It holds for the connection to a proxy too.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a text that is no address; requests get `RQ_ERR_CONNECT`
 * if it is no address of this machine. Since: 0.1.
 */
void rq_opts_source_address(rq_opts *opts, const char *address, rq_error **error);

/**
 * Sends through the unix domain socket at `path`, whatever the URL's host, and through no proxy;
 * NULL: over TCP, whatever the session has. For one URL there is
 * `http+unix://%2Frun%2Fx.sock/path` too.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for an empty path or one that is longer than the system
 * allows. Since: 0.1.
 */
void rq_opts_unix_socket(rq_opts *opts, const char *path, rq_error **error);

/**
 * The version of the library in use, `"0.1.0"`; compare with `RQ_VERSION`, that of the header.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_version(void);

/**
 * The version as a number, `major << 16 | minor << 8 | patch`.
 *
 * Since: 0.1.
 */
uint32_t rq_version_number(void);

/**
 * The name of an error code, `"RQ_ERR_DNS"`; `"RQ_ERR_UNKNOWN"` for a number that is none.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_code_name(int32_t code);

/**
 * The words that rq_error_reason can tell, one by one; NULL past the last.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_reason_at(size_t index);

/**
 * Sets a query parameter, in place of others of that name; it is form-encoded. `value` NULL
 * removes it: on a request, what the session would add too.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
 */
void rq_opts_param(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Adds a query parameter beside others of that name.
 *
 * Errors: as rq_opts_param. Since: 0.1.
 */
void rq_opts_param_add(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Appends query text as it is, in place of all parameters of this level; a request's replaces the
 * session's parameters too. NULL: nothing.
 *
 * Errors: as rq_opts_param. Since: 0.1.
 */
void rq_opts_params_raw(rq_opts *opts, const char *query, rq_error **error);

/**
 * Whether path, query and fragment of URLs stay as they are written, dot segments and escapes
 * included. By default they are normalised as Requests does.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_path_as_is(rq_opts *opts, bool as_is, rq_error **error);

/**
 * Sends a cookie with this request: bound to its origin, and not kept. It takes the place of the
 * session's cookie of that name that goes to every host; those of a domain or path are sent beside
 * it. `value` NULL: all that the session has of that name is left out. A request's setting; a
 * session has rq_cookies.
 *
 * Errors: `RQ_ERR_INVALID_COOKIE` for what no Cookie header can hold; `RQ_ERR_INVALID_ARGUMENT` on
 * a session's settings. Since: 0.1.
 */
void rq_opts_cookie(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Whether the session's cookies are sent, and the cookies of replies kept; they are by default.
 * Without them, only a request's own cookies are sent.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_jar(rq_opts *opts, bool used, rq_error **error);

/**
 * Sets the proxy for what `key` covers: `"http"`, `"https"`, `"all"`, `"http://host"`,
 * `"all://host"`. Its `url` may hold user and password; its scheme is http, https (TLS to the
 * proxy itself), socks5h or socks4a (the proxy looks names up), socks5 or socks4 (names are looked
 * up here). `url` NULL or `""`: direct. What is set here wins over the environment, key by key: as
 * in Requests, `http_proxy` of the environment comes before what is set here for `"all"`.
 *
 * Errors: `RQ_ERR_INVALID_PROXY` for a URL without a host, `RQ_ERR_INVALID_URL` for a scheme that
 * is no proxy's. Since: 0.1.
 */
void rq_opts_proxy(rq_opts *opts, const char *key, const char *url, rq_error **error);

/**
 * Hosts to reach without the environment's proxies, in place of NO_PROXY: names, `.suffixes`,
 * `*.suffixes`, addresses, ranges (`10.0.0.0/8`, `fd00::/8`), each with a port if wanted,
 * separated by commas; `"*"`: all. NULL: NO_PROXY counts.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
 */
void rq_opts_no_proxy(rq_opts *opts, const char *list, rq_error **error);

/**
 * Whether the environment's proxies (http_proxy, https_proxy, all_proxy, no_proxy), CA bundle
 * (REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, else SSL_CERT_FILE and SSL_CERT_DIR together; what the
 * settings say of trust wins) and netrc file (NETRC, ~/.netrc, ~/_netrc) are used; they are by
 * default. All are read once for a session. A session's setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
 */
void rq_opts_trust_env(rq_opts *opts, bool trust, rq_error **error);

/**
 * Lets the session see `value` in place of the process's environment variable; NULL: as if it were
 * not set. Safe while other threads run, which setenv is not. A session's setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
 */
void rq_opts_env(rq_opts *opts, const char *name, const char *value, rq_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RQ_H */
