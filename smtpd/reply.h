/*
 * reply: what smtpd says, by the reason for saying it.
 *
 * Every reply is a row: code (RFC 5321 section 4.2), enhanced code (RFC 3463)
 * and words that tell a person what to do next.  "$" in the words stands for
 * the one thing that differs from case to case.
 */
/* clang-format off */
#ifndef SMTPD_REPLY_H
#define SMTPD_REPLY_H

#include <stddef.h>

#include "common/outcome.h"

#define REPLY_MAX	512	/* bytes with CRLF, RFC 5321 4.5.3.1.5 */

/* R(name, code, enhanced code or "", words) */
#define REPLIES(R)	\
R(TLS_GO,	220, "2.0.0", "Go ahead with TLS")	\
R(BYE,		221, "2.0.0", "Goodbye")	\
R(LOGGED_IN,	235, "2.7.0", "Logged in")	\
R(OK,		250, "2.0.0", "Ok")	\
R(SENDER_OK,	250, "2.1.0", "Sender ok")	\
R(RCPT_OK,	250, "2.1.5", "Recipient ok")	\
R(CHUNK,	250, "2.0.0", "$ octets taken")	\
R(ACCEPTED,	250, "2.0.0", "Accepted, id $")	\
R(VRFY,		252, "2.5.0", "Not told; send mail to find out")	\
R(GO_AHEAD,	354, "", "Send the message, then a line with one dot")	\
	\
R(NO_QUEUE,	421, "4.3.0", "The queue does not take mail in this session; please connect again later")	\
R(IDLE,		421, "4.4.2", "No command came in time; please connect again")	\
R(DATA_IDLE,	421, "4.4.2", "The message stopped coming; please connect again and send it anew")	\
R(SLOW,		421, "4.4.2", "The message came too slowly; please connect again when the line is better")	\
R(TOO_LONG_OPEN, 421, "4.4.2", "This session has lasted too long; please connect again")	\
R(MANY_ERRORS,	421, "4.7.0", "Too many refused commands; please connect again when they are mended")	\
R(MUCH_JUNK,	421, "4.7.0", "Too many commands that move no mail; please connect again to send some")	\
R(NO_MEMORY,	421, "4.3.0", "Out of memory; please connect again later")	\
	\
R(QUEUE_DOWN,	451, "4.3.0", "The queue is not running; please try again later")	\
R(LOOKUP_DOWN,	451, "4.3.0", "Accounts cannot be looked up now; please try again later")	\
R(ASK_DOWN,	451, "4.3.0", "Who that recipient is cannot be found out now; please try again later")	\
R(MANY_RCPTS,	452, "4.5.3", "Enough recipients for one message; send it now, then the same to the rest")	\
R(AUTH_DOWN,	454, "4.7.0", "Nobody can log in now; please connect again later")	\
R(TLS_DOWN,	454, "4.7.0", "There is no TLS now; please connect again later")	\
R(TLS_WITHOUT,	454, "4.7.0", "There is no TLS now; go on without it, or connect again later")	\
R(TLS_PENALTY,	454, "4.7.0", "Too many failed handshakes from your address; please try again in a minute")	\
R(TLS_NO_CERT,	454, "4.7.0", "There is no certificate for TLS here; the administrator can run: postrider tls make-cert")	\
	\
