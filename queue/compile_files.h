/*
 * compile_files: the files of the configuration, as files.
 */
#ifndef QUEUE_COMPILE_FILES_H
#define QUEUE_COMPILE_FILES_H

#include "queue/conf.h"

/*
 * Warns of files that others than their owner and root may write, and of a file
 * that option system-aliases names and that is not there.
 */
void compile_files(struct conf *);

#endif
