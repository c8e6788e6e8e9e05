PROGS	+= common/postriderd common/authd

LIBS_common/postriderd	= -lcdb -lbsd -levent_core
LIBS_common/authd	= -lcdb -lbsd -levent_core -lgsasl -lcrypt
