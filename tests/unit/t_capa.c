/*
 * t_capa: what is offered, with passwords allowed here and without.
 */
#include "tests/unit/talk.h"

#include "pop3d/capa.h"

static void
capabilities(void **state)
{
	(void)state;
	talk_start("");
	capa_reply(&client, true);
	talk_expect("+OK Capability list follows\r\nTOP\r\nUSER\r\n"
		    "SASL PLAIN LOGIN\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
		    "PIPELINING\r\nUIDL\r\nEXPIRE NEVER\r\n"
		    "IMPLEMENTATION Postrider\r\n.\r\n");
	/* Neither way in is offered where a password must not cross. */
	capa_reply(&client, false);
	talk_expect("+OK Capability list follows\r\nTOP\r\n"
		    "RESP-CODES\r\nAUTH-RESP-CODE\r\n"
		    "PIPELINING\r\nUIDL\r\nEXPIRE NEVER\r\n"
		    "IMPLEMENTATION Postrider\r\n.\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
