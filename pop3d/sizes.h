/*
 * sizes: the sizes of all messages of a maildrop, counted by several processes
 * where many are not known.
 */
#ifndef POP3D_SIZES_H
#define POP3D_SIZES_H

#include "pop3d/maildrop.h"

#define SIZES_MANY 2000 /* so many are worth helpers */
#define SIZES_HELPERS 3

/*
 * Makes sizes known where that goes without a word to the log; what is left is
 * for mailfile_size().
 */
void sizes_learn(struct maildrop *);

#endif
