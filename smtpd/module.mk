PROGS	+= smtpd/smtpd

LIBS_smtpd/smtpd	= $(STATIC) -lcdb -lbsd -lmd
