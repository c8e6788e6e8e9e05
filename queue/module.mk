PROGS	+= queue/queued queue/bounce queue/postrider queue/sendmail
SCRIPTS	+= etc/lab etc/lab-functions etc/lab-setup etc/lab-keeper \
	   etc/lab-demo

LIBS_queue/queued	= -lcdb -lbsd -levent_core -lpthread
LIBS_queue/bounce	= -lcdb -lbsd
LIBS_queue/postrider	= -lcdb -lbsd -lcrypt -ljson-c -lgsasl \
			  -lcrypto
LIBS_queue/sendmail	= -lcdb -lbsd
