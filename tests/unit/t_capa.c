/*
 * t_capa: what is offered, and to whom.
 */
#include "tests/unit/talk.h"

#include "pop3d/capa.h"

#define BEFORE "+OK Capability list follows\r\nTOP\r\n"
#define BEHIND                                                                 \
	"RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n"               \
	"EXPIRE NEVER\r\nIMPLEMENTATION Postrider\r\n.\r\n"

static void
capabilities(void **state)
{
	static const struct {
		struct capa capa;
		const char *heard;
	} rows[] = {
		{ { "PLAIN LOGIN", false },
		    BEFORE "USER\r\nSASL PLAIN LOGIN\r\n" BEHIND },
		{ { "SCRAM-SHA-256 PLAIN", true },
		    BEFORE "USER\r\nSASL SCRAM-SHA-256 PLAIN\r\n"
			   "STLS\r\n" BEHIND },
		/* No password may cross: USER would make it do so. */
		{ { "SCRAM-SHA-256", true },
		    BEFORE "SASL SCRAM-SHA-256\r\nSTLS\r\n" BEHIND },
		{ { "", true }, BEFORE "STLS\r\n" BEHIND },
		{ { "", false }, BEFORE BEHIND },
	};

	(void)state;
	talk_start("");
	for (size_t i = 0; i < COUNT(rows); i++) {
		capa_reply(&client, &rows[i].capa);
		talk_expect(rows[i].heard);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
