PROGS	+= queue/queued queue/bounce queue/postrider queue/sendmail
SCRIPTS	+= etc/lab etc/lab-functions etc/lab-setup etc/lab-keeper \
	   etc/lab-demo

LIBS_queue/queued	= -lcdb -lbsd -levent_core -lpthread
LIBS_queue/bounce	= -lcdb -lbsd
# It makes the verifiers that authd compares with, and so needs what makes them,
# as only authd does besides: crypt(3), and GNU SASL for the words of SCRAM
# ("user add", "user passwd").  With libcrypto it makes and judges certificates.
LIBS_queue/postrider	= -lcdb -lbsd -lcrypt -ljson-c -lgsasl -lidn2 \
			  -lcrypto
LIBS_queue/sendmail	= -lcdb -lbsd
