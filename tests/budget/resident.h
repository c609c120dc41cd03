/* What a program of the budgets holds of the machine's memory, as the kernel counts it. */
#ifndef RESIDENT_H
#define RESIDENT_H

#include <stdio.h>

/* KiB; -1 if the kernel does not say. */
static long resident_kib(void) {
  char line[256];
  long kib = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmRSS: %ld", &kib) == 1) break;
  if (status) fclose(status);
  return kib;
}

#endif
