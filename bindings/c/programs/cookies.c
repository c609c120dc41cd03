// Sets a cookie, is given others, lists them all and keeps them in a file.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_cookies *jar = rq_session_cookies(s);
  rq_cookies_set(jar, "theme", "dark", "example.org", NULL, false, &e);
  rq_response_free(rq_get(s, "https://example.org/headers", &e));

  rq_cookie_list *list = rq_cookies_list(jar, &e);
  const char *name, *value, *domain;
  for (size_t i = 0; rq_cookie_list_at(list, i, &name, &value, &domain, NULL); i++)
    printf("%s=%s, %s\n", name, value, domain);
  rq_cookies_save(jar, "cookies.txt", &e);

  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  int failed = e != NULL;
  rq_cookie_list_free(list);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
