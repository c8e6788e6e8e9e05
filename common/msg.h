/*
 * msg: typed messages between the suite's processes.
 *
 * A channel is declared once, in a header common/msg_CHANNEL.h, as an
 * X-macro list.  Structs, encoders, decoders, names and the table that says
 * who may send what in which state are generated from it, so that the two
 * ends cannot disagree.
 *
 * On the wire (SOCK_SEQPACKET keeps the boundaries): u16 type, then the fields
 * in order; numbers big-endian, strings and byte fields u16-counted.  A string
 * over its bound or with a NUL inside, a short message and trailing bytes are
 * breaches.
 */
/* clang-format off */
#ifndef COMMON_MSG_H
#define COMMON_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
	uint8_t	*p;	/* next byte */
	size_t	 left;	/* bytes from there on */
	bool	 bad;	/* sticky */
};

void	 wire_put_u32(struct wire *, uint32_t);
void	 wire_get_u32(struct wire *, uint32_t *);
void	 wire_put_u64(struct wire *, uint64_t);
void	 wire_get_u64(struct wire *, uint64_t *);
void	 wire_put_str(struct wire *, const char *, size_t bound);
void	 wire_get_str(struct wire *, char *, size_t bound);
void	 wire_put_bytes(struct wire *, const uint8_t *, uint32_t n,
	    size_t bound);
void	 wire_get_bytes(struct wire *, uint8_t *, uint32_t *n, size_t bound);

typedef uint32_t	msg_u32;
typedef uint64_t	msg_u64;

/*
 * Fields: F(u32, name), F(u64, name); S(name, bound) a string of at most
 * bound bytes; B(name, bound) bytes with their count in name_len.
 */
#define MSG_STRUCT_F(kind, name)	msg_##kind name;
#define MSG_STRUCT_S(name, bound)	char name[(bound) + 1];
#define MSG_STRUCT_B(name, bound)	uint32_t name##_len;		\
					uint8_t name[bound];
#define MSG_PUT_F(kind, name)		wire_put_##kind(w, m->name);
#define MSG_PUT_S(name, bound)		wire_put_str(w, m->name, bound);
#define MSG_PUT_B(name, bound)						\
	wire_put_bytes(w, m->name, m->name##_len, bound);
#define MSG_GET_F(kind, name)		wire_get_##kind(w, &m->name);
#define MSG_GET_S(name, bound)		wire_get_str(w, m->name, bound);
#define MSG_GET_B(name, bound)						\
	wire_get_bytes(w, m->name, &m->name##_len, bound);

/* One row of a channel; see chan.h. */
struct msg_spec {
	const char	*name;
	unsigned int	 side;		/* who may send it */
	unsigned int	 states;	/* bits: when */
	unsigned int	 next;		/* state afterwards; 0: the same */
	void		(*put)(struct wire *, const void *);
	void		(*get)(struct wire *, void *);
};

struct msg_channel {
	const char		*name;
	const struct msg_spec	*specs;
	size_t			 count;
	size_t			 size;	/* of the union of all structs */
	unsigned int		 start;	/* first state */
};

/*
 * A message: M(TYPE, name, FIELDS, SIDE, states, next).  MSG_DECLARE makes
 * struct msg_CHANNEL_NAME; MSG_DEFINE its put and get functions;
 * MSG_SPEC its row.
 */
#define MSG_DECLARE(chan_name, FIELDS)					\
	struct msg_##chan_name {					\
		FIELDS(MSG_STRUCT_F, MSG_STRUCT_S, MSG_STRUCT_B)	\
	};

#define MSG_DEFINE(chan_name, FIELDS)					\
	static void							\
	put_##chan_name(struct wire *w, const void *v)			\
	{								\
		const struct msg_##chan_name *m = v;			\
		(void)w;						\
		(void)m;						\
		FIELDS(MSG_PUT_F, MSG_PUT_S, MSG_PUT_B)			\
	}								\
	static void							\
	get_##chan_name(struct wire *w, void *v)			\
	{								\
		struct msg_##chan_name *m = v;				\
		(void)w;						\
		(void)m;						\
		FIELDS(MSG_GET_F, MSG_GET_S, MSG_GET_B)			\
	}

#define MSG_SPEC(chan_name, text, side, states, next)			\
	{ text, side, states, next, put_##chan_name, get_##chan_name },

/* A message without fields still needs a member: F(u32, zero). */
#define MSG_EMPTY(F, S, B)	F(u32, zero)

/* Bounds that several channels share, in bytes. */
#define ADDR_MAX	320	/* 64 "@" 255, RFC 5321 4.5.3.1 */
#define ENVID_MAX	100	/* as xtext, RFC 3461 4.4 */
#define ORCPT_MAX	500	/* as xtext, RFC 3461 4.2 */
#define ID_MAX		20	/* a message id */
#define DSN_MAX		11	/* as DSN_LEN */
#define LOGIN_MAX	ADDR_MAX
#define IP_MAX		63	/* "192.0.2.1" or an IPv6 text form */
#define MBOX_MAX	700	/* relative path of a Maildir */
#define OFFERED_MAX	119	/* a list of SASL mechanisms */
#define TEXT_MAX	200	/* as DIAG_TEXT */
#define MSG_MAX		16384	/* a whole encoded message */

#define MSG_NO_UID	UINT32_MAX

#endif