R(UNKNOWN,	500, "5.5.1", "No such command; HELP lists those that there are")	\
R(LINE_BAD,	500, "5.5.2", "Lines must end in CRLF and hold no other CR, LF or NUL; closing")	\
R(LINE_LONG,	500, "5.5.2", "Line too long; shorten it and try again")	\
R(AUTH_LONG,	500, "5.5.6", "Line too long for a login; start again with AUTH")	\
R(LINE_ENDLESS,	421, "4.7.0", "Line without an end; closing")	\
R(NO_ARGUMENT,	501, "5.5.4", "$ takes no argument; send the word alone")	\
R(ARGUMENT,	501, "5.5.4", "$")	\
R(CHUNK_SIZE,	501, "5.5.4", "Say BDAT, how many octets follow, and LAST with the last of them; closing")	\
R(CHUNK_WORD,	501, "5.5.4", "Only LAST may follow the number of octets; the message is dropped")	\
R(MAIL_SYNTAX,	501, "5.5.4", "Say MAIL FROM:<address>, with the brackets; MAIL FROM:<> for none")	\
R(RCPT_SYNTAX,	501, "5.5.4", "Say RCPT TO:<address>, with the brackets")	\
R(SENDER_SYNTAX, 501, "5.1.7", "That sender is not a mail address; write <user@example.org>")	\
R(RCPT_BAD,	501, "5.1.3", "That recipient is not a mail address; write <user@example.org>")	\
R(SENDER_LONG,	501, "5.1.7", "A part of that sender address is too long (64 bytes before the @, 255 behind)")	\
R(RCPT_LONG,	501, "5.1.3", "A part of that recipient address is too long (64 bytes before the @, 255 behind)")	\
R(SENDER_DOMAIN, 501, "5.1.7", "That sender has no domain; write <user@example.org>")	\
R(RCPT_DOMAIN,	501, "5.1.3", "That recipient has no domain; write <user@example.org>")	\
R(RCPT_NULL,	501, "5.1.3", "<> can receive nothing; write <user@example.org>")	\
R(SENDER_IDN,	501, "5.1.8", "The domain of that sender is no name in DNS, whatever its letters are")	\
R(RCPT_IDN,	501, "5.1.2", "The domain of that recipient is no name in DNS, whatever its letters are")	\
R(PARAM_BAD,	501, "5.5.4", "Parameter $ is malformed, has a bad value or is given twice")	\
R(AUTH_BASE64,	501, "5.5.2", "That is not base64; start again with AUTH")	\
R(AUTH_CANCEL,	501, "5.7.0", "Login cancelled; start again with AUTH")	\
R(AUTH_SYNTAX,	501, "5.5.4", "Say AUTH and one of the mechanisms that EHLO lists")	\
R(NOT_HERE,	502, "5.5.1", "$ is not offered here; HELP lists the commands that are")	\
R(AUTH_NOT_HERE, 502, "5.5.1", "Nobody logs in here; to send mail of your own use port 465 or 587")	\
R(HELLO_FIRST,	503, "5.5.1", "Say EHLO and the name of your host first")	\
R(MAIL_FIRST,	503, "5.5.1", "Say MAIL FROM:<address> first")	\
R(RCPT_FIRST,	503, "5.5.1", "No recipient yet; say RCPT TO:<address> first")	\
R(NESTED,	503, "5.5.1", "A message is begun; go on with RCPT or DATA, or say RSET to drop it")	\
R(CHUNKS,	503, "5.5.1", "A message comes in chunks; go on with BDAT, or say RSET to drop it")	\
R(BINARY_DATA,	503, "5.5.1", "A message with BODY=BINARYMIME comes by BDAT, not DATA")	\
R(AUTH_TWICE,	503, "5.5.1", "You are logged in; go on with MAIL")	\
R(TLS_TWICE,	503, "5.5.1", "This line is encrypted; go on with EHLO")	\
R(TLS_NONE,	503, "5.5.1", "TLS is not offered in this session; go on without it")	\
R(MECHANISM,	504, "5.5.4", "That way of logging in is not offered; say AUTH and one of: $")	\
R(NO_MECHANISM,	504, "5.5.4", "No account has what it takes to log in; ask the administrator to set a password")	\
	\
