PROGS	+= delivery/local

LIBS_delivery/local	= -lcdb -lbsd
