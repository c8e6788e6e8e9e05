PROGS	+= smtpd/smtpd

LIBS_smtpd/smtpd	= $(STATIC) -lcdb -lidn2 -lunistring -lbsd -lmd