R(TLS_FIRST,	530, "5.7.0", "This port wants encryption; say STARTTLS, then EHLO again")	\
R(TLS_MISSING,	530, "5.7.0", "This port wants encryption, and there is no certificate for it; the administrator can run: postrider tls make-cert")	\
R(TLS_LATER,	530, "5.7.0", "This port wants encryption, which is not possible now; please connect again later")	\
R(AUTH_FIRST,	530, "5.7.0", "Log in before sending mail; say AUTH and one of the mechanisms that EHLO lists")	\
R(TLS_AUTH_FIRST, 530, "5.7.0", "Log in before sending mail; say STARTTLS, then EHLO again and AUTH")	\
R(PORT_FIRST,	530, "5.7.0", "Log in before sending mail; for that, connect with TLS on port 465")	\
R(CERT_FIRST,	530, "5.7.0", "Log in before sending mail, which takes encryption, and there is no certificate for it; the administrator can run: postrider tls make-cert")	\
R(TIME_FIRST,	530, "5.7.0", "Log in before sending mail, which takes encryption and is not possible now; please connect again later")	\
R(AUTH_WRONG,	535, "5.7.8", "User name or password is wrong")	\
R(NEEDS_TLS,	538, "5.7.11", "No login on an unencrypted line; say STARTTLS, then EHLO again and AUTH")	\
R(NEEDS_PORT,	538, "5.7.11", "No login on an unencrypted line; connect with TLS on port 465")	\
R(NEEDS_CERT,	538, "5.7.11", "No login on an unencrypted line, and there is no certificate for another; the administrator can run: postrider tls make-cert")	\
R(NEEDS_TIME,	538, "5.7.11", "No login on an unencrypted line, and TLS is not possible now; please connect again later")	\
R(NO_USER,	550, "5.1.1", "There is no such mailbox here; check the spelling of the address")	\
R(NO_RELAY,	550, "5.7.1", "Mail for that domain is not taken here; log in first, or send it through your own provider")	\
R(ONLY_REPORTS,	550, "5.7.1", "That is a return address, and only reports go there, with MAIL FROM:<>; write to the sender's own address")	\
R(EMPTY_LIST,	550, "5.2.4", "That list has no members")	\
R(LIST_WIDE,	550, "5.6.7", "That list has members whose addresses are not ASCII; say EXPN with SMTPUTF8 behind it")	\
R(NO_LIST,	550, "5.1.1", "That is not the name of a list here")	\
R(BARE,		550, "5.6.11", "The message has lone CR or LF characters; lines must end in CRLF; please mend the sending program")	\
R(TOO_BIG,	552, "5.3.4", "The message is too big: $ bytes is the limit; send less, or in parts")	\
R(HEADER_BIG,	552, "5.3.4", "The header of the message is too big: $ bytes is the limit")	\
R(NOT_OWNER,	553, "5.7.1", "You may not send as $; use an address of your own")	\
R(SENDER_WIDE,	553, "5.6.7", "That sender is not ASCII; say MAIL with SMTPUTF8, or use another sender address")	\
R(RCPT_WIDE,	553, "5.6.7", "That recipient is not ASCII; say MAIL with SMTPUTF8, or use another recipient address")	\
R(SENDER_UTF8,	553, "5.6.7", "That sender is neither ASCII nor UTF-8; write it in UTF-8")	\
R(RCPT_UTF8,	553, "5.6.7", "That recipient is neither ASCII nor UTF-8; write it in UTF-8")	\
R(NOT_SMTP,	554, "5.5.1", "This is a mail server and speaks SMTP; closing")	\
R(TLS_HELLO,	554, "5.5.1", "This port begins without TLS; $; closing")	\
R(LOOP,		554, "5.4.6", "The message has passed $ or more hosts: it goes in a circle")	\
R(DELIVERED,	554, "5.4.6", "The message has been delivered there before, as its header says: it goes in a circle")	\
R(PARAM_UNKNOWN, 555, "5.5.4", "Parameter $ is not known here; leave it out")

enum reply {
#define R(name, code, dsn, words)	REPLY_##name,
	REPLIES(R)
#undef R
	REPLY_COUNT
};

struct reply_row {
	unsigned int	 code;
	const char	*dsn;
	const char	*words;
};

extern const struct reply_row	replies[REPLY_COUNT];

/* clang-format on */

/*
 * One line with CRLF and a NUL; returns its length without the NUL.  arg goes
 * in for "$" and may be NULL; what is not printable ASCII in it becomes '?'.
 */
size_t reply_format(enum reply, const char *arg, char out[REPLY_MAX + 1]);

/*
 * The same for a failure told by another program: its enhanced code decides
 * the code.
 */
size_t reply_diag(const struct diag *, char out[REPLY_MAX + 1]);

/*
 * The same for what the administrator has written, "5.1.1 text": 550, or 450
 * when it begins with 4.
 */
size_t reply_refusal(const char *error, char out[REPLY_MAX + 1]);

/* Puts a failure's row into a diag, where the first one stays. */
void reply_to_diag(enum reply, const char *arg, struct diag *);

#endif
