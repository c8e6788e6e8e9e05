PROGS	+= delivery/local delivery/remote

LIBS_delivery/local	= -lcdb -lbsd
LIBS_delivery/remote	= -lcdb -lbsd
