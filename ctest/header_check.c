/* rq.h and rq_sugar.h as C99, C11, C17 and, by header_check.cc, as C++11 and C++20: included twice,
 * every warning an error, and linked: a function that C++ had mangled would not be found. */
#include <rq.h>
#include <rq.h>
#include <rq_sugar.h>
#include <rq_sugar.h>

#include <string.h>

int main(void) {
  rq_auto(error) e = NULL;
  rq_auto(session) session = rq_session_new(&e);
  rq_auto(request) request = rq_request_new("GET", "http://localhost/", &e);
  rq_auto(prepared) prepared = rq_prepare(session, request, &e);
  return e || !prepared || strcmp(rq_version(), RQ_VERSION) != 0;
}
