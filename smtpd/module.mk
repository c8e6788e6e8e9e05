PROGS	+= smtpd/smtpd

# A session starts for every connection: only libc is looked up at run time.
LIBS_smtpd/smtpd	= -Wl,-Bstatic -lcdb -lbsd -lmd -Wl,-Bdynamic
