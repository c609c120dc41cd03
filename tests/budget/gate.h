/*
 * Takes the chance out of reading a long answer. How many reads it takes, and what is copied
 * between them, depends on what has arrived at each; so the program waits, between sending and
 * reading, until its socket holds all of the answer. That takes three system calls a request, and
 * a trace hook.
 *
 * Nothing is left to be read when a request is sent, so its answer is all that comes; poll reports
 * a socket when it holds as much as SO_RCVLOWAT says. The length of an answer, TLS and all, is
 * learnt from the one before the first that is waited for.
 */
#ifndef RQ_BUDGET_GATE_H
#define RQ_BUDGET_GATE_H

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <rq.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

/* From the 100th to the 999th on its connection, a request's number has three digits, and every
 * answer of testd one length. */
enum { GATE_WARM_UP = 100, GATE_ROOM_BYTES = 4 << 20, GATE_HANG_MS = 20000, DESCRIPTORS = 64 };

typedef struct {
  int socket;
  /* Bytes of an answer; 0 until it is known, and nothing is waited for. */
  int answer;
  bool hung;
} gate;

/* For rq_opts_on_trace, with the gate. */
static void gate_wait(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
  (void)elapsed_us, (void)about;
  gate *gate = context;
  if (step != RQ_STEP_SENT || gate->answer == 0) return;
  struct pollfd ready = {gate->socket, POLLIN, 0};
  int one = 1;
  setsockopt(gate->socket, SOL_SOCKET, SO_RCVLOWAT, &gate->answer, sizeof gate->answer);
  gate->hung |= poll(&ready, 1, GATE_HANG_MS) != 1;
  setsockopt(gate->socket, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
}

/* The descriptor of the connection to the port of `url`; -1: none. */
static int gate_connection(const char *url) {
  int port = -1;
  sscanf(url, "%*[a-z]://%*[^:]:%d", &port);
  for (int fd = 0; fd < DESCRIPTORS; fd++) {
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
        ntohs(peer.sin_port) == port)
      return fd;
  }
  return -1;
}

/* Of all time, on the connection. */
static long gate_received(const gate *gate) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  if (getsockopt(gate->socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
  return (long)info.tcpi_bytes_received;
}

/* Asking for a low water mark makes the socket's room large enough for it. */
static void gate_make_room(const gate *gate) {
  int room = GATE_ROOM_BYTES, one = 1;
  setsockopt(gate->socket, SOL_SOCKET, SO_RCVLOWAT, &room, sizeof room);
  setsockopt(gate->socket, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
}

/* From here on, every GET of `url` waits for its answer. `get` makes one, and is true if it went
 * well; the first of them has opened the connection. HEADs count requests up to three digits: their
 * answers come in one piece. */
static bool gate_begin(gate *gate, const rq_session *session, const char *url,
                       bool (*get)(void *context, rq_error **e), void *context, rq_error **e) {
  if ((gate->socket = gate_connection(url)) < 0) return false;
  gate_make_room(gate);
  rq_request *head = rq_request_new("HEAD", url, e);
  for (int left = GATE_WARM_UP; left > 0 && *e == NULL; left--)
    rq_response_free(rq_perform(session, head, NULL, e));
  rq_request_free(head);
  /* The server learns of the room as this one is read. */
  bool done = get(context, e);
  long before = gate_received(gate);
  done = done && get(context, e);
  gate->answer = (int)(gate_received(gate) - before);
  return done && before > 0 && gate->answer > 0;
}

#endif
