# A session starts for every connection: nothing is looked up, mapped or bound
# at run time.  The sanitizers have no static form.
ifndef SAN
STATIC	= -static-pie
endif

PROGS	+= common/postriderd common/authd common/tlsd common/dnsd \
	   common/mapd

LIBS_common/postriderd	= -lcdb -lbsd -levent_core
LIBS_common/authd	= -lcdb -lmd -lbsd -levent_core -lgsasl -lcrypt -lidn2
# The same libevent that libunbound uses.
LIBS_common/dnsd	= -lcdb -lbsd -levent -lunbound
LIBS_common/mapd	= -lcdb -lbsd -levent_core
LIBS_common/tlsd	= -lcdb -lbsd -levent_core -lssl -lcrypto
