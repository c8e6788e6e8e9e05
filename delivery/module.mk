PROGS	+= delivery/local delivery/pipe delivery/remote

LIBS_delivery/local	= -lcdb -lbsd
LIBS_delivery/pipe	= -lcdb -lbsd
LIBS_delivery/remote	= -lcdb -lbsd
