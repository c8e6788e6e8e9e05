PROGS	+= smtpd/smtpd

LIBS_smtpd/smtpd	= -lcdb -lbsd
