/* A session keeps the cookies that servers set, and yours; a file keeps them for the next run. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const char *paths[] = {"/headers", "/echo"}; /* the first one sets two cookies */

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_cookies *cookies = rq_session_cookies(session);
  rq_cookies_set(cookies, "theme", "dark", NULL, NULL, false, &e);
  for (int i = 0; i < 2 && !e; i++) {
    char url[1024];
    snprintf(url, sizeof url, "%s%s", argv[1], paths[i]);
    rq_response *response = rq_get(session, url, &e);
    const char *sent = rq_prepared_header(rq_response_request(response), "Cookie");
    if (!e) printf("%s was sent %s\n", paths[i], sent);
    rq_response_free(response);
  }

  rq_cookie_list *list = rq_cookies_list(cookies, &e);
  const char *name, *value;
  for (size_t i = 0; rq_cookie_list_at(list, i, &name, &value, NULL, NULL); i++)
    printf("%s is %s\n", name, value);
  rq_cookies_save(cookies, "cookies.txt", &e); /* rq_cookies_load brings them back */

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_cookie_list_free(list);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
