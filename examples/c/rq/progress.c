/* progress.c: how far a download is, on standard error: a bar that is redrawn on a terminal, a line
 * at every quarter elsewhere. librq's hook tells the bytes; the clock here moves the bar only. */
#include "cli.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double REDRAW_S = 0.1;

enum { COLUMNS_DEFAULT = 80, COLUMNS_MAX = 200, BAR_MIN = 10 };

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "12.3 MiB", in at most 10 columns. */
static const char *size_text(double bytes, char *into, size_t room) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++) bytes /= 1024;
  snprintf(into, room, "%.*f %s", unit ? 1 : 0, bytes, units[unit]);
  return into;
}

static size_t columns(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return COLUMNS_DEFAULT;
  return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

/* " 12.3 MiB of 99.9 MiB  1.2 MiB/s  0:42 left" */
static void numbers(const progress *this, char *into, size_t room) {
  char is[32], all[32], rate[32];
  uint64_t done = this->done;
  int64_t total = this->total;
  double elapsed_s = now_s() - this->began_s;
  double rate_s = elapsed_s > 0 ? (double)(done - this->base) / elapsed_s : 0;
  size_text((double)done, is, sizeof is);
  size_text(rate_s, rate, sizeof rate);
  if (total < 0) {
    snprintf(into, room, "%s  %s/s", is, rate);
  } else if (done >= (uint64_t)total) {
    snprintf(into, room, "%s  %s/s  %.1f s", is, rate, elapsed_s);
  } else {
    double left_s = rate_s > 0 ? ((double)total - (double)done) / rate_s : 0;
    int shown_s = left_s < 359999 ? (int)left_s : 359999;
    snprintf(into, room, "%s of %s  %s/s  %d:%02d left", is,
             size_text((double)total, all, sizeof all), rate, shown_s / 60, shown_s % 60);
  }
}

static int64_t parts_done(const progress *this, uint64_t parts) {
  return (int64_t)((double)this->done * (double)parts / (double)this->total);
}

/* One line, padded over what was there before, and never wider than the terminal. */
static void draw(progress *this) {
  char text[128], line[COLUMNS_MAX + 1];
  size_t room = columns() - 1, used = 0;
  if (room > COLUMNS_MAX) room = COLUMNS_MAX; /* a terminal without columns */
  numbers(this, text, sizeof text);
  size_t beside = strlen(text) + sizeof "100 % [] " - 1;
  if (this->total > 0 && room >= beside + BAR_MIN) {
    size_t width = room - beside;
    size_t full = (size_t)parts_done(this, width);
    if (full > width) full = width;
    used = (size_t)snprintf(line, sizeof line, "%3d %% [", (int)parts_done(this, 100));
    memset(line + used, '#', full);
    memset(line + used + full, '-', width - full);
    used += width;
    used += (size_t)snprintf(line + used, sizeof line - used, "] %s", text);
  } else {
    used = (size_t)snprintf(line, sizeof line, "%s", text);
  }
  if (used > room) used = room;
  size_t pad = this->drawn > used ? this->drawn - used : 0;
  fprintf(stderr, "\r%.*s%*s", (int)used, line, (int)pad, "");
  fflush(stderr);
  this->drawn = used;
}

static void redraw(progress *this) {
  double now = now_s();
  if (now - this->drawn_s < REDRAW_S) return;
  this->drawn_s = now;
  draw(this);
}

static void tell_quarters(progress *this) {
  if (this->total <= 0 || parts_done(this, 4) <= this->quarters) return;
  this->quarters = parts_done(this, 4);
  say("%d %% of %" PRId64 " bytes", (int)parts_done(this, 100), this->total);
}

static void told(void *context, uint64_t bytes, int64_t total, rq_error **error) {
  progress *this = context;
  (void)error;
  if (!this->on) return;
  this->done = this->base + bytes;
  this->total = total < 0 ? total : total + (int64_t)this->base;
  if (this->bar) {
    redraw(this);
  } else {
    tell_quarters(this);
  }
}

void progress_watch(progress *this, rq_opts *opts, rq_error **error) {
  this->bar = isatty(STDERR_FILENO) == 1;
  rq_opts_on_download(opts, told, this, NULL, error);
}

/* From now on the body that is read is the one that was asked for. */
void progress_begin(progress *this, uint64_t base) {
  this->on = true;
  this->base = base;
  this->began_s = now_s();
}

/* The last state stays to be seen, also of a download that broke off. */
void progress_end(progress *this) {
  if (this->bar && this->on && this->done > this->base) {
    draw(this);
    fputc('\n', stderr);
  }
  this->drawn = 0;
  this->on = false;
}
