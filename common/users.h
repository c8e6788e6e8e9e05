/*
 * users: the system users of the suite; no two roles of trust share one.
 * In user mode all of them are the invoking user.
 */
#ifndef COMMON_USERS_H
#define COMMON_USERS_H

#define USER_QUEUE "postrider"     /* queued, bounce */
#define USER_AUTH "postrider-auth" /* authd */
#define USER_NET "postrider-net"   /* smtpd, pop3d */
#define USER_TLS "postrider-tls"   /* tlsd */
#define USER_DNS "postrider-dns"   /* dnsd */
#define USER_OUT "postrider-out"   /* remote */
#define USER_MAIL "postrider-mail" /* Maildirs of virtual users */
#define USER_PIPE "postrider-pipe" /* commands, files and lists of aliases */
#define USER_MAP "postrider-map"   /* mapd */

/* All of them, for an array of names. */
#define USERS_ALL                                                              \
	{                                                                      \
		USER_QUEUE, USER_AUTH, USER_TLS, USER_NET, USER_DNS, USER_OUT, \
		    USER_MAIL, USER_PIPE, USER_MAP                             \
	}
#define USERS_COUNT 9

#endif
