/*
 * compat: included before everything by the Makefile.  What must not be
 * called is poisoned here; the only place for feature tests of the platform.
 */
#ifndef COMMON_COMPAT_H
#define COMMON_COMPAT_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Address sanitizer reserves terabytes, and opens a file for what it finds. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol atoll

#endif
