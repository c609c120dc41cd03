// The same check in C++: see header_check.c.
#include "header_check.c"
